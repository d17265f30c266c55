"""What views are told about a run: utterances, lanes, marks, as snapshots and as what has changed since."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...audio.reference import ReferenceTurn
from ...protocol.state import MAX_COMMIT_SECONDS
from ...recording.summary import ENOUGH, waits_count
from ...vad.turns import Turn
from .throttle import Message

if TYPE_CHECKING:
    from ...protocol.utterance import Utterance
    from ...recording import Recording
    from ...recording.latency import UtteranceLatency

Lanes = dict[str, Sequence["Turn | ReferenceTurn"]]
AT_ONCE, SHORT, PIECE = 0.5, 0.001, 0.2
"""Seconds: between two messages sent one after the other, less than any sound, a piece of sound sent."""

DELAYS = ("first_partial", "endpoint_delay", "decode_delay", "finalization")


def utterance_state(
    utterance: Utterance, latency: UtteranceLatency | None, recording: Recording
) -> dict[str, Any]:
    """Return one utterance as a view takes it: seconds, plain text, delays, and whether it is a problem."""
    onset = utterance.onset if utterance.onset is not None else utterance.start
    final = utterance.status == "final"
    waits = utterance.status == "lost" and recording.interrupted
    lost = utterance.status in ("failed", "lost") or utterance.ended_by in ("lost", "limit")
    return {
        "number": utterance.number,
        "onset": onset,
        "start": utterance.start,
        "end": utterance.end,
        "estimated": utterance.onset_source == "estimated",
        "end_estimated": utterance.end_source if utterance.estimated else "",
        "short": utterance.speech if utterance.short else None,
        "settled": utterance.text if final else utterance.settled,
        "draft": "" if final else utterance.draft,
        "status": utterance.status,
        "ended_by": utterance.ended_by,
        "limit": recording.info.facts.longest_turn_s if utterance.ended_by == "limit" else None,
        "commit": committed_by(utterance, recording),
        "again": was_heard_again(utterance, recording),
        "waits": waits,
        "language": utterance.language,
        "emotion": utterance.emotion,
        "error": str((utterance.error or {}).get("message") or "") or None,
        "problem": (lost and not waits) or (final and not utterance.text.strip()),
        **{name: getattr(latency, name, None) for name in DELAYS},
        "no_partial": why_no_partial(utterance, latency, recording) if final else "",
    }


def why_no_partial(
    utterance: Utterance, latency: UtteranceLatency | None, recording: Recording
) -> str:
    """Return why an utterance has no time of its first partial: ``"client"``, ``"final"`` or ``"pace"``.

    Empty where it has one, or where nobody knows. A client that takes turns sends sound after the turn; else
    the final came before any partial, or what came cannot be timed: sound was not sent at the pace.
    """
    if latency is None or latency.first_partial is not None:
        return ""
    if any(partial.text or partial.stash for partial in utterance.partials):
        return "pace" if latency.off_pace else ""
    return "client" if recording.info.turn_taking == "client" else "final"


def committed_by(utterance: Utterance, recording: Recording) -> str:
    """Return why a commit was sent that nobody asked for: ``"finish"`` of the run or ``"limit"`` of a commit.

    Empty where somebody did, and where there was none. What is left at the end is committed just before the
    session is finished.
    """
    sent, finished = utterance.committed_sent_at, recording.finish_sent_at
    if utterance.ended_by != "commit" or utterance.start is None or utterance.end is None or sent is None:
        return ""
    if finished is not None and finished - sent < AT_ONCE and utterance.end > recording.sent_duration - SHORT:
        return "finish"
    return "limit" if utterance.end - utterance.start > MAX_COMMIT_SECONDS - PIECE else ""


def was_heard_again(utterance: Utterance, recording: Recording) -> bool:
    """Tell whether an utterance began before a lost connection and was sent again after it."""
    begun = utterance.start
    return begun is not None and utterance.status != "lost" and any(
        gap.why == "lost" and gap.start <= begun < gap.at for gap in recording.gaps
    )


def lane_state(role: str, turns: Sequence[Turn | ReferenceTurn]) -> dict[str, Any]:
    """Return one lane of turns as a view takes it."""
    return {
        "role": role,
        "name": "",
        "turns": [
            {
                "number": number,
                "onset": turn.start if isinstance(turn, ReferenceTurn) else turn.onset,
                "end": turn.end,
                "settled": getattr(turn, "text", ""),
            }
            for number, turn in enumerate(turns, 1)
        ],
    }


def settings_state(recording: Recording) -> dict[str, Any]:
    """Return the settings in force, and whether others were before: ``threshold`` None is manual mode."""
    held = recording.settings_held
    detection = held[-1].config.turn_detection
    return {
        "threshold": None if detection is None else detection.threshold,
        "silence": 0 if detection is None else detection.silence_duration_ms,
        "client": recording.info.turn_taking == "client",
        "ends": recording.info.end_of_turn,
        "changed": len(held) > 1,
    }


def summary_state(recording: Recording) -> dict[str, Any]:
    """Return how long finals took, and how that was measured: percentiles of many, of few the longest."""
    summary = recording.latency().summary()
    wait = summary.measures.get("finalization")
    figures = None
    if wait is not None:
        figures = {name: round(getattr(wait, name), 4) for name in ("p50", "p95", "p99")}
        figures["longest"] = round(wait.longest, 4) if wait.n < ENOUGH else None
    return {
        "figures": figures, "n": wait.n if wait is not None else summary.n, "chunk_ms": summary.chunk_ms,
        "pace": summary.pace, "source": summary.source, "cut": summary.cut, "left_out": summary.left_out,
        "off_pace": summary.off_pace,
    }


def is_growing(recording: Recording) -> bool:
    """Tell whether a recording is still under way: not complete, and its connection not closed for good."""
    connections = recording.connections
    stands = not connections or connections[-1].closed is None
    return not recording.complete and (stands or recording.interrupted)


class RunMessages:
    """Follows a recording for its views. Thread-safe.

    Parameters
    ----------
    source : str
        The name under which views of the page know the recording.
    recording : Recording or None
        None for a sound that was not transcribed.
    title : str
        What the sound is called.
    lanes : dict of str to sequence of turns
        By role: ``"reference"``, ``"service"``, ``"estimated"``.
    growing : callable, optional
        Tells whether more is to come; by default the recording does.
    gathered : callable
        Returns the seconds of sound since the last commit where turns are taken by hand, else None.

    Examples
    --------
    >>> run = RunMessages("a", None, "talk.wav", {"estimated": [Turn(1.0, 0.7, 2.0)]})
    >>> run.snapshot()[0]["lanes"][0]["turns"][0]["onset"]
    1.0
    """

    def __init__(
        self, source: str, recording: Recording | None, title: str, lanes: Lanes | None = None,
        growing: Callable[[], bool] | None = None, gathered: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.source = source
        self.recording = recording
        self._title = title
        self._growing = growing or (lambda: recording is not None and is_growing(recording))
        self._gathered = gathered
        self._lanes = dict(lanes or {})
        self._lanes_changed = False
        self._version = 0
        self._seen_version: int | None = None
        self._interrupted = False
        self._utterances: tuple[Utterance, ...] = ()
        self._states: list[dict[str, Any]] = []
        self._info: dict[str, Any] = {}
        self._marks: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._refresh()

    @property
    def growing(self) -> bool:
        """Whether more is to come."""
        return self._growing()

    def turn_to(self, recording: Recording) -> None:
        """Follow another state of the recording from here on; views are told what differs."""
        with self._lock:
            self.recording = recording
            self._seen_version = None

    def set_lane(self, role: str, turns: Sequence[Turn | ReferenceTurn] | None) -> None:
        """Replace a lane, or take it away."""
        with self._lock:
            self._lanes.pop(role, None)
            if turns is not None:
                self._lanes[role] = turns
            self._lanes_changed = True

    def snapshot(self) -> Message:
        """Return everything there is to know, up to date."""
        with self._lock:
            changed = self._refresh()
            if changed is not None:
                self._version += 1
            lanes = self._lane_states()
            return self._message(None, self._states, info=self._info, marks=self._marks, lanes=lanes)

    def changes(self) -> list[Message]:
        """Return what differs from what was told last: at most one message."""
        with self._lock:
            changed = self._refresh()
            if changed is None:
                return []
            base = self._version
            self._version += 1
            return [self._message(base, changed.pop("utterances"), **changed)]

    def _message(self, base: int | None, utterances: list[dict[str, Any]], **rest: Any) -> Message:
        content = {
            "kind": "run", "source": self.source, "version": self._version, "base": base,
            "count": len(self._states), "utterances": [_compact(one) for one in utterances], **rest,
        }
        return content, []

    def _refresh(self) -> dict[str, Any] | None:
        """Look again; return the parts that differ from before, None where nothing does."""
        changes: dict[str, Any] = {}
        count = len(self._states)
        fresh = self._look_at_utterances()
        fewer = len(self._states) < count
        info, marks = self._look_at_info(bool(fresh) or fewer)
        if info != self._info:
            changes["info"] = self._info = info
        if marks != self._marks:
            changes["marks"] = self._marks = marks
        turns_changed = any(state["end"] is not None for state in fresh)
        if self._lanes_changed or (self._lanes and turns_changed):
            changes["lanes"] = self._lane_states()
            self._lanes_changed = False
        return {"utterances": fresh, **changes} if fresh or fewer or changes else None

    def _look_at_utterances(self) -> list[dict[str, Any]]:
        recording = self.recording
        if recording is None:
            return []
        version = recording.version
        if version == self._seen_version:
            return []
        self._seen_version = version
        before, after = self._utterances, recording.utterances
        turned, self._interrupted = self._interrupted is not recording.interrupted, recording.interrupted
        changed = [
            k for k, one in enumerate(after)
            if k >= len(before) or one is not before[k] or (turned and one.status == "lost")
        ]
        if not changed and len(before) == len(after):
            return []
        latency = recording.latency()
        self._utterances = after
        self._states = self._states[: len(after)] + [{}] * (len(after) - len(self._states))
        for k in changed:
            self._states[k] = utterance_state(after[k], latency[k] if k < len(latency) else None, recording)
        return [self._states[k] for k in changed]

    def _look_at_info(self, changed: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        recording = self.recording
        if recording is None:
            nothing = {
                "engine": "", "settings": None, "summary": None, "growing": False, "pace": 1.0, "waits": True,
                "live": False, "gathered": None,
            }
            return {"title": self._title, **nothing}, []
        gathered = self._gathered()
        summary = self._info.get("summary")
        if changed or not self._info:
            summary = summary_state(recording) if recording.utterances else None
        info = {
            "title": self._title or recording.info.name, "engine": recording.info.made_by,
            "settings": settings_state(recording), "summary": summary, "growing": self.growing,
            "pace": recording.info.pace, "waits": waits_count(recording.info.pace),
            "live": bool(recording.info.capture), "gathered": None if gathered is None else int(gathered),
        }
        return info, _marks(recording)

    def _lane_states(self) -> list[dict[str, Any]]:
        lanes = dict(self._lanes)
        if lanes and self.recording is not None and "service" not in lanes:
            lanes["service"] = self.recording.turns
        order = [role for role in ("reference", "service", "estimated") if role in lanes]
        return [lane_state(role, lanes[role]) for role in order]


def _compact(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state without the values that the page fills in (None, False, empty text), delays to 0.1 ms.

    This keeps the state of an hour of conversation under 200 kB.
    """
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in state.items() if value is not None and value is not False and value != ""
    }


def _marks(recording: Recording) -> list[dict[str, Any]]:
    """Return the marks on the time axis: settings that took effect midway, lost sound, new sessions.

    Labels are figures without their unit (milliseconds of silence, seconds lost or without a connection),
    which has its word in each language.
    """
    rate = recording.tape.sample_rate
    marks = [
        {"time": change.sample / rate, **_settings(change.config)}
        for change in recording.settings[1:] if change.sample > 0
    ]
    marks += [
        {"time": start / rate, "kind": "lost", "label": f"{(stop - start) / rate:.2f}"}
        for start, stop in recording.lost
    ]
    marks += [
        {"time": gap.at, "kind": "gap" if gap.why == "lost" else "session", "label": f"{gap.seconds:.1f}"}
        for gap in recording.gaps if gap.why != "settings"
    ]
    return sorted(marks, key=lambda mark: mark["time"])


def _settings(config: Any) -> dict[str, str]:
    detection = config.turn_detection
    if detection is None:
        return {"kind": "manual", "label": ""}
    label = f"{detection.threshold:.2f} · {detection.silence_duration_ms}"
    return {"kind": "settings", "label": label}
