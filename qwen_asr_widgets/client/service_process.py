"""The process of the embedded service: a child on loopback that lives no longer than its parent."""

from __future__ import annotations

import atexit
import json
import logging
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from functools import partial
from pathlib import Path
from typing import IO, Any

from ..errors import ConnectFailed, EndpointError, MissingDependency
from ..protocol.quirks import NO_QUIRKS, Quirks
from .keys import KEY_VARIABLE, Secret

logger = logging.getLogger("qwen_asr_widgets")

START_SECONDS = 60.0
"""Seconds the child may take until it listens; a cold machine loads it from disk."""

SAID_SECONDS = 2.0
"""Seconds for which the last words of a child that has ended are waited for, at most."""


class ServiceProcess:
    """One child process that serves; thread-safe.

    Key and options go over its standard input, whose end (also when this process dies) ends it. It leads a
    process group of its own, so Ctrl-C in the terminal does not reach it.

    Parameters
    ----------
    recognizer : str
        Name of the recogniser.
    options : str
        Its options, as JSON.
    start_seconds : float
        Seconds it may take until it listens.
    command : sequence of str or None
        What to run; None is the embedded service.
    quirks : Quirks
        What it does otherwise than the documentation says.
    secrets : Secret
        Options that are secret, as JSON.
    """

    def __init__(
        self, recognizer: str, options: str = "{}", start_seconds: float = START_SECONDS,
        command: tuple[str, ...] | None = None, quirks: Quirks = NO_QUIRKS, secrets: Secret = Secret(""),
    ) -> None:
        self._command = command or (sys.executable, "-m", "qwen_asr_widgets.service")
        self._start_seconds = start_seconds
        self._recognizer = recognizer
        self._options = options
        self._quirks = quirks
        self._secrets = secrets
        self._key = ""
        self._port = 0
        self._engine = ""
        self._child: subprocess.Popen[str] | None = None
        self._said: deque[str] = deque(maxlen=30)
        self._holders = 0
        self._started_by_holder = False
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<ServiceProcess {self._recognizer} port={self._port} running={self.running}>"

    @property
    def key(self) -> str:
        """The key it accepts; a new one for each start."""
        return self._key

    @property
    def engine(self) -> str:
        """What recognises, as the process told when it started."""
        return self._engine

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.pid is not None

    def start(self) -> int:
        """Start it unless it runs, and return its port."""
        with self._lock:
            if not self.running:
                self.stop()
                self._launch()
            return self._port

    def hold(self) -> None:
        """Start it for a ``with`` block."""
        with self._lock:
            if not self._holders:
                self._started_by_holder = not self.running
            self.start()
            self._holders += 1

    def release(self) -> None:
        """Leave a ``with`` block: the last one ends the process, if the first one started it."""
        with self._lock:
            self._holders -= 1
            if not self._holders and self._started_by_holder:
                self.stop()

    def stop(self) -> None:
        """End it: first by closing its input, then by signals."""
        with self._lock:
            child, self._child = self._child, None
            if child is None:
                return
            _close(child.stdin)
            for number in (None, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
                if number is not None:
                    _signal_group(child, number)
                try:
                    child.wait(3.0)
                    break
                except subprocess.TimeoutExpired:
                    logger.warning("the embedded service (process %d) is slow to end", child.pid)

    def forget(self) -> None:
        """In a forked child: let go of the parent's process without ending it."""
        child, self._child = self._child, None
        self._lock = threading.RLock()
        if child is not None:
            _close(child.stdin)
            child.returncode = 0

    def _launch(self) -> None:
        self._key = secrets.token_urlsafe(24)
        self._said = deque(maxlen=30)
        self._child = child = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8", errors="replace", env=_environment(), start_new_session=True,
        )
        assert child.stdin and child.stdout and child.stderr
        answers: queue.Queue[str] = queue.Queue()
        errors = _listen(child.stderr, self._said.append)
        _listen(child.stdout, answers.put, at_end=partial(_reap, child, answers))
        try:
            child.stdin.write(self._greeting())
            child.stdin.flush()
            answer = json.loads(answers.get(timeout=self._start_seconds))
            if "port" in answer:
                self._port, self._engine = int(answer["port"]), str(answer.get("engine", ""))
                return
        except (OSError, queue.Empty, ValueError, TypeError) as problem:
            self.stop()
            errors.join(SAID_SECONDS)
            raise self._failure(child, slow=isinstance(problem, queue.Empty)) from None
        self.stop()
        sentence = str(answer.get("error") or "The embedded service gave no port.")
        kind = MissingDependency if answer.get("kind") == "MissingDependency" else EndpointError
        raise kind(sentence)

    def _greeting(self) -> str:
        options = {**json.loads(self._options), **self._secret_options}
        return json.dumps({
            "key": self._key, "recognizer": self._recognizer, "options": options, "quirks": self._quirks.told,
        }) + "\n"

    @property
    def _secret_options(self) -> dict[str, str]:
        return json.loads(self._secrets.reveal() or "{}")

    def _failure(self, child: subprocess.Popen[str], slow: bool) -> ConnectFailed:
        what = (
            f"did not listen within {self._start_seconds:g} s" if slow
            else f"ended with code {child.returncode} before it listened"
        )
        said = "".join(self._said).strip()
        for key in (self._key, *self._secret_options.values()):
            said = said.replace(key, "<key>") if key else said
        return ConnectFailed(f"The embedded service {what}." + (f" It said:\n{said}" if said else ""))


def _listen(stream: IO[str], take: Any, at_end: Any = None) -> threading.Thread:
    """Read a child's stream to its end, so that it never fills up; return the thread that does."""

    def run() -> None:
        with stream:
            for line in stream:
                take(line)
        if at_end is not None:
            at_end()

    thread = threading.Thread(target=run, name="qwen-asr-service-output", daemon=True)
    thread.start()
    return thread


def _reap(child: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
    """At the end of a child's output, wait for it: a service that somebody has killed is then no zombie."""
    answers.put("")
    child.wait()


def _environment() -> dict[str, str]:
    """Return the child's environment: it finds this very package, not what lies about, and no cloud key."""
    environment = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
    home = str(Path(__file__).resolve().parents[2])
    paths = [home, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    environment["PYTHONSAFEPATH"] = "1"
    return environment


def _close(stream: IO[str] | None) -> None:
    try:
        if stream is not None:
            stream.close()
    except OSError:
        logger.debug("the input of the embedded service had already ended")


def _signal_group(child: subprocess.Popen[str], number: int) -> None:
    """Signal the child's whole group, so that its workers end too."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, number)
        else:
            child.terminate()
    except ProcessLookupError:
        logger.debug("process %d had already ended", child.pid)


_registry: dict[tuple[str, str, Quirks, Secret], ServiceProcess] = {}
_registry_lock = threading.Lock()


def shared_process(
    recognizer: str, options: str, quirks: Quirks, secrets: Secret = Secret("")
) -> ServiceProcess:
    """Return the process of all endpoints with the same recogniser, options and quirks."""
    with _registry_lock:
        identity = (recognizer, options, quirks, secrets)
        if identity not in _registry:
            _registry[identity] = ServiceProcess(recognizer, options, quirks=quirks, secrets=secrets)
        return _registry[identity]


def _stop_all() -> None:
    for process in list(_registry.values()):
        process.stop()


def _forget_all() -> None:
    """After a fork the child starts services of its own; the parent's stay the parent's."""
    global _registry_lock
    _registry_lock = threading.Lock()
    for process in _registry.values():
        process.forget()
    _registry.clear()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
