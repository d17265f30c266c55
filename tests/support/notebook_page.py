"""A page that runs a notebook in a front end, and the tabs of JupyterLab that tests share."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.jupyter_server import JupyterServer

FAILURES = Path(__file__).parent.parent / "browser" / "failures"

# Messages of the front ends themselves, there with no widget of ours on the page.
FOREIGN = (
    "reading 'schema'",
    "Command 'filebrowser:open-path' not registered",
    "The getter for the shared module is not a function",
    "favicon",
    "@jupyter-widgets/base",
    "was preloaded using link preload",
    "Failed to load resource",
    "Permissions-Policy",
    "webgl",
    "WebGL",
)

FRONT_ENDS = {"lab": "doc/tree", "notebook": "notebooks", "voila": "voila/render"}

WAIT_FOR_KERNEL = """() => {
  const session = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  const kernel = session?.session?.kernel;
  const connected = kernel?.connectionStatus === 'connected';
  return Boolean(session?.isReady && connected && kernel.status === 'idle');
}"""

EVALUATE = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({
    code: 'pass', silent: true, store_history: false, user_expressions: { answer: code },
  });
  const reply = await future.done;
  const answer = reply.content.user_expressions.answer;
  if (answer.status !== 'ok') throw new Error(`${answer.ename}: ${answer.evalue}`);
  return answer.data['text/plain'];
}"""

# Lab fails on its console when a theme is changed before the splash of the change before has gone.
CHANGE_THEME = """async (theme) => {
  await window.jupyterapp.commands.execute('apputils:change-theme', { theme: `JupyterLab ${theme}` });
  while (document.getElementById('jupyterlab-splash')) await new Promise(requestAnimationFrame);
}"""

# A document that is closed by a command asks whether to save it; one that is disposed of does not.
OPEN_NOTEBOOK = """async (path) => {
  const { commands, shell } = window.jupyterapp;
  const opened = await commands.execute('docmanager:open', { path, factory: 'Notebook' });
  shell.activateById(opened.id);
}"""

CLOSE_NOTEBOOK = """async () => {
  const { shell } = window.jupyterapp ?? {};
  await shell?.currentWidget?.sessionContext?.shutdown();
  shell?.currentWidget?.dispose();
}"""
IS_DARK = "document.body.dataset.jpThemeLight === 'false'"

VIEWPORT = {"width": 1000, "height": 700}


class LabTabs:
    """Pages of JupyterLab in one browser profile that stay open from test to test, for its boot takes longer
    than most tests; each test opens a notebook and a kernel of its own in them.
    """

    def __init__(self, context: Any) -> None:
        self.context = context
        self.free: list[Any] = []

    def take(self) -> Any:
        """Return a page that shows JupyterLab without a document, or a new empty one."""
        return self.free.pop() if self.free else self.context.new_page()

    def give_back(self, page: Any) -> None:
        """Keep a page whose document is closed for another test."""
        page.set_viewport_size(VIEWPORT)
        self.free.append(page)


class NotebookPage:
    """A notebook open in a front end, driven by Playwright; remembers what the console said.

    Parameters
    ----------
    server : JupyterServer
    context : playwright BrowserContext
        Closed by `shut_down`, unless it is that of the tabs.
    tabs : LabTabs, optional
        Where pages of JupyterLab come from.
    """

    KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"

    page: Any

    def __init__(self, server: JupyterServer, context: Any, tabs: LabTabs | None = None) -> None:
        self.server = server
        self.context = context
        self.tabs = tabs
        self.console: list[str] = []
        self.errors: list[str] = []
        self._pages: list[tuple[Any, bool]] = []

    def second_page(self) -> Any:
        """Open another, still empty tab in the same browser profile."""
        return self._listen_to(self.context.new_page(), borrowed=False)

    def second_tab(self) -> Any:
        """Open the same notebook in another tab of JupyterLab."""
        page = self._lab_page()
        self._show(page, self.path.name, "lab")
        return page

    def _lab_page(self) -> Any:
        if self.tabs is None:
            return self.second_page()
        return self._listen_to(self.tabs.take(), borrowed=True)

    def _listen_to(self, page: Any, borrowed: bool) -> Any:
        self._pages.append((page, borrowed))
        page.on("console", self._console)
        page.on("pageerror", self._page_error)
        return page

    def _console(self, message: Any) -> None:
        self._heard(message.type, message.text)

    def _page_error(self, error: Any) -> None:
        self._heard("error", f"{error}\n{getattr(error, 'stack', '')}")

    def _heard(self, kind: str, text: str) -> None:
        self.console.append(f"{kind}: {text}")
        if kind == "error" and not any(word in text for word in FOREIGN):
            self.errors.append(text)

    def open(self, name: str, cells: Sequence[str], front_end: str = "lab", kernel: str = "python3") -> Any:
        """Write the notebook, open it in a front end and run it whole; returns the Playwright page."""
        file = self.server.write(name, cells, kernel)
        self.visit(file, front_end)
        if front_end != "voila":
            self.run_all()
        return self.page

    def visit(self, file: str, front_end: str = "lab") -> None:
        """Open a notebook without running it."""
        self.page = self._lab_page() if front_end == "lab" else self.second_page()
        self._show(self.page, file, front_end)

    def exchange(self, file: str) -> None:
        """Close the notebook open in JupyterLab and show another in its place, without running it."""
        self.page.evaluate(CLOSE_NOTEBOOK)
        self._show(self.page, file, "lab")

    def _show(self, page: Any, file: str, front_end: str) -> None:
        if front_end == "lab" and page.evaluate("() => Boolean(window.jupyterapp)"):
            page.evaluate(OPEN_NOTEBOOK, file)
        else:
            address = f"{self.server.url}{FRONT_ENDS[front_end]}/{file}"
            page.goto(address + ("?reset" if front_end == "lab" else ""), wait_until="domcontentloaded")
        if front_end != "voila":
            page.wait_for_function(WAIT_FOR_KERNEL, timeout=60_000, polling=100)

    def run_all(self, wait: bool = True) -> None:
        """Run every cell; without ``wait`` return while they run."""
        command = "window.jupyterapp.commands.execute('notebook:run-all-cells')"
        self.page.evaluate(f"async () => {{ await {command}; }}" if wait else f"() => {{ {command}; }}")

    def change_theme(self, theme: str) -> None:
        """Change JupyterLab's theme to "Light" or "Dark"."""
        self.page.evaluate(CHANGE_THEME, theme)

    def append_cell(self, code: str) -> None:
        """Add a code cell at the end of the open notebook."""
        self.page.evaluate(
            """(source) => {
              const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel;
              cells.addCell({ cell_type: 'code', source });
            }""",
            code,
        )

    def wait_until_idle(self) -> None:
        """Wait until the kernel is connected and runs nothing."""
        self.page.wait_for_function(WAIT_FOR_KERNEL, timeout=60_000, polling=100)

    def evaluate(self, expression: str) -> Any:
        """Evaluate a Python expression in the kernel and return its value (a literal)."""
        text = self.page.evaluate(EVALUATE, f"__import__('json').dumps({expression})")
        return json.loads(ast.literal_eval(text))

    def save(self) -> Path:
        """Save the notebook and return its path."""
        self.page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
        return self.path

    @property
    def path(self) -> Path:
        """The notebook's file."""
        return self.server.notebooks / Path(self.page.url.split("?")[0]).name

    def keep(self, name: str) -> None:
        """Keep a screenshot and the console log of a failed test."""
        FAILURES.mkdir(exist_ok=True)
        (FAILURES / f"{name}.log").write_text("\n".join(self.console), encoding="utf-8")
        for number, (page, _) in enumerate(self._pages):
            page.screenshot(path=FAILURES / f"{name}-{number}.png", full_page=True)

    def shut_down(self, failed: bool = False) -> None:
        """End the kernels of the pages; pages of a failed test are not used again."""
        for page, borrowed in self._pages:
            page.remove_listener("console", self._console)
            page.remove_listener("pageerror", self._page_error)
            with contextlib.suppress(Exception):
                page.evaluate(CLOSE_NOTEBOOK)
                if page.evaluate(IS_DARK):
                    page.evaluate(CHANGE_THEME, "Light")
                if self.tabs is not None and borrowed and not failed:
                    self.tabs.give_back(page)
        if self.tabs is None:
            self.context.close()
            return
        for page in self.context.pages:
            if page not in self.tabs.free:
                page.close()
