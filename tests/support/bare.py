"""A widget's front end on an empty page, without Jupyter: a fake model, real Chromium, milliseconds to open.

What a page shows of a state is tested here; what travels to a kernel and back is tested in a notebook.
"""

from __future__ import annotations

from typing import Any

from support.profiles import ADDRESS, Profile

OPEN = """async ({ esm, css, state }) => {
  document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
  const url = URL.createObjectURL(new Blob([esm], { type: 'text/javascript' }));
  const loaded = (await import(url)).default;
  URL.revokeObjectURL(url);
  const listeners = new Map();
  const changed = new Set();
  const model = {
    widget_manager: window.widgetManager,
    sent: [],
    saved: {}, // traits as the page has set them, for Python
    get: (name) => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = value;
      changed.add(name);
      model.trigger(`change:${name}`);
    },
    save_changes: () => {
      for (const name of changed) model.saved[name] = state[name];
      changed.clear();
    },
    send: (content, callbacks, buffers) => model.sent.push({ content, buffers: buffers ?? [] }),
    on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    off: (name, gone) => listeners.set(name, (listeners.get(name) ?? []).filter((other) => other !== gone)),
    trigger: (name, ...values) => (listeners.get(name) ?? []).forEach((listener) => listener(...values)),
    listeners,
  };
  const widget = typeof loaded === 'function' ? await loaded() : loaded;
  const end = await widget.initialize?.({ model });
  const open = async () => {
    const el = document.body.appendChild(document.createElement('div'));
    const close = await widget.render({ model, el });
    return async () => { await close?.(); el.remove(); };
  };
  window.bare = { model, open, end, views: [await open()] };
}"""


class BarePage:
    """An empty page that shows one widget; its model only notes what was sent.

    Parameters
    ----------
    profile : Profile
    widget : type
        The class whose ``_esm`` and ``_css`` are shown.
    init_script : str
        Runs before the page's own scripts.
    **state
        The traits that the front end reads.
    """

    def __init__(self, profile: Profile, widget: type, init_script: str = "", **state: Any) -> None:
        self.profile = profile
        self.context = profile.context
        self.widget = widget
        self.state = state
        self.errors: list[str] = []
        self.page = profile.new_page(init_script)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def open(self, theme: str | None = None) -> Any:
        """Show the widget (again, after a reload); returns the Playwright page."""
        self.page.goto(ADDRESS)
        if theme:
            light = "true" if theme == "light" else "false"
            ground = "#ffffff" if theme == "light" else "#111111"
            self.page.evaluate(
                "([light, ground]) => { document.body.dataset.jpThemeLight = light;"
                " document.body.style.background = ground; }",
                [light, ground],
            )
        self.show_widget()
        return self.page

    def show_widget(self) -> None:
        """Show the widget, with a model of its own, under what the page shows already."""
        texts = {"esm": str(self.widget._esm), "css": str(self.widget._css), "state": self.state}
        self.page.evaluate(OPEN, texts)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Return the contents of the messages of one kind that were sent to the kernel."""
        found = self.page.evaluate(
            "(kind) => window.bare.model.sent.map((m) => m.content).filter((c) => c.kind === kind)", kind
        )
        return list(found)

    def counters(self) -> dict[str, float]:
        """Count, after a garbage collection, what the page holds: listeners, nodes, timers, running sound.

        Chromium's own ``AudioHandlers`` are left out: it keeps some of closed contexts on any page.
        """
        session = self.context.new_cdp_session(self.page)
        session.send("Performance.enable")
        for _ in range(3):
            session.send("HeapProfiler.collectGarbage")
        metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
        session.detach()
        names = ("JSEventListeners", "Nodes", "AudioWorkletProcessors")
        return {
            **{name: metrics[name] for name in names},
            "timers": self.page.evaluate("window.runningTimers.size"),
            "sounds": self.page.evaluate("window.runningSounds().length"),
        }
