"""What a waveform's canvas shows: pixels counted by colour, the stretch in sight, recordings to look at."""

from __future__ import annotations

from typing import Any

from support.recordings import Script

PLOT = ".qaw-plot"

# How many pixels of a canvas, or of a box of it in CSS pixels, are near a colour.
COUNT_COLOUR = """([selector, [r, g, b], near, box]) => {
  const canvas = document.querySelector(selector);
  if (!canvas.clientWidth) return 0;
  const scale = canvas.width / canvas.clientWidth;
  const whole = [0, 0, canvas.clientWidth, canvas.clientHeight];
  const [x, y, w, h] = (box ?? whole).map((v) => Math.round(v * scale));
  const { data } = canvas.getContext('2d').getImageData(x, y, w, h);
  let count = 0;
  for (let k = 0; k < data.length; k += 4) {
    const away = Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b);
    if (data[k + 3] > 200 && away < near) count += 1;
  }
  return count;
}"""

# The texts drawn on canvases from now on, each with its font, its colour and where it stands.
NOTE_TEXTS = """() => {
  window.drawnTexts = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const at = this.getTransform().transformPoint(new DOMPoint(x, y));
    window.drawnTexts.push({ text, font: this.font, colour: this.fillStyle, x: at.x, y: at.y });
    return fillText.call(this, text, x, y, ...rest);
  };
}"""

WAVE = (0x7B, 0x8F, 0xA6)
DARK_WAVE = (0x8E, 0xA4, 0xBB)
WAIT = (0xD9, 0x82, 0x00)
DECODE = (0xA3, 0x48, 0x0F)
ALARM = (0xC9, 0x25, 0x2D)
TURN = (0x0A, 0x6E, 0xD1)
DARK_TURN = (0x58, 0xA6, 0xFF)
SERVICE = (0x0B, 0x7A, 0x53)
REFERENCE = (0x6B, 0x5B, 0x95)
SCORE = (0x1F, 0x77, 0xA8)

Box = tuple[float, float, float, float]


def painted(
    page: Any, colour: tuple[int, int, int], selector: str = f"{PLOT} canvas", box: Box | None = None
) -> int:
    """Count the pixels of a canvas that have a colour; ``box`` is x, y, width, height in CSS pixels."""
    return int(page.evaluate(COUNT_COLOUR, [selector, colour, 12, box]))


def shown_range(page: Any) -> tuple[float, float]:
    """Return the share of the whole that the overview's window marks: its left and its width."""
    window = page.locator(".qaw-overview-window")
    left, width = window.evaluate("(e) => [e.style.left, e.style.width].map(parseFloat)")
    return left / 100, width / 100


def cursor(page: Any) -> float:
    """Return the seconds at which the cursor stands."""
    return float(page.locator(PLOT).get_attribute("aria-valuenow"))


def conversation(**info: Any) -> Script:
    """Four turns in 26 s: the second in Chinese, the third with markup, the fourth without words."""
    script = Script(26.0, **info)
    script.turn("a", 1.1, 5.2, "So the first thing is the waveform.", partials=[(0.6, "", "so")])
    script.turn("b", 6.3, 9.6, "每一条蓝色的带子就是一段话。", partials=[(0.5, "", "每")], language="zh")
    script.turn("c", 10.9, 16.4, "<img src=x onerror=window.hacked=1> as text", decode=0.9)
    script.turn("d", 18.0, 21.5, "")
    return script


def a_minute(count: int = 12) -> Script:
    """A minute of speech: so many turns, each of some nine words."""
    script = Script(60.0)
    for k in range(count):
        onset = 60 / count * k + 0.4
        text = f"{k + 1}: some eight or nine words in every single turn"
        script.turn(f"t{k}", onset, onset + 0.6 * 60 / count, text, partials=[(0.5, "", "some")])
    return script
