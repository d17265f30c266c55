"""A service with the real turn detector, whose recogniser answers at once, and which breaks where it is told.

Unlike `support.tone_service` it hears as the embedded service does, with a detector that remembers what it
has heard; unlike that service it runs in this process, as fast as sound comes.
"""

from __future__ import annotations

import base64
import time
from functools import partial

from support.scripted_server import Peer
from support.server_session import Session

from qwen_asr_widgets.protocol.quirks import Quirks
from qwen_asr_widgets.service.segmenter import Segmenter
from qwen_asr_widgets.service.server_session import ServerSession
from qwen_asr_widgets.service.standin import QuirkySegmenter, QuirkySession


class DetectingService:
    """The script of a `ScriptedServer`: a session of the embedded service for each connection.

    Parameters
    ----------
    cut : float or None
        After how many seconds of its audio the first connection is cut; None: never.
    quirks : Quirks
        What it does otherwise than the documentation says.

    Attributes
    ----------
    heard : list of int
        For each connection, how many samples came.
    """

    def __init__(self, cut: float | None = None, quirks: Quirks = Quirks()) -> None:
        self.heard: list[int] = []
        self._cut = cut
        segmenter = partial(Segmenter, longest_turn_s=quirks.longest_turn_s)
        self._make = partial(
            ServerSession, "m", "script", None,
            partial(QuirkySegmenter, quirks=quirks, make=segmenter),
        )
        self._quirks = quirks

    def __call__(self, peer: Peer) -> None:
        number = len(self.heard)
        limit = None if self._cut is None or number else round(self._cut * 16_000)
        self.heard.append(0)
        session = Session(server=QuirkySession(self._make, self._quirks, time.monotonic))
        peer.send(*session.sent)
        while limit is None or self.heard[number] < limit:
            message = peer.receive()
            kind = message.pop("type")
            if kind == "input_audio_buffer.append":
                self.heard[number] += len(base64.b64decode(message["audio"])) // 2
            peer.send(*session.send(kind, **message))
        peer.drop()
