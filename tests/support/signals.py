"""How alike two sounds are, whatever a codec did to their phase."""

import numpy as np


def likeness(one: np.ndarray, other: np.ndarray, within: int) -> float:
    """Return the correlation of two signals at the best lag of at most ``within`` samples."""
    one, other = (signal.astype(float) for signal in (one, other))
    size = len(one) + len(other)
    cross = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    near = np.concatenate([cross[: within + 1], cross[-within:]])
    return float(near.max() / np.sqrt((one**2).sum() * (other**2).sum()))
