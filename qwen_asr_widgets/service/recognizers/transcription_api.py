"""``POST /v1/audio/transcriptions`` of one or several servers: connections, time-outs, retries, dead ones."""

from __future__ import annotations

import io
import json
import logging
import random
import time
import wave
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ...audio.units import SAMPLE_RATE
from ...client.endpoints import is_loopback_host
from ...client.keys import Secret
from ...errors import EndpointError, RecognizerUnavailable
from .transcripts import Transcript, read_transcript

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("qwen_asr_widgets")

MOST_BYTES = 1_000_000
"""Bytes of an answer that are read: a transcript of a minute has some kB."""

CONNECT_SECONDS = 3.0
"""Seconds until a server that does not take the connection counts as dead."""

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Answers after which the same request is worth another try."""

NO_LIST = (404, 405, 501)
"""Answers of a server that does not list its models."""

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 2.0
_SHORTEST_REST, _LONGEST_REST = 1.0, 30.0


class _TransientFailure(Exception):
    """A request failed in a way that another try may heal; ``wait`` seconds are asked for, if any."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass
class ApiServer:
    """One server and how it has fared.

    Parameters
    ----------
    base_url : str
        As far as ``/v1``.
    client : httpx.Client
        Its connections, which are kept.
    rests_until : float
        Monotonic time before which it is left out where another can be asked.
    failures : int
        Failures one after the other, which make that rest longer.
    """

    base_url: str
    client: httpx.Client = field(repr=False)
    rests_until: float = 0.0
    failures: int = 0

    @property
    def name(self) -> str:
        """Host and port."""
        return urlsplit(self.base_url).netloc

    def failed(self, now: float, asked: float | None) -> None:
        """Leave it out for a while, longer each time, and as many seconds as it has asked for."""
        self.failures += 1
        rest = min(_LONGEST_REST, _SHORTEST_REST * 2 ** (self.failures - 1))
        self.rests_until = now + max(rest, asked or 0.0)

    def answered(self) -> None:
        """Use it like any other."""
        self.failures, self.rests_until = 0, 0.0


class TranscriptionServers:
    """Servers of the same model, asked in turn; thread-safe as httpx is.

    Parameters
    ----------
    base_urls : sequence of str
        Each as `checked_url` returns it.
    key : Secret or None
        Sent to each as ``Authorization: Bearer``.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    EndpointError
        The key cannot stand in a header.
    """

    def __init__(
        self, base_urls: Sequence[str], key: Secret | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._key = key
        self._clock = clock
        _check_key(key)
        headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
        self.servers = [ApiServer(url, _client(url, headers)) for url in base_urls]
        self._turn = random.randrange(len(self.servers))  # sessions begin with different ones
        weakref.finalize(self, _close, [server.client for server in self.servers])

    @property
    def name(self) -> str:
        """Hosts and ports."""
        return ", ".join(server.name for server in self.servers)

    def models(self) -> tuple[str, ...]:
        """Return the models that a server offers; empty where it does not tell.

        Raises
        ------
        RecognizerUnavailable
            No server answers, or the first that does refuses the key.
        """
        reasons = []
        for server in self._in_turn():
            try:
                return self._models_of(server)
            except _TransientFailure as problem:
                reasons.append(f"{server.base_url}: {problem}")
        raise RecognizerUnavailable(
            f"No server for transcriptions answers ({'; '.join(reasons)}). Start it, or correct base_url."
        )

    def transcribe(
        self, samples: NDArray[np.int16], fields: Mapping[str, str], seconds: float, tries: int = 4,
        on_text: Callable[[str], None] | None = None,
    ) -> Transcript:
        """Return what a server hears.

        Parameters
        ----------
        samples : array of int16, shape (n,)
            Sound at 16 kHz, sent as WAV.
        fields : Mapping
            Form fields beside the file.
        seconds : float
            Time for all tries together. One server alone may take all of it for one; where there are several,
            each try has half of what is left.
        tries : int
            Requests at most.
        on_text : callable or None
            Is given the growing text; asks the server to stream it (``stream=true``).

        Raises
        ------
        RecognizerUnavailable
            No try succeeded in time, or the request was refused for good.
        """
        end = self._clock() + seconds
        sound, reason = wav(samples), "no try was made"
        for number in range(tries):
            server = next(self._in_turn())
            left = (end - self._clock()) / (2 if len(self.servers) > 1 and number + 1 < tries else 1)
            try:
                text = self._post(server, sound, fields, left, on_text)
            except _TransientFailure as problem:
                server.failed(self._clock(), problem.wait)
                reason = f"{server.base_url}: {problem}"
                log.info("a transcription failed (%s)", reason)
                if not self._wait(number, problem.wait, end):
                    break
            else:
                server.answered()
                return text
        raise RecognizerUnavailable(f"No transcript came within {seconds:g} s; the last try: {reason}.")

    def _wait(self, number: int, asked: float | None, end: float) -> bool:
        """Wait before the next try, unless another server is fresh; return whether there is time for it."""
        now = self._clock()
        if any(server.rests_until <= now for server in self.servers):
            return now < end
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**number) * random.uniform(0.5, 1.0)
        wait = wait if asked is None else asked
        if now + wait >= end:
            return False
        time.sleep(wait)
        return True

    def _in_turn(self) -> Iterator[ApiServer]:
        """Yield the servers, beginning with the one whose turn it is; those that rest come last."""
        now = self._clock()
        first, self._turn = self._turn, (self._turn + 1) % len(self.servers)
        ring = self.servers[first:] + self.servers[:first]
        yield from sorted(ring, key=lambda server: max(0.0, server.rests_until - now))

    def _models_of(self, server: ApiServer) -> tuple[str, ...]:
        with self._answer(server, "GET", "/models", 2 * CONNECT_SECONDS, allowed=NO_LIST) as answer:
            if answer.status_code >= 400:
                return ()
            listed = _json(self._body(answer, self._clock() + CONNECT_SECONDS)).get("data")
        models = [one.get("id") for one in listed] if isinstance(listed, list) else []
        return tuple(name for name in models if isinstance(name, str))

    def _post(
        self, server: ApiServer, sound: bytes, fields: Mapping[str, str], seconds: float,
        on_text: Callable[[str], None] | None,
    ) -> Transcript:
        form = {**fields, **({"stream": "true"} if on_text is not None else {})}
        end = self._clock() + seconds
        request: dict[str, Any] = {"data": form, "files": {"file": ("speech.wav", sound, "audio/wav")}}
        with self._answer(server, "POST", "/audio/transcriptions", seconds, **request) as answer:
            if "event-stream" in answer.headers.get("content-type", ""):
                return read_transcript(_streamed(self._lines(answer, end), on_text or _ignore))
            body = _json(self._body(answer, end))
        if not isinstance(body.get("text"), str):
            raise _TransientFailure("its answer holds no text")
        language = body.get("language")
        return read_transcript(body["text"], language if isinstance(language, str) else None)

    @contextmanager
    def _answer(
        self, server: ApiServer, method: str, path: str, seconds: float, allowed: Sequence[int] = (),
        **request: Any,
    ) -> Iterator[httpx.Response]:
        """Send a request; yield its unread answer; raise where it failed or its status is not ``allowed``."""
        import httpx

        end = self._clock() + seconds
        limits = httpx.Timeout(max(0.05, seconds), connect=max(0.05, min(CONNECT_SECONDS, seconds)))
        try:
            url = f"{server.base_url}{path}"
            with server.client.stream(method, url, timeout=limits, **request) as answer:
                if answer.status_code in TRANSIENT:
                    raise _TransientFailure(f"HTTP {answer.status_code}", _asked_wait(answer))
                if answer.status_code >= 300 and answer.status_code not in allowed:
                    raise RecognizerUnavailable(self._refused(server, answer, end))
                yield answer
        except httpx.TimeoutException:
            raise _TransientFailure(f"no answer within {seconds:.2g} s") from None
        except (httpx.HTTPError, httpx.StreamError) as problem:
            raise _TransientFailure(f"{type(problem).__name__}: {self._hidden(str(problem))}") from None

    def _refused(self, server: ApiServer, answer: httpx.Response, end: float) -> str:
        """Return a sentence for a request that no other try heals."""
        status = answer.status_code
        if status in (401, 403):
            return f"{server.name} does not accept the key (HTTP {status}): pass api_key=… to embedded()."
        if 300 <= status < 400:
            return f"{server.base_url} redirects (HTTP {status}): give the address it leads to."
        said = self._hidden(_message(self._body(answer, end)))
        return f"{server.base_url} refuses the transcription (HTTP {status}): {said}"

    def _hidden(self, text: str) -> str:
        """Return a text of a server without the key, should it repeat that."""
        return text.replace(self._key.reveal(), "<key>") if self._key else text

    def _body(self, answer: httpx.Response, end: float) -> bytes:
        return b"".join(self._bounded(answer, end))

    def _lines(self, answer: httpx.Response, end: float) -> Iterator[str]:
        """Yield the lines of an answer, each as soon as it is there."""
        rest = b""
        for part in self._bounded(answer, end):
            *lines, rest = (rest + part).split(b"\n")
            yield from (line.decode("utf-8", "replace") for line in lines)
        yield rest.decode("utf-8", "replace")

    def _bounded(self, answer: httpx.Response, end: float) -> Iterator[bytes]:
        """Yield the bytes of an answer while there is time and they are not too many."""
        size = 0
        for part in answer.iter_bytes():
            size += len(part)
            if size > MOST_BYTES:
                raise _TransientFailure(f"its answer is longer than {MOST_BYTES:,} bytes")
            if self._clock() > end:
                raise _TransientFailure("its answer does not end")
            yield part


def wav(samples: NDArray[np.int16]) -> bytes:
    """Return sound at 16 kHz as a WAV file.

    Examples
    --------
    >>> len(wav(np.zeros(160, np.int16)))
    364
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def _streamed(lines: Iterator[str], on_text: Callable[[str], None]) -> str:
    """Return the whole text of a stream of events, in vLLM's form (choices) or OpenAI's (transcript.text)."""
    text = ""
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or data == "[DONE]":
            continue
        event = _json(data.encode())
        if "error" in event:
            raise _TransientFailure(_message(data.encode()))
        if event.get("type") == "transcript.text.done" and isinstance(event.get("text"), str):
            return str(event["text"])
        text += _delta(event)
        on_text(text)
    return text


def _delta(event: Mapping[str, Any]) -> str:
    try:
        found = event["delta"] if "delta" in event else event["choices"][0]["delta"]["content"]
    except (KeyError, IndexError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _TransientFailure(f"its answer is no JSON object: {body[:60].decode('utf-8', 'replace')!r}")
    return found


def _message(body: bytes) -> str:
    """Return what an error's body says, shortened: its message where it is OpenAI's or FastAPI's form.

    Of a web page only that it is one.
    """
    try:
        found: Any = json.loads(body)
        while isinstance(found, dict):
            named = [found[name] for name in ("error", "detail", "message") if name in found]
            found = named[0] if named else str(found)
    except ValueError:
        found = body.decode("utf-8", "replace")
        if found.lstrip().startswith("<"):
            return "a web page. Is base_url the address of an API, as far as /v1?"
    return " ".join(str(found).split())[:300]


def _asked_wait(answer: httpx.Response) -> float | None:
    """Return the seconds of a Retry-After header."""
    try:
        return max(0.0, float(answer.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _ignore(text: str) -> None:
    """Take a growing text that nobody asked for."""


def _close(clients: Sequence[httpx.Client]) -> None:
    for client in clients:
        client.close()


def _check_key(key: Secret | None) -> None:
    if key and not (key.reveal().isascii() and key.reveal().isprintable() and " " not in key.reveal()):
        raise EndpointError("The key of the transcription server holds characters that no header can carry.")


def checked_url(url: str) -> str:
    """Return the address of a server as far as ``/v1``.

    Raises
    ------
    EndpointError
        It is no HTTP address, or holds what may be secret, which is not repeated.

    Examples
    --------
    >>> checked_url("http://127.0.0.1:8000/v1/")
    'http://127.0.0.1:8000/v1'
    """
    import httpx

    if isinstance(url, str) and any(sign in url for sign in "@?#"):
        raise EndpointError(
            "base_url holds a user, a password or a query; give the address alone, a key as api_key."
        )
    try:
        parts = httpx.URL(url.strip())
        is_address = parts.scheme in ("http", "https") and bool(parts.host)
    except (httpx.InvalidURL, AttributeError):
        is_address = False
    if not is_address:
        raise EndpointError(
            f"base_url is {url!r:.80}; give an address such as 'http://127.0.0.1:8000/v1'."
        )
    return url.strip().rstrip("/").removesuffix("/audio/transcriptions")


def _client(url: str, headers: Mapping[str, str]) -> httpx.Client:
    """Return a client for one server: few connections, kept; this machine is reached past any proxy."""
    import httpx

    few = httpx.Limits(max_connections=4, max_keepalive_connections=4, keepalive_expiry=60.0)
    here = is_loopback_host(urlsplit(url).hostname or "")
    return httpx.Client(headers=dict(headers), limits=few, follow_redirects=False, trust_env=not here)
