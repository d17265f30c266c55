"""What a view of the transcriber may ask for, each as one small function."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...audio.samples import sample
from ...errors import EndpointError
from ...recording.turn_taking import CLIENT, SERVICE
from .notices import notice_elsewhere
from .save import file_name, in_slices, saved
from .state import config_of

if TYPE_CHECKING:
    from .transcriber import Transcriber

logger = logging.getLogger("qwen_asr_widgets")

Command = Callable[["Transcriber", Mapping[str, Any], Sequence[Any]], None]


def _capture(widget: Transcriber, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
    """Pass on a message of the microphone, from front ends that have one comm for each widget only."""
    widget.uplink.inbox.take(content["capture"], buffers)


def _claim(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    """Let the first page that answers record."""
    if widget._called and content.get("token") == widget._call:
        widget._call += 1
        widget.page.tell({"kind": "begin", "view": content["view"]}, [])


def _sample(widget: Transcriber, *_: Any) -> None:
    if not widget.active and widget.desk.load(sample("conversation")):
        widget.desk.begin()


def _settings(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    state, desk = content["config"], widget.desk
    turn_taking = CLIENT if state.get("turns", desk.turn_taking) == CLIENT else SERVICE
    desk.change(config_of(state, desk.config, desk.detection), turn_taking)


def _endpoint(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    """Choose a recogniser; what is wrong with an address is said beside its field, not in a notice."""
    desk, choice = widget.desk, widget.desk.choice
    if not widget.active or (desk.live is not None and desk.live.error is not None):
        before = choice.endpoint
        try:
            choice.choose(str(content["id"]), str(content.get("url", "")))
        except EndpointError:
            if not choice.refused:
                raise
        if choice.endpoint != before:
            desk.notice = notice_elsewhere(desk.notice, desk.live)


def _key(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    """Keep a key; a run that failed for want of it goes on with it."""
    desk = widget.desk
    desk.choice.set_key(str(content["key"]))
    if content["key"] and desk.notice is not None and desk.notice.code in ("key", "nokey"):
        desk.retry()


def _again(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    widget.desk.repeat(content.get("pace"))


def _save(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    """Make a file beside the kernel's thread, and send it."""
    recording = widget.recording
    if recording is None:
        return
    ending, job = str(content["format"]), str(content["job"])

    def work() -> None:
        try:
            data = saved(recording, ending)
        except Exception as problem:
            logger.exception("the %s file could not be made", ending)
            widget.page.tell({"kind": "saved", "job": job, "error": str(problem)}, [])
            return
        widget.page.tell_all(list(in_slices(data, job, file_name(recording, ending), ending)))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="qaw-save", daemon=True).start()


def _channel(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    channel = content["channel"]
    widget.desk.take_channel("mean" if channel == "mean" else int(channel))


def _clips(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    widget.clips.choose(bool(content["on"]))


def _dismiss(widget: Transcriber, content: Mapping[str, Any], _: Any) -> None:
    notice = widget.desk.notice
    if notice is not None and notice.id == content.get("id"):
        widget.desk.notice = None


COMMANDS: Mapping[str, Command] = {
    "capture": _capture,
    "claim": _claim,
    "sample": _sample,
    "channel": _channel,
    "clips": _clips,
    "settings": _settings,
    "endpoint": _endpoint,
    "key": _key,
    "again": _again,
    "save": _save,
    "dismiss": _dismiss,
    "transcribe": lambda widget, *_: widget.start(),
    "stop": lambda widget, *_: widget.stop(),
    "leave": lambda widget, *_: widget.stop_waiting(),
    "pause": lambda widget, *_: widget.pause(),
    "resume": lambda widget, *_: widget.resume(),
    "commit": lambda widget, *_: widget.commit(),
    "retry": lambda widget, *_: widget.desk.retry(),
}
"""By the kind of the message."""
