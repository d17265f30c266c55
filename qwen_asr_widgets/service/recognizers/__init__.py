"""Recognisers of the embedded service; how one is added stands in `registry`."""

from .base import Hypothesis, Recognizer, Requirement
from .registry import available, find_recognizer

__all__ = ["Hypothesis", "Recognizer", "Requirement", "available", "find_recognizer"]
