"""What the waveform and transcript widgets tell their views, over a comm that only remembers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from support.recordings import Script, three_turns
from support.waiting import wait_until

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.partials import Partial, Partials
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import Turn
from qwen_asr_widgets.widgets.shared.throttle import Throttle
from qwen_asr_widgets.widgets.shared.run_messages import RunMessages, why_no_partial
from qwen_asr_widgets.widgets.shared.sound_messages import MAX_GROWTH, SoundMessages
from qwen_asr_widgets.widgets.transcript.transcript_view import TranscriptView
from qwen_asr_widgets.widgets.waveform.waveform import Waveform

HOUR = 3_600 * 16_000


def heard(widget) -> list:
    """Make a widget remember what it sends instead of sending it."""
    messages: list = []

    def send(content, buffers=None) -> None:
        messages.append((json.loads(json.dumps(content)), buffers or []))

    widget.send = send
    return messages


def ask(widget, **content) -> list:
    """Let a view ask, and return what it is answered."""
    messages = heard(widget)
    widget._handle_custom_msg(content, [])
    return messages


def size(messages: list) -> int:
    return sum(len(json.dumps(content)) + sum(map(len, buffers)) for content, buffers in messages)


class Page:
    """Applies ``run`` messages as the page does; a patch on anything but the version at hand is an error."""

    def __init__(self) -> None:
        self.version, self.utterances = -1, []

    def take(self, message: dict) -> None:
        assert message["base"] in (None, self.version)
        if message["base"] is None:
            self.utterances = []
        self.version = message["version"]
        for utterance in message["utterances"]:
            self.utterances[utterance["number"] - 1 : utterance["number"]] = [utterance]
        assert len(self.utterances) == message["count"]


@pytest.fixture(scope="module")
def hour() -> AudioClip:
    rng = np.random.default_rng(0)
    block = (0.3 * rng.standard_normal(16_000 * 60)).clip(-1, 1).astype(np.float32)
    return AudioClip(np.tile(block, 60), 16_000)


def test_an_hour_moves_at_most_200_kB_before_the_first_zoom(hour) -> None:
    messages = ask(Waveform(hour), kind="hello", view="v")
    assert [content["kind"] for content, _ in messages] == ["run", "sound", "tiles"]
    assert size(messages) <= 200_000


def test_an_hour_with_its_scores_moves_at_most_200_kB_before_the_first_zoom(hour) -> None:
    wave = Waveform(hour, scores=SpeechScores(np.zeros(HOUR // 512, np.float32)), threshold=0.2)
    assert size(ask(wave, kind="hello", view="v")) <= 200_000


def test_tiles_are_the_minima_and_maxima_of_the_samples() -> None:
    samples = np.random.default_rng(3).integers(-9_000, 9_000, 10_000).astype(np.int16)
    wave = Waveform(AudioClip.load(samples, 16_000))
    [(content, [data])] = ask(wave, kind="tiles", ranges=[{"level": 2, "first": 512, "count": 512}])
    pairs = np.frombuffer(data, np.int16).reshape(-1, 2)
    bins = [samples[start : start + 16] for start in range(512 * 16, len(samples), 16)]
    assert content["parts"] == [{"level": 2, "first": 512}]
    assert pairs.tolist() == [[part.min(), part.max()] for part in bins]


def test_slices_to_listen_to_are_the_samples_and_stay_small() -> None:
    samples = np.arange(-8_000, 8_000, dtype=np.int16)
    wave = Waveform(AudioClip.load(samples, 16_000))
    [(content, [data])] = ask(wave, kind="audio", start=100, stop=300)
    assert content["start"] == 100 and np.array_equal(np.frombuffer(data, np.int16), samples[100:300])
    [(_, [rest])] = ask(wave, kind="audio", start=15_000, stop=10**9)
    assert len(rest) == 2 * 1_000


def test_a_growing_sound_is_told_piece_by_piece_and_never_twice() -> None:
    script = Script(10.0)
    script.play(3.0)
    feed = SoundMessages(script.recording.tape, "a")
    feed.opening(growing=True)
    assert feed.growth() == []
    for until in (3.1, 3.25, 7.0):
        script.play(until)
        [(content, [data])] = feed.growth()
        first, bins = content["first"], np.frombuffer(data, np.int16).reshape(-1, 2)
        samples = script.recording.tape.read()[first * 256 :]
        assert bins[0].tolist() == [samples[:256].min(), samples[:256].max()]
        assert content["length"] == len(script.recording.tape) and len(bins) == -(-len(samples) // 256)
    assert feed.growth() == []


def test_a_leap_is_told_as_a_new_overview() -> None:
    script = Script(1.0)
    feed = SoundMessages(script.recording.tape, "a")
    feed.opening()
    script.recording.tape.append(np.zeros(256 * (MAX_GROWTH + 5), np.int16))
    assert [content["kind"] for content, _ in feed.growth()] == ["sound", "tiles"]


def test_a_run_is_told_once_and_then_by_what_has_changed() -> None:
    script = Script(12.0)
    page, feed = Page(), RunMessages("a", script.recording, "")
    page.take(feed.snapshot()[0])
    sizes = []
    for item, onset in (("a", 1.0), ("b", 4.0), ("c", 7.0)):
        partials = [(0.5, "", "wor"), (0.7, "words", " of")]
        script.turn(item, onset, onset + 1, f"words of {item}", partials=partials)
        [(message, _)] = feed.changes()
        sizes.append([utterance["number"] for utterance in message["utterances"]])
        page.take(message)
    assert sizes == [[1], [2], [3]]
    assert [u["settled"] for u in page.utterances] == ["words of a", "words of b", "words of c"]
    assert feed.changes() == []
    late = Page()
    late.take(feed.snapshot()[0])
    assert late.utterances == page.utterances and late.version == page.version


def test_an_utterance_carries_what_the_recording_says() -> None:
    recording = three_turns()
    [(message, _), *_] = ask(Waveform(recording), kind="hello", view="v")
    row, said = recording.latency()[1], message["utterances"][1]
    assert (said["onset"], said["end"], said["settled"]) == (5.0, 6.5, "every blue band is one turn")
    assert said["finalization"] == pytest.approx(row.finalization, abs=1e-4)
    assert said["first_partial"] == pytest.approx(row.first_partial, abs=1e-4)
    assert message["info"]["growing"] is False and "pocketsphinx" in message["info"]["engine"]


def test_a_draft_and_a_problem_are_told_apart() -> None:
    script = Script(12.0)
    script.turn("a", 1.0, 2.0, "")
    script.turn("b", 5.0, 6.0, "", partials=[(0.5, "so far", " maybe")], close=False)
    first, second = RunMessages("a", script.recording, "").snapshot()[0]["utterances"]
    assert first["problem"] and "problem" not in second
    assert (second["settled"], second["draft"], second.get("end")) == ("so far", " maybe", None)


def test_an_hour_of_conversation_moves_at_most_200_kB_before_the_first_zoom() -> None:
    script = Script(3_600.0)
    for k in range(600):
        text = f"utterance {k} with the ten or eleven words that people say"
        script.turn(f"t{k}", 6 * k + 0.5, 6 * k + 4.0, text, partials=[(0.5, "", "utter")])
    assert size(ask(Waveform(script.finish()), kind="hello", view="v")) <= 200_000


def test_lanes_bring_the_services_own_turns_with_them() -> None:
    wave = Waveform(three_turns(), reference=[ReferenceTurn(1, 3, "so")], estimated=[Turn(1, 0.7, 3.1)])
    lanes = ask(wave, kind="hello", view="v")[0][0]["lanes"]
    assert [(lane["role"], len(lane["turns"])) for lane in lanes] == [
        ("reference", 1), ("service", 3), ("estimated", 1)
    ]
    taken_away = messages_of(wave, lambda: wave.set_lane("estimated", None))
    assert [content["kind"] for content, _ in taken_away] == ["run"]


def messages_of(widget, action) -> list:
    messages = heard(widget)
    action()
    return messages


def test_settings_changed_midway_stand_on_the_axis() -> None:
    script = Script(12.0)
    script.play(5.0)
    changed = {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}
    script.update({"turn_detection": changed}, 5.0)
    [mark] = RunMessages("a", script.recording, "").snapshot()[0]["marks"]
    assert (mark["kind"], mark["label"]) == ("settings", "0.00 · 400")
    assert mark["time"] == pytest.approx(5.0, abs=0.11)


def test_a_run_is_told_with_its_settings_and_its_figures_with_their_conditions() -> None:
    recording = three_turns()
    info = RunMessages("a", recording, "").snapshot()[0]["info"]
    wait = recording.latency().summary()["finalization"]
    settings = {"threshold": 0.2, "silence": 800, "client": False, "ends": "", "changed": False}
    assert info["settings"] == settings
    assert info["summary"]["figures"]["p50"] == pytest.approx(wait.p50, abs=1e-4)
    assert info["summary"]["figures"]["longest"] == pytest.approx(wait.longest, abs=1e-4)
    said = {name: info["summary"][name] for name in ("n", "chunk_ms", "pace", "source")}
    assert said == {"n": 3, "chunk_ms": 100, "pace": 1.0, "source": "service"}
    manual = Script(4.0, config=SessionConfig(turn_detection=None))
    told = RunMessages("a", manual.recording, "").snapshot()[0]["info"]
    assert told["settings"]["threshold"] is None and told["summary"] is None


def test_a_display_moves_while_the_recording_grows_and_its_thread_ends_with_it() -> None:
    script = Script(12.0)
    wave = Waveform(script.recording)
    messages = heard(wave)
    wave._handle_custom_msg({"kind": "hello", "view": "v"}, [])
    script.turn("a", 1.0, 2.0, "words")
    wait_until(lambda: any(c["kind"] == "run" and c["base"] is not None for c, _ in messages), 5, "a patch")
    wait_until(lambda: any(c["kind"] == "grow" for c, _ in messages), 5, "growth")
    script.finish()
    wait_until(lambda: not wave.page.throttle.running, 5, "the thread ends")
    page = Page()
    for content, _ in messages:
        if content["kind"] == "run":
            page.take(content)
    assert page.utterances[0]["settled"] == "words"
    assert messages[-1][0]["kind"] in ("run", "grow")


def test_a_growing_sound_is_told_at_most_20_times_a_second_and_whole() -> None:
    script = Script(4.0, chunk_ms=10)
    wave = Waveform(script.recording)
    ask(wave, kind="hello", view="v")
    wave.page.throttle.stop()
    told, now = [], 0.0
    page = wave.page
    throttle = Throttle(page.changes, lambda content, buffers: told.append((now, content)), page.wanted)
    for step in range(400):
        now = step / 100
        script.play(now)
        throttle.step(now)
    grown = [(when, content["length"]) for when, content in told if content["kind"] == "grow"]
    fullest = max(sum(start <= when < start + 1 for when, _ in grown) for start, _ in grown)
    assert 10 <= fullest <= 20 and grown[-1][1] > 3.8 * 16_000


def test_the_thread_ends_with_the_last_view_and_with_the_widget() -> None:
    wave = Waveform(Script(5.0).recording)
    heard(wave)
    wave._handle_custom_msg({"kind": "hello", "view": "v"}, [])
    assert wave.page.throttle.running
    wave._handle_custom_msg({"kind": "bye", "view": "v"}, [])
    wait_until(lambda: not wave.page.throttle.running, 5, "the thread ends")
    wave._handle_custom_msg({"kind": "hello", "view": "w"}, [])
    assert wave.page.throttle.running
    wave.close()
    assert not wave.page.throttle.running


def test_views_of_one_recording_share_its_name_and_others_do_not() -> None:
    recording = three_turns()
    names = [ask(view, kind="hello", view="v")[0][0]["source"]
             for view in (Waveform(recording), TranscriptView(recording), TranscriptView(three_turns()))]
    assert names[0] == names[1] != names[2]


def test_no_sound_and_no_word_stands_in_a_trait() -> None:
    wave = Waveform(three_turns())
    ask(wave, kind="hello", view="v")
    state = {name: value for name, value in wave.get_state().items() if name not in ("_esm", "_css")}
    assert "blue band" not in repr(state) and len(repr(state)) < 1_000


def test_a_message_of_no_known_kind_is_left_aside() -> None:
    assert ask(Waveform(three_turns()), kind="something") == []


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Waveform([1, 2, 3]), "list"),
        (lambda: Waveform(three_turns(), threshold=2), "2"),
        (lambda: Waveform(three_turns(), height=3), "3"),
        (lambda: Waveform(three_turns(), lang="fr"), "fr"),
        (lambda: Waveform(three_turns()).show(5, 2), "5"),
        (lambda: Waveform(three_turns()).set_lane("mine", []), "mine"),
        (lambda: TranscriptView(AudioClip(np.zeros(9, np.float32), 8_000)), "AudioClip"),
    ],
)
def test_bad_input_names_the_value(make, named) -> None:
    with pytest.raises(SettingError, match=named):
        make()


def test_an_utterance_without_a_first_partial_says_why() -> None:
    script = Script(10.0)
    script.turn("a", 1.0, 3.0, "with a partial")
    recording = script.finish()
    one = recording.utterances[0]
    bare = replace(one, partials=Partials(), latency=replace(one.latency, first_partial=None))
    assert why_no_partial(bare, bare.latency, recording) == "final"
    heard = Partials().plus(Partial(2.0, "", "with"))
    late = replace(one, partials=heard, latency=replace(one.latency, first_partial=None, off_pace=True))
    assert why_no_partial(late, late.latency, recording) == "pace"
    known = replace(one.latency, first_partial=0.5)
    assert why_no_partial(one, known, recording) == ""
