"""Realtime speech recognition with Qwen-ASR in Jupyter: hear, see and time every turn."""

__version__ = "0.1.0"
