"""Recognisers of the embedded service; how one is added stands in `registry`."""

from ...client.recognizers import Footprint, MissingModel, PublishedModel, Requirement
from .base import Hypothesis, Recognizer
from .registry import available, find_recognizer

__all__ = [
    "Footprint", "Hypothesis", "MissingModel", "PublishedModel", "Recognizer", "Requirement", "available",
    "find_recognizer",
]
