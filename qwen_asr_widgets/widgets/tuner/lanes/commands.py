"""What pages may ask of the second lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ....audio.condition import Condition
from ....errors import SettingError
from ..model import TunerModel
from .second_lane import Hearing


@dataclass(frozen=True)
class HearOtherwise:
    """A slider of the second lane moves: hear the clip so. `Condition` checks the ranges and says them."""

    detector: str
    noise: Literal["none", "pink", "babble", "recorded"]
    snr: float
    level: float
    telephone: bool
    threshold: float | None = None
    serial: int | None = None

    def act(self, model: TunerModel) -> None:
        """Do it."""
        if self.noise == "recorded" and model.noise is None:
            raise SettingError("No recorded noise was given; VadTuner(…, noise=clip) takes one.", "noise")
        noise = {"none": None, "recorded": model.noise}.get(self.noise, self.noise)
        condition = Condition(noise, None if noise is None else self.snr, self.level, self.telephone)
        model.hear_otherwise(Hearing(condition, self.detector, self.threshold), self.serial)
