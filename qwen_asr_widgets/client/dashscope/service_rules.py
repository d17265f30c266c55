"""What DashScope's service wants of a conversation, and what it means by its answers (see `cloud_facts`).

A conversation sends what its caller asks for; what the service will not take is said in the log first.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping
from typing import Any

from ...protocol.cloud_facts import FACTS

logger = logging.getLogger("qwen_asr_widgets")

NO_SDK_HEADERS = "DASHSCOPE_DISABLE_SDK_HEADERS"
"""The variable that, set to anything, keeps the headers of `sdk_headers` from being sent."""

_PROCESS = uuid.uuid4().hex

_UPDATE_REFUSED = "session already started or finished or failed"
_USELESS = {
    "conversation.item.create": next(fact.text for fact in FACTS if fact.name == "takes_items"),
    "response.create": "A speech recognition session answers by itself.",
    "input_image_buffer.append": "A speech recognition session takes no pictures.",
}


def sdk_headers() -> dict[str, str]:
    """Return the headers by which the official SDK (2.0.2) says what calls, with our name for its own.

    The session id is one random number a process. Where `NO_SDK_HEADERS` is set, there are none.

    Examples
    --------
    >>> sdk_headers()["x-dashscope-sdk-client"].split("/")[::2]
    ['qwen-asr-widgets', 'audio']
    """
    from ... import __version__

    if os.environ.get(NO_SDK_HEADERS):
        return {}
    return {
        "x-dashscope-sdk-client": f"qwen-asr-widgets/{__version__}/audio",
        "x-dashscope-sdk-session-id": _PROCESS,
    }


def warn_of_useless(kind: str, model: Any) -> None:
    """Log why a speech recognition session has no use for an event that is about to be sent."""
    if kind in _USELESS and "asr" in str(model).lower():
        logger.warning("%s is sent to %s all the same: %s", kind, model, _USELESS[kind])


def explain(error: Any) -> None:
    """Log what an error of the service means where its own words do not say it."""
    message = str(error.get("message") or "") if isinstance(error, Mapping) else ""
    if _UPDATE_REFUSED in message.lower():
        logger.warning(
            "DashScope takes no update_session once audio was sent, and closes the connection (1007). Other "
            "settings need a new session: a new conversation."
        )
