"""How soon and at what cost the microphone's sound reaches the kernel, beside a bare anywidget uplink.

The peer sends as many bytes as often and does nothing with them: what no uplink can do without.
Both run in JupyterLab in one Chromium, one after the other, for as long.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.lab_bench import lab_page  # noqa: E402
from support.notebook_page import NotebookPage  # noqa: E402

from qwen_asr_widgets.audio.samples import sample  # noqa: E402

SECONDS = 20

MICROPHONE = """
import time
import anywidget
from qwen_asr_widgets.widgets.microphone.microphone import Microphone
from qwen_asr_widgets.widgets.shared.comm import free_of_subshell
mic = Microphone()
stamps = []
mic.on_msg(lambda _, content, buffers: content["kind"] == "chunk" and stamps.append(
    (content["sent"] / 1000, time.time(), time.process_time())))
mic
"""

BARE = '''
class Bare(anywidget.AnyWidget):
    _esm = """
    export default { render({ model, el }) {
      const button = document.createElement('button');
      button.textContent = 'Send';
      button.onclick = () => setInterval(() => model.send(
        { sent: performance.timeOrigin + performance.now() }, undefined, [new ArrayBuffer(9600)]), 100);
      el.append(button);
    } };
    """
bare = Bare()
free_of_subshell(bare)
bare_stamps = []
bare.on_msg(lambda _, content, buffers: bare_stamps.append(
    (content["sent"] / 1000, time.time(), time.process_time())))
bare
'''


def measured(stamps: list[list[float]]) -> tuple[float, float, float]:
    """Return the median and the 95th percentile of the way in ms, and the share of a core."""
    sent, received, cpu = np.array(stamps).T
    way = 1e3 * (received - sent)
    share = 100 * (cpu[-1] - cpu[0]) / (received[-1] - received[0])
    return float(np.median(way)), float(np.percentile(way, 95)), float(share)


def run(notebook: NotebookPage) -> tuple[list[list[float]], list[list[float]]]:
    """Record, then let the peer send."""
    page = notebook.open("uplink", [MICROPHONE, BARE])
    page.locator(".qaw-mic-record").click()
    page.wait_for_timeout(1_000 * SECONDS)
    page.locator(".qaw-mic-record").click()
    page.locator(".qaw-mic-record[data-phase=idle]").wait_for()
    page.get_by_role("button", name="Send").click()
    page.wait_for_timeout(1_000 * SECONDS)
    return notebook.evaluate("stamps"), notebook.evaluate("bare_stamps")


def main() -> None:
    """Print the table."""
    with lab_page(sample("conversation").clip) as notebook:
        ours, bare = map(measured, run(notebook))
    print(f"Microphone -> kernel over {SECONDS} s, 10 chunks a second; the peer is a bare anywidget uplink")
    print(f"{'':24}{'Microphone':>12}{'bare':>12}{'ratio':>8}")
    for name, mine, peer in zip(("way, median (ms)", "way, p95 (ms)", "kernel (% of a core)"), ours, bare):
        print(f"{name:24}{mine:12.2f}{peer:12.2f}{mine / peer:8.2f}")


if __name__ == "__main__":
    main()
