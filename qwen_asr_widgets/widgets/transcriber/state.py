"""The ``state`` message of a transcriber: phase, settings and figures, as plain values."""

from __future__ import annotations

from typing import Any

from ...recording import Recording
from ...recording.run import Run
from ...recording.summary import waits_count
from ..shared.run_settings import config_state, held_state
from .model import TranscriberModel
from .runs.corrections import judged
from .runs.kept_runs import KeptRun

UNSENT = 0.05
"""Seconds: less sound than this that was not sent is not mentioned."""

SILENT = 5.0
"""Seconds without an answer from the service that are mentioned: one that is well answers a ping at once."""

BEHIND = 2.0
"""Seconds: a smaller backlog than this is not mentioned."""

ANSWERED = ("final", "failed")
"""What an utterance's status is once nothing more is said of it."""


def run_state(recording: Recording) -> dict[str, Any]:
    """Return name, recogniser and settings of the run on show, which may differ from what is chosen now."""
    info = recording.info
    return {
        "name": info.name, "engine": info.engine, "made_by": info.made_by, "settings": held_state(recording),
    }


def figures(recording: Recording) -> dict[str, Any]:
    """Return the few figures of the foot: how many utterances, and how long their finals took."""
    utterances = recording.utterances
    counts = utterances and waits_count(recording.info.pace)
    summary = recording.latency().summary() if counts else None
    wait = summary.measures.get("finalization") if summary is not None else None
    return {
        "count": len(utterances),
        "n": wait.n if wait else 0,
        "median": wait.p50 if wait else None,
        "p95": wait.p95 if wait else None,
        "longest": wait.longest if wait else None,
        "left_out": summary.left_out if summary is not None else 0,
        "off_pace": summary.off_pace if summary is not None else 0,
        "pace": recording.info.pace,
    }


def runs_state(model: TranscriberModel) -> list[dict[str, Any]]:
    """Return the runs that stay, as the views' switcher shows them."""
    return [_run_kept(kept, model) for kept in model.runs]


def _run_kept(kept: KeptRun, model: TranscriberModel) -> dict[str, Any]:
    recording, info = kept.recording, kept.recording.info
    config = config_state(recording.config, info.turn_taking, ends=info.end_of_turn)
    return {
        "number": kept.number, "name": kept.name, "sound": kept.sound.title or info.name,
        "channel": info.channel, "channels": info.original_channels or 1, "config": config,
        "pace": info.pace, "count": len(recording.utterances), "seconds": round(recording.duration, 1),
        "growing": kept.growing, "complete": recording.complete, "baseline": kept.is_baseline,
        "pinned": kept.number == model.runs.pinned, "shown": recording is model.recording,
    }


def correction_state(model: TranscriberModel) -> dict[str, Any]:
    """Return what was truly said in the run shown, and how far its words are from that."""
    shown, corrected = model.runs.of(model.recording), model.runs.corrected(model.recording)
    rate = None
    if shown is not None and corrected is not None and not shown.growing:
        rate = judged(shown.recording, model.runs.reference(shown.recording))
    return {
        "corrections": {str(number): text for number, text in shown.corrections.items()} if shown else {},
        "judged": None if rate is None or corrected is None else {
            "metric": rate.metric, "rate": rate.rate, "count": len(corrected.corrections),
            "of": len(corrected.recording.utterances),
        },
    }


def model_state(model: TranscriberModel) -> dict[str, Any]:
    """Return what views show of the model: phase, progress, lag, what went wrong, settings."""
    run, recording = model.run, model.recording
    paced = model.paced if run is not None else None
    behind = run.lag if run is not None and run.active and paced is None else 0.0
    phase = _phase(model)
    return {
        "phase": phase,
        "source": "file" if paced else "mic" if run is not None else "",
        "paused": paced.paused if paced else False,
        "waiting": run is not None and run.waiting,
        "progress": _progress(model),
        "pace": recording.info.pace if recording is not None else model.pace,
        "title": model.sound.title,
        "total": len(paced.samples) / paced.sample_rate if paced else 0.0,
        "run": None if recording is None else run_state(recording),
        "partly": None if recording is None or model.active else _partly(recording),
        "behind": int(behind) if behind >= BEHIND and phase == "live" else 0,
        "outage": _outage(run),
        "slow_line": run is not None and run.slow_line and not run.renewing,
        "renewing": run is not None and run.active and run.renewing,
        "silent": int(run.silent) if run is not None and run.silent >= SILENT else 0,
        "slow": int(recognizer_lag(recording)) if recording is not None and model.active else 0,
        "lost": _lost(recording),
        "clipped": model.sound.clipped,
        "notice": _notice_state(model),
        "config": config_state(
            model.config, model.turn_taking, model.detection, str(model.end_of_turn or "")
        ),
        "channels": _channels(model),
        "part": _part(model),
        "asks": _phase(model) == "ready" and model.sound.is_long,
        "seconds": model.sound.clip.duration if model.sound.clip is not None else 0.0,
        "runs": runs_state(model),
        **correction_state(model),
        "kept": model.kept.state(recording),
        "left": model.kept.left_state(),
    }


def recognizer_lag(recording: Recording) -> float:
    """Return the seconds of sound by which the recogniser is behind: as the service says, or as it answers.

    A turn that is over and has no words yet is as late as the sound that went out since its end, less the
    silence that ended it. Below `BEHIND` that is the usual wait, and 0 is returned; so it is where sound does
    not go out in real time.

    Parameters
    ----------
    recording : Recording
        One that is still answered.
    """
    said = recording.recognizer_behind
    ends = [one.end for one in recording.utterances if one.end is not None and one.status not in ANSWERED]
    if said or not ends or recording.info.pace != 1:
        return said
    detection = recording.settings_held[-1].config.turn_detection
    silence = 0.0 if detection is None else detection.silence_duration_ms / 1_000
    late = recording.sent_duration + recording.skipped_duration - min(ends) - silence
    return late if late >= BEHIND else 0.0


def _outage(run: Run | None) -> dict[str, Any] | None:
    """Return which try to take up a lost connection comes next, and how many seconds of sound wait for it."""
    outage = None if run is None else run.outage
    if run is None or outage is None:
        return None
    return {"tries": outage.tries, "waiting": int(run.lag)}


def _channels(model: TranscriberModel) -> dict[str, Any] | None:
    """Return what can be taken of the file at hand, and which of it is."""
    channels, clip = model.sound.channels, model.sound.clip
    if channels is None or clip is None:
        return None
    return {"count": channels.count, "differ": channels.differ, "taken": clip.channel}


def _part(model: TranscriberModel) -> dict[str, Any] | None:
    """Return of which stretch of what the sound shown is; None where it is no part."""
    sound = model.sound
    if sound.whole is None or sound.clip is None:
        return None
    end = sound.start + sound.clip.duration
    return {"start": sound.start, "end": round(end, 3), "of": sound.whole.title}


def _phase(model: TranscriberModel) -> str:
    if model.run is not None:
        return model.run.phase
    if model.recording is not None:
        return "done"
    return "ready" if model.sound.clip is not None else "empty"


def _progress(model: TranscriberModel) -> float | None:
    """Return how much of a file was sent, in [0, 1]."""
    source, run = model.paced, model.run
    if source is None or run is None or not len(source.samples):
        return None
    recording = run.recording
    done = (recording.sent_duration + recording.skipped_duration) * recording.tape.sample_rate
    return round(min(1.0, done / len(source.samples)), 3)


def _partly(recording: Recording) -> dict[str, float] | None:
    """Return how many seconds were sent, of how many; None where all was. Skipped silence counts as sent."""
    unsent = recording.unsent_duration
    if unsent < UNSENT:
        return None
    return {"sent": round(recording.duration - unsent, 2), "of": round(recording.duration, 2)}


def _notice_state(model: TranscriberModel) -> dict[str, Any] | None:
    notice = model.notice
    if notice is None:
        return None
    recording = None if model.active else model.recording
    return {
        "id": notice.id, "code": notice.code, "detail": model.choice.hide(notice.detail),
        "about": dict(notice.about),
        "kept": recording.duration if recording is not None else 0.0,
        "since": _unanswered_since(recording) if recording is not None else 0.0,
        "unsent": round(recording.unsent_duration, 2) if recording is not None else 0.0,
    }


def _unanswered_since(recording: Recording) -> float:
    """Return the second from which on the service had not answered when the run was over."""
    answered = 0.0
    for utterance in recording.utterances:
        if utterance.status not in ANSWERED:
            return answered if utterance.onset is None else utterance.onset
        answered = answered if utterance.end is None else utterance.end
    return answered


def _lost(recording: Recording | None) -> float:
    """Return how many seconds were lost between browser and kernel."""
    if recording is None:
        return 0.0
    return round(sum(stop - start for start, stop in recording.lost) / recording.tape.sample_rate, 2)
