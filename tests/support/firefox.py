"""Firefox as it is installed, spoken to by WebDriver BiDi: Playwright drives only a build of its own."""

from __future__ import annotations

import contextlib
import functools
import http.server
import itertools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import websocket

PREFERENCES = {
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.autoplay.default": 0,
    "media.cubeb.force_mock_context": True,
    "remote.active-protocols": 1,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
}
"""A microphone that plays a tone, allowed without a question, and a loudspeaker that need not be there."""

STARTING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def find_firefox() -> str | None:
    """Return the path of a Firefox, None where there is none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class FirefoxPage:
    """One page; JavaScript runs in it, and what its console complains of is listed.

    Attributes
    ----------
    errors : list of str
    """

    def __init__(self, address: str) -> None:
        self.errors: list[str] = []
        self._numbers = itertools.count(1)
        self._socket = websocket.create_connection(f"{address}/session", timeout=30, suppress_origin=True)
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._context = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, address: str) -> None:
        """Open an address and wait until it has loaded."""
        self._ask("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def evaluate(self, function: str, value: Any = None) -> Any:
        """Call a function of JavaScript with one value, wait for its promise, and return what comes of it."""
        code = f"(async () => JSON.stringify((await ({function})({json.dumps(value)})) ?? null))()"
        target = {"context": self._context}
        said = self._ask("script.evaluate", expression=code, target=target, awaitPromise=True)
        if said["type"] == "exception":
            raise AssertionError(said["exceptionDetails"]["text"])
        return json.loads(said["result"]["value"])

    def close(self) -> None:
        """Let the browser go."""
        self._socket.close()

    def _ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("method") == "log.entryAdded" and said["params"]["level"] == "error":
                self.errors.append(str(said["params"]["text"]))
            if said.get("id") == number:
                if said["type"] == "error":
                    raise AssertionError(f"{method}: {said['message']}")
                return said["result"]


class _Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>blank</title><body></body>")

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def blank_site() -> Iterator[str]:
    """Serve an empty page on this computer, where microphones are allowed, and yield its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[FirefoxPage]:
    """Run a Firefox without a window, with a profile in ``folder``, and yield its page."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [str(find_firefox()), "--headless", "--no-remote", "--profile", str(folder)]
    process = subprocess.Popen(
        [*command, "--remote-debugging-port=0", "about:blank"], stderr=subprocess.PIPE, text=True,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"},
    )
    try:
        page = FirefoxPage(_address(process))
        threading.Thread(target=functools.partial(_drain, process), daemon=True).start()
        yield page
        page.close()
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := STARTING.search(line):
            return found[1]
    raise AssertionError("Firefox ended before it could be spoken to")


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    for _ in process.stderr:
        pass
