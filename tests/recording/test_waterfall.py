"""The parts of a wait are what a scripted service took for each, and add up; what is not known says so."""

from __future__ import annotations

import io

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from support.recordings import TRANSCRIPTION, Script, three_turns
from support.scripted_server import ScriptedServer
from support.waiting import wait_until

from qwen_asr_widgets import Endpoint, ReferenceTurn, SessionConfig, TurnDetection, load_recording
from qwen_asr_widgets.client import stream as stream_module
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, IDEAL
from qwen_asr_widgets.recording import Recording
from qwen_asr_widgets.recording.delays.distribution import distribution, ranks
from qwen_asr_widgets.recording.delays.waterfall import PARTS
from qwen_asr_widgets.recording.exports.formats import FORMATS
from qwen_asr_widgets.recording.log.run_info import RunInfo
from qwen_asr_widgets.recording.run import Run
from qwen_asr_widgets.recording.values import RoundTrip


def seconds(row) -> dict[str, float | None]:
    return {part.name: part.seconds for part in row.parts}


def played(trip=0.031, painted=0.040, endpoint=0.9, decode=0.25, **script):
    """A turn from 1.0 to 3.0 s; chunks of 100 ms leave when they were spoken, a ping was answered at 2 s."""
    run = Script(8.0, **script)
    run.play(2.0)
    if trip is not None:
        run.recording.round_trip(trip, 102.0)
    run.turn("a", 1.0, 3.0, "so it was", endpoint=endpoint, decode=decode)
    if painted is not None:
        run.recording.words_painted("a", 100 + 3.0 + endpoint + decode + painted)
    return run.finish()


def test_a_service_with_known_delays_gives_exactly_these_parts() -> None:
    """15 ms there, the silence of 800 ms, 69 ms until it was found, 16 ms back, 250 and 40 ms."""
    row = played().waterfall()[0]
    assert seconds(row) == {
        "network_there": 0.015, "silence": 0.8, "detection": 0.069, "network_back": 0.016, "decoding": 0.25,
        "painting": 0.04,
    }
    assert [part.start for part in row.parts] == [0.0, 0.015, 0.815, 0.884, 0.9, 1.15]
    assert {part.name: part.basis for part in row.parts} == {
        **dict.fromkeys(PARTS, "inferred"), "decoding": "measured", "painting": "measured",
    }
    assert row.counts and row.total == pytest.approx(1.19, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    trip=st.none() | st.floats(0, 2), painted=st.none() | st.floats(0, 1), endpoint=st.floats(0.3, 2),
    decode=st.floats(0, 1), silence=st.integers(200, 1500), facts=st.sampled_from([IDEAL, DASHSCOPE]),
)
def test_the_parts_add_up_to_the_millisecond_and_follow_each_other(
    trip, painted, endpoint, decode, silence, facts
) -> None:
    config = SessionConfig(turn_detection=TurnDetection(silence_duration_ms=silence))
    recording = played(trip, painted, endpoint, decode, config=config, facts=facts)
    row, wait = recording.waterfall()[0], recording.latency()[0].finalization
    if not row.parts:
        assert wait is None
        return
    known = [part for part in row.parts if part.seconds is not None]
    ms = [round(1_000 * part.seconds) for part in known]
    assert all(one >= 0 for one in ms)
    assert [round(1_000 * part.start) for part in known] == [sum(ms[:k]) for k in range(len(ms))]
    painting = round(1_000 * (row["painting"].seconds or 0.0))
    assert sum(ms) - painting == round(1_000 * wait)
    named = {part.within for part in row.parts if part.seconds is None}
    assert all(row[name].seconds is not None for name in named - {""})


def test_what_cannot_be_known_is_named_with_the_part_that_holds_its_time() -> None:
    row = three_turns().waterfall()[0]
    assert (row["network_there"].seconds, row["network_there"].within) == (None, "detection")
    assert "no ping" in row["network_back"].why and row["network_back"].basis == "unknown"
    assert row["painting"].why == "no page has reported it" and row["painting"].within == ""
    assert row.total == three_turns().latency()[0].finalization


def test_a_ping_that_took_longer_than_the_wait_leaves_is_not_taken_for_the_network() -> None:
    row = played(trip=0.5).waterfall()[0]
    assert row["network_there"].seconds is None and "longer" in row["network_there"].why
    assert row["detection"].seconds == pytest.approx(0.1)


def test_a_ping_of_another_connection_or_long_before_says_nothing() -> None:
    script = Script(30.0).play(2.0)
    script.recording.round_trip(0.031, 102.0)
    row = script.turn("a", 20.0, 22.0, "so").finish().waterfall()[0]
    assert row["network_there"].basis == "unknown"


def test_the_silence_is_counted_in_the_frames_of_the_embedded_service() -> None:
    config = SessionConfig(turn_detection=TurnDetection(silence_duration_ms=400))
    script = Script(8.0, config=config, chunk_ms=1, facts=IDEAL)
    part = script.turn("a", 1.0, 3.0, "so", endpoint=0.5).finish().waterfall()[0]["silence"]
    assert part.seconds == pytest.approx(0.416) and "32 ms" in part.why  # 13 frames


def test_on_dashscope_the_silence_is_met_where_the_service_says_so() -> None:
    """The end it reports, 3.0 s, holds the silence of 800 ms; so speech ended at 2.2 s."""
    row = played(facts=DASHSCOPE, endpoint=0.08).waterfall()[0]
    assert row["silence"].seconds == pytest.approx(0.8)
    assert "follows by arithmetic" in row["silence"].why
    assert row["detection"].seconds == pytest.approx(0.08 - 0.031)


def test_by_a_reference_the_silence_begins_at_the_true_end() -> None:
    row = played().waterfall([ReferenceTurn(1.0, 2.8)])[0]
    assert row["silence"].seconds == pytest.approx(1.0)
    assert played().waterfall([ReferenceTurn(1.0, 4.5)])[0].parts == ()  # it was cut off: nobody waited


def test_the_settings_in_force_at_the_end_of_a_turn_say_how_long_the_silence_is() -> None:
    script = Script(12.0)
    script.turn("a", 1.0, 2.0, "one", endpoint=0.9)
    shorter = SessionConfig(language="en", turn_detection=TurnDetection(silence_duration_ms=400))
    script.update(shorter.to_wire(), 3.0)
    script.turn("b", 5.0, 6.0, "two", endpoint=0.5)
    first, second = script.finish().waterfall()
    assert (first["silence"].seconds, second["silence"].seconds) == (pytest.approx(0.8), pytest.approx(0.4))


def test_what_silence_did_not_close_has_no_silence_and_does_not_count() -> None:
    script = Script(4.0).play(3.1)
    script.go({"type": "session.finish"}, 3.1)
    recording = script.turn("a", 1.0, 3.0, "so", endpoint=0.2).finish()
    row = recording.waterfall()[0]
    assert row["silence"].seconds is None and row["silence"].within == "detection" and not row.counts
    assert row["detection"].basis == "measured" and recording.waterfall().summary().spread == {}


def test_in_manual_mode_the_wait_begins_at_the_commit() -> None:
    script = Script(6.0, config=SessionConfig(turn_detection=None)).play(5.0)
    script.recording.round_trip(0.020, 104.0)
    script.go({"type": "input_audio_buffer.commit"}, 5.01)
    script.come({"type": "input_audio_buffer.committed", "item_id": "m"}, 5.03)
    script.come({"type": TRANSCRIPTION + "completed", "item_id": "m", "transcript": "so"}, 5.41)
    row = script.finish().waterfall()[0]
    assert row.begins == "commit" and seconds(row) == {
        "network_there": 0.01, "decoding": 0.38, "network_back": 0.01, "painting": None,
    }


def test_round_trips_and_paintings_are_in_a_bundle() -> None:
    recording, file = played(), io.BytesIO()
    FORMATS[".qasr"].write(recording, file)
    again = load_recording(file.getvalue())
    assert again.waterfall()[0] == recording.waterfall()[0] and again.events == recording.events


def test_what_a_page_reports_after_the_end_of_a_run_is_not_noted() -> None:
    recording = played(painted=None)
    before = recording.version
    recording.words_painted("a", 120.0)
    assert recording.version == before and recording.waterfall()[0]["painting"].seconds is None


def test_a_report_that_was_long_on_its_way_says_nothing() -> None:
    script = Script(8.0).turn("a", 1.0, 3.0, "so")
    script.recording.words_painted("a", 105.5, took=0.1)  # the final came at 4.0 s
    script.recording.words_painted("nobody", 104.1)
    assert script.recording.painted == {}
    script.recording.words_painted("a", 104.9, took=0.1)
    script.recording.words_painted("a", 104.95)
    assert script.recording.painted == {"a": pytest.approx(4.9)}


def test_pings_of_a_real_connection_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def trips() -> list[float]:
        return [one.event.seconds for one in recording.events if isinstance(one.event, RoundTrip)]

    recording = Recording(SessionConfig(), RunInfo(pace=None, chunk_ms=100))
    monkeypatch.setattr(stream_module, "PING_INTERVAL", 0.02)
    with ScriptedServer() as server:
        run = Run(Endpoint(server.url, "sk-x"), recording)
        run.start()
        assert wait_until(lambda: len(trips()) >= 2, what="two pings were answered")
        run.abort()
    assert all(0 <= one < 10 for one in trips())


def test_the_frame_is_tidy_and_the_summary_has_percentiles_with_n_and_intervals() -> None:
    waits = played().waterfall()
    frame = waits.to_frame()
    assert list(frame["part"]) == list(PARTS) and frame["seconds"].sum() == pytest.approx(1.19)
    spread = waits.summary()["decoding"]
    assert (spread.n, spread.p50.value, spread.p50.low) == (1, pytest.approx(0.25), None)
    assert waits.summary().to_frame().loc["total", "p99"] == pytest.approx(1.19)
    assert "≈ 0.800 s" in waits._repr_html_() and "? not known" in waits._repr_html_()


def test_of_sound_sent_as_fast_as_it_was_taken_no_wait_is_summed_up() -> None:
    assert three_turns(pace=None).waterfall().summary().spread == {}


@pytest.mark.parametrize("n", [1, 5, 20, 59, 100, 368, 1_000])
@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_intervals_of_percentiles_are_those_of_the_binomial_distribution(n: int, share: float) -> None:
    """scipy's `quantile_test` inverts the same test."""
    values = np.sort(np.random.default_rng(n).gamma(2.0, 0.2, n))
    theirs = scipy.stats.quantile_test(values, p=share).confidence_interval(0.95)
    low, high = ranks(n, share)
    ours = (values[low - 1] if low else -np.inf, values[high - 1] if high <= n else np.inf)
    assert [None if np.isinf(one) else one for one in ours] == [
        None if np.isnan(one) or np.isinf(one) else one for one in (theirs.low, theirs.high)
    ]


def test_an_interval_holds_the_true_percentile_in_19_of_20_samples() -> None:
    random = np.random.default_rng(1)
    true = scipy.stats.gamma.ppf(0.95, 2.0, scale=0.2)
    held = 0
    for _ in range(400):
        one = distribution(random.gamma(2.0, 0.2, 200)).p95
        held += one.low is not None and one.high is not None and one.low <= true <= one.high
    assert held / 400 > 0.93


# ---- how partial results change

def test_a_word_is_stable_once_nothing_takes_it_back_and_settled_once_the_service_says_so() -> None:
    script = Script(8.0)
    script.turn(
        "a", 1.0, 3.0, "so it was", partials=[
            (0.5, "", "so I"), (1.0, "so", " it"), (1.5, "so", " it was"), (1.8, "so it", " wash")],
        endpoint=0.9,
    )
    words = {word.word: word for word in script.finish().stability()}
    assert [words[one].stable_at for one in ("so", "it", "was")] == pytest.approx([1.5, 2.0, 4.1])
    assert [words[one].settled_at for one in ("so", "it", "was")] == pytest.approx([2.0, 2.8, 4.1])
    assert [words[one].by_final for one in ("so", "it", "was")] == [False, False, True]
    # 7 letters from 1.0 to 3.0 s: "so" ends at 1.571, whose chunk left at 1.6
    assert words["so"].end == pytest.approx(1.571) and words["so"].stable_delay == pytest.approx(-0.1)


def test_each_line_that_was_shown_says_what_it_kept_and_took_back() -> None:
    recording = three_turns()
    first = [one for one in recording.stability().revisions if one.number == 1]
    assert [(one.settled, one.draft, one.kept, one.taken_back) for one in first] == [
        ("", "so", 0, 0), ("so", " it", 1, 0), ("so the", " first", 1, 1), (first[-1].settled, "", 3, 0),
    ]
    assert first[-1].final and not first[0].final
    shown = sum(len((one.settled + one.draft).split()) - one.kept for one in first[:-1])
    taken = sum(one.taken_back for one in first)
    assert taken / shown == pytest.approx(recording.latency()[0].revised_share)


def test_where_a_language_has_no_spaces_its_characters_settle() -> None:
    script = Script(8.0, config=SessionConfig(language="zh"))
    script.turn("a", 1.0, 3.0, "早上好", partials=[(0.5, "早", "尚"), (1.0, "早上", "")], language="zh")
    table = script.finish().stability()
    assert [word.word for word in table] == list("早上好") and [word.by_final for word in table] == [
        False, False, True,
    ]
    assert list(table.to_frame()["settled_at"]) == pytest.approx([1.5, 2.0, 4.0])
    assert len(table.revisions_to_frame()) == 3 and table.delays()["settled"].n == 3


def test_a_partial_that_comes_after_the_final_changes_nothing() -> None:
    script = Script(8.0).turn("a", 1.0, 3.0, "so it", partials=[(0.5, "so", "")])
    script.partial("a", 4.5, "so", " late")
    table = script.finish().stability()
    assert [one.final for one in table.revisions] == [False, True]
    assert table[0].settled_at == pytest.approx(1.5)
