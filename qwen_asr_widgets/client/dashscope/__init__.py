"""The realtime classes of the DashScope SDK, drop-in: its code runs with the import changed to this module.

Examples
--------
>>> from qwen_asr_widgets.client.dashscope import MultiModality, OmniRealtimeConversation
>>> MultiModality.TEXT.value
'text'
"""

from .conversation import OmniRealtimeCallback, OmniRealtimeConversation
from .params import (
    AudioFormat, AudioFormatConfig, AudioFormatType, AudioSampleRate, MultiModality, TranscriptionParams,
    TranslationParams,
)

__all__ = [
    "AudioFormat", "AudioFormatConfig", "AudioFormatType", "AudioSampleRate", "MultiModality",
    "OmniRealtimeCallback", "OmniRealtimeConversation", "TranscriptionParams", "TranslationParams",
]
