"""Bundles that anybody may have written: a usable recording or a `BundleError`, in bounded memory."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.recordings import Script, three_turns

from qwen_asr_widgets.errors import BundleError
from qwen_asr_widgets.recording import load_recording
from qwen_asr_widgets.recording.exports.document import to_json
from qwen_asr_widgets.recording.exports.formats import FORMATS
from qwen_asr_widgets.recording.exports.subtitles import to_srt


def entries(recording) -> dict[str, bytes]:
    """Return what stands in the bundle of a recording."""
    file = io.BytesIO()
    FORMATS[".qasr"].write(recording, file)
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in parts.items():
            bundle.writestr(name, data)
    return file.getvalue()


GOOD = entries(Script(2.0).turn("a", 0.4, 1.0, "so", endpoint=0.5).finish())
MANIFEST, LINES = json.loads(GOOD["manifest.json"]), GOOD["events.jsonl"].decode().splitlines()
HUGE = int("9" * 400)

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6),
              st.sampled_from([HUGE, -1, 0, 1e308, 2**63, "service", "client", [0, 1600], "16000"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def opened(parts: dict[str, bytes]) -> None:
    """Load; what loads can be read in every way, what does not says why in one sentence."""
    try:
        recording = load_recording(packed(parts))
    except BundleError as error:
        assert str(error) and "\n" not in str(error)
        return
    repr(recording), recording._repr_html_(), recording.latency().summary()
    recording.turns, recording.text, recording.unsent_duration, recording.settings_held
    to_json(recording), to_srt(recording)
    FORMATS[".qasr"].write(recording, io.BytesIO())


def places(value, path=()):
    """Yield the path to every value within a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def with_value(document, path, value):
    """Return a copy of a JSON value with another value at a path."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = with_value(copy[path[0]], path[1:], value)
    return copy


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(places(MANIFEST))), json_values)
def test_a_manifest_with_any_value_anywhere_is_refused_or_usable(path, value):
    opened({**GOOD, "manifest.json": json.dumps(with_value(MANIFEST, path, value)).encode()})


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_an_event_with_any_value_anywhere_is_refused_or_usable(data):
    lines = list(LINES)
    number = data.draw(st.integers(0, len(lines) - 1))
    line = json.loads(lines[number])
    path = data.draw(st.sampled_from(list(places(line))))
    lines[number] = json.dumps(with_value(line, path, data.draw(json_values)))
    if data.draw(st.booleans()):
        lines = data.draw(st.permutations(lines[:8])) + lines[8:]
    opened({**GOOD, "events.jsonl": "\n".join(lines).encode()})


@pytest.mark.parametrize(("name", "value", "said"), [
    ("engine", 7, "run.engine is 7, not a text"),
    ("pace", "fast", "run.pace is 'fast', not a number above 0 or null"),
    ("pace", 0, "run.pace is 0"),
    ("chunk_ms", True, "run.chunk_ms is True"),
    ("environment", ["python"], "run.environment is"),
    ("environment", {"python": 3}, "run.environment must be an object of texts"),
    ("turn_taking", "nobody", 'not "service" or "client"'),
    ("channel", [1], "run.channel"),
    ("original_rate", -8_000, "run.original_rate"),
])
def test_a_field_of_a_wrong_type_is_refused_when_it_is_loaded(name, value, said):
    manifest = {**MANIFEST, "run": {**MANIFEST["run"], name: value}}
    with pytest.raises(BundleError, match=said):
        load_recording(packed({**GOOD, "manifest.json": json.dumps(manifest).encode()}))


@pytest.mark.parametrize("time", [HUGE, "1e999", '"soon"', "null", "true", -HUGE])
def test_an_event_time_that_is_none_is_refused_when_it_is_loaded(time):
    line = f'{{"time": {time}, "direction": "in", "event": {{"type": "session.finished"}}}}'
    with pytest.raises(BundleError, match="line 1 of events.jsonl is no event: time must be a number of sec"):
        load_recording(packed({**GOOD, "events.jsonl": line.encode()}))


def bomb(name: str, megabytes: int) -> bytes:
    """Return a bundle with an entry of so many MB, all alike."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for other in GOOD.keys() - {name}:
            bundle.writestr(other, GOOD[other])
        with bundle.open(name, "w", force_zip64=True) as entry:
            for _ in range(megabytes):
                entry.write(b"\n" * 1_000_000)
    return file.getvalue()


@pytest.mark.parametrize("name", ["events.jsonl", "manifest.json", "audio.flac"])
def test_a_bundle_that_unpacks_to_a_thousand_times_its_size_is_refused_before_it_is_unpacked(name):
    data = bomb(name, 300)
    assert len(data) < 500_000
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match=f"its {name} (would be 300 MB unpacked|is larger than)"):
            load_recording(data)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_sizes_that_a_bundle_states_too_small_unpack_no_further_than_they_say():
    data = bomb("manifest.json", 100)
    stated = (100_000_000).to_bytes(4, "little")
    assert stated in data
    data = data.replace(stated, (1_000).to_bytes(4, "little"))
    tracemalloc.start()
    try:
        with pytest.raises(BundleError):
            load_recording(data)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_sound_of_more_than_a_day_is_refused_by_its_length():
    manifest = {**MANIFEST, "audio": {**MANIFEST["audio"], "samples": 41 * 3_600 * 16_000}}
    with pytest.raises(BundleError, match="it says 41.0 h of sound, at most 24 h are opened"):
        load_recording(packed({**GOOD, "manifest.json": json.dumps(manifest).encode()}))


def test_sound_that_is_longer_than_it_says_is_refused_before_it_is_decoded():
    flac = bytearray(GOOD["audio.flac"])
    flac[21:26] = bytes([flac[21] & 0xF0, 0, 0, 0, 0])  # STREAMINFO: the number of samples is not known
    with pytest.raises(BundleError, match="audio.flac (holds|cannot)"):
        load_recording(packed({**GOOD, "audio.flac": bytes(flac)}))


def test_an_event_of_more_than_16_mib_is_refused():
    long = b'{"time": 1, "direction": "in", "event": {"type": "x", "y": "' + b"a" * (17 << 20) + b'"}}'
    with pytest.raises(BundleError, match="line 1 of events.jsonl is longer than"):
        load_recording(packed({**GOOD, "events.jsonl": long + b"\n" + GOOD["events.jsonl"]}))


def test_events_of_a_run_are_far_from_the_limit():
    parts = entries(three_turns())
    packed_size = len(packed({"events.jsonl": parts["events.jsonl"]}))
    assert len(parts["events.jsonl"]) / packed_size < 40
