"""Recognisers behind the embedded service, found by name through an entry point group."""

from .base import Hypothesis, Recognizer
from .registry import available, find_recognizer

__all__ = ["Hypothesis", "Recognizer", "available", "find_recognizer"]
