"""What can be measured of a page's looks: contrast, cut-off text, sideways scrolling, touch targets."""

from __future__ import annotations

from typing import Any

LOW_CONTRAST = """([selector, least]) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const colour = rgba(getComputedStyle(element).backgroundColor);
    return colour[3] === 1 ? colour.slice(0, 3) : over(colour, ground(element.parentElement));
  };
  const light = (colour) => colour.map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const low = [];
  for (const element of document.querySelectorAll(`${selector} *`)) {
    const own = [...element.childNodes].filter((node) => node.nodeType === 3);
    const text = own.map((node) => node.data).join('');
    if (!text.trim() || !element.checkVisibility() || element.closest(':disabled')) continue;
    const below = ground(element);
    const ink = over(rgba(getComputedStyle(element).color), below);
    const pair = [light(ink), light(below)].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < least) low.push(`${text.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
  }
  return low;
}"""

CUT_OFF = """(selector) => [...document.querySelectorAll(`${selector}, ${selector} *`)]
  .filter((element) => element.checkVisibility() && !element.closest('.qaw-only-spoken'))
  .filter((element) => element.tagName !== 'SELECT' && !element.closest('[data-scrolls]'))
  .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
    && getComputedStyle(element).display !== 'inline')
  .map((element) => `${element.className}: ${element.textContent.trim().slice(0, 40)}`)"""

SMALL_TARGETS = """(least) => [...document.querySelectorAll('.qaw button, .qaw select, .qaw label')]
  .filter((element) => element.checkVisibility())
  .filter((element) => element.getBoundingClientRect().height < least)
  .map((element) => element.textContent)"""


def low_contrast(page: Any, selector: str = ".qaw", least: float = 4.5) -> list[str]:
    """List the texts whose contrast with their ground is below WCAG AA (4.5:1), or another ratio."""
    return list(page.evaluate(LOW_CONTRAST, [selector, least]))


def cut_off(page: Any, selector: str = ".qaw") -> list[str]:
    """List the elements wider inside than outside (but for those marked ``data-scrolls``)."""
    return list(page.evaluate(CUT_OFF, selector))


def small_targets(page: Any, least: float = 44) -> list[str]:
    """List the controls lower than ``least`` pixels."""
    return list(page.evaluate(SMALL_TARGETS, least))
