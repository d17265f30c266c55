"""The embedded service as a child process: ``python -m qwen_asr_widgets.service``.

Reads one JSON line from stdin, ``{"key": …, "recognizer": …, "options": {…}, "quirks": {…}}``, where only the
key must be; answers with one on stdout, ``{"port": N, "engine": …}`` or ``{"error": …, "kind": …}`` (the
sentence also goes to stderr; the kind is the name of the error's class); ends when stdin ends. So the key is
in no argument and in no variable.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from ..errors import QawError
from ..protocol.quirks import Quirks
from .operation.access import Access
from .server import Service
from .workers.pool import MOST_SESSIONS

Answer = Callable[[dict[str, Any]], None]
"""Writes one JSON line to the parent."""


async def _run(settings: dict[str, Any], answer: Answer) -> int:
    """Serve until stdin ends; return the exit code."""
    parent_gone = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        while os.read(0, 4_096):
            pass
        loop.call_soon_threadsafe(parent_gone.set)

    try:
        service = await Service.start(
            Access.by_key(settings["key"]), settings.get("recognizer"), settings.get("options"),
            port=settings.get("port", 0), quirks=Quirks.of(quirks=settings.get("quirks")),
            sessions=settings.get("sessions", MOST_SESSIONS), workers=settings.get("workers"),
        )
    except (QawError, OSError) as problem:
        return _fail(answer, str(problem), type(problem).__name__, 1)
    threading.Thread(target=wait_for_end, name="stdin", daemon=True).start()
    answer({"port": service.port, "engine": service.engine})
    await parent_gone.wait()
    await service.close()
    return 0


def _fail(answer: Answer, sentence: str, kind: str, code: int) -> int:
    """Tell the parent why nothing is served; return the exit code."""
    sys.stderr.write(sentence + "\n")
    answer({"error": sentence, "kind": kind})
    return code


def _first_line() -> bytes:
    """Read stdin byte by byte up to the line's end, so that nothing stays in a buffer."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line


def main() -> None:
    """Read the settings, serve, and leave without waiting for threads."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    try:
        settings = json.loads(_first_line())
        code = asyncio.run(_run(settings, answer))
    except (ValueError, KeyError, TypeError):
        code = _fail(answer, "The first line on stdin must be a JSON object with a key.", "ValueError", 2)
    except (KeyboardInterrupt, BrokenPipeError):
        code = 0
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
