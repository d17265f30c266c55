"""Latencies are the definitions, to the millisecond, under a clock that the test turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import Script, three_turns

from qwen_asr_widgets.audio.reference import ReferenceTurn
from qwen_asr_widgets.errors import LabelError
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.protocol.utterance import Partial, Utterance
from qwen_asr_widgets.recording.latency import match_reference, measure_utterance
from qwen_asr_widgets.recording.log.ledger import SendLedger
from qwen_asr_widgets.recording.summary import summarize
from qwen_asr_widgets.recording.text import revised_share


def one_turn(**kwargs):
    """A turn from 1.0 to 3.0 s; chunks of 100 ms leave when their last sample was spoken."""
    return Script(6.0).turn(
        "a", 1.0, 3.0, "so it was", started=0.130,
        partials=[(0.3, "", ""), (0.450, "", "so")], endpoint=0.832, decode=0.251, **kwargs,
    ).finish()


def test_every_delay_is_counted_from_the_sending_of_its_sample():
    row = one_turn().latency()[0]
    # the first speech sample (16000) is in the chunk that left at 1.1 s, the last (47999) in that of 3.0 s
    assert row.onset_delay == pytest.approx(1.130 - 1.1, abs=1e-9)
    assert row.first_partial == pytest.approx(1.450 - 1.1, abs=1e-9)
    assert row.endpoint_delay == pytest.approx(0.832, abs=1e-9)
    assert row.decode_delay == pytest.approx(0.251, abs=1e-9)
    assert row.finalization == pytest.approx(1.083, abs=1e-9)


def test_a_lag_in_sending_is_not_blamed_on_the_service():
    prompt, lagging = Script(6.0), Script(6.0, lag=0.05)
    for script in (prompt, lagging):
        script.turn("a", 1.0, 3.0, "x", started=0.2, endpoint=0.9)
    assert lagging.finish().latency()[0].endpoint_delay == pytest.approx(
        prompt.finish().latency()[0].endpoint_delay - 0.05
    )


def sent_at_other_times(script, when):
    """Let chunks leave at other times than their own."""
    noted = script.recording.audio_sent
    script.recording.audio_sent = lambda start, stop, time: noted(start, stop, 100 + when(time - 100))
    return script


def test_what_waited_for_a_slow_connection_and_left_in_a_burst_is_no_latency_of_the_service():
    script = sent_at_other_times(Script(10.0), lambda time: max(time, 3.75))
    script.turn("a", 1.0, 3.0, "so it was", started=2.8, partials=[(2.81, "", "so")])
    script.turn("b", 5.0, 7.0, "and is", partials=[(0.5, "", "and")])
    table = script.finish().latency()
    early, steady = table
    assert early.off_pace and not steady.off_pace
    assert (early.onset_delay, early.first_partial, early.endpoint_delay, early.finalization) == (None,) * 4
    assert early.decode_delay == pytest.approx(0.2) and steady.finalization == pytest.approx(1.0)
    summary = table.summary()
    assert summary.off_pace == 1 and summary["finalization"].n == 1
    assert str(summary).endswith("1 not sent at that pace)")


def test_a_pause_within_an_utterance_is_not_counted_as_waiting_for_its_first_words():
    script = sent_at_other_times(Script(24.0), lambda time: time if time < 2.0 else time + 20.0)
    script.turn("a", 1.0, 3.0, "so it was", partials=[(21.2, "", "so")], endpoint=20.8)
    row = script.finish(50.0).latency()[0]
    assert row.off_pace and row.first_partial is None
    assert row.onset_delay == pytest.approx(0.0) and row.endpoint_delay == pytest.approx(0.8)


@pytest.mark.parametrize("held, heard, off", [(0.0, 1.9, False), (4.0, 5.9, True), (0.0, 3.5, False)])
def test_a_turn_of_the_client_leaves_in_a_burst_and_nothing_follows_its_commit_but_a_pause_is_seen(
    held, heard, off
):
    """A turn from 1.0 to 2.0 s, opened at 1.5 s, held up for so long at 1.8 s and committed at 2.4 s."""
    ledger = SendLedger()
    ledger.add(11_200, 24_000, 1.5)
    for tenth in range(15, 24):
        ledger.add(1_600 * tenth, 1_600 * tenth + 1_600, 0.1 * tenth + 0.1 + (held if tenth >= 18 else 0.0))
    committed = 2.41 + held
    utterance = Utterance(
        1, "a", start=0.7, onset=1.0, end=2.0, onset_source="client", status="final",
        ended_by="silence", started_at=1.5, stopped_at=committed, committed_sent_at=committed,
        final_at=max(committed, heard) + 0.2, partials=(Partial(heard, "", "so"),),
    )
    row = measure_utterance(
        utterance, ledger.at, 16_000, drift=lambda sample, until: ledger.drift(sample, until, 16_000),
    )
    assert row.off_pace is off and row.endpoint_delay == pytest.approx(0.41)
    assert row.first_partial == (None if off else pytest.approx(heard - 1.5))


def test_sound_sent_as_fast_as_it_is_taken_has_no_pace_to_be_off():
    script = sent_at_other_times(Script(6.0, pace=None), lambda time: 0.1)
    row = script.turn("a", 1.0, 3.0, "so it was").finish().latency()[0]
    assert not row.off_pace and row.endpoint_delay is not None


def test_an_empty_partial_is_not_the_first():
    assert one_turn().latency()[0].first_partial == pytest.approx(0.350)


@given(
    st.floats(0, 10).map(lambda value: 100 + value), st.floats(0, 2), st.floats(0, 2),
)
def test_finalization_is_endpoint_plus_decode_to_the_millisecond(sent, endpoint, decode):
    utterance = Utterance(
        1, "a", start=0.0, onset=0.0, end=1.0, status="final", ended_by="silence",
        stopped_at=sent + endpoint, final_at=sent + endpoint + decode,
    )
    row = measure_utterance(utterance, lambda sample: sent, 16_000)
    in_ms = [round(1000 * value, 6) for value in (row.finalization, row.endpoint_delay, row.decode_delay)]
    assert all(value == int(value) for value in in_ms)
    assert in_ms[0] == in_ms[1] + in_ms[2]


def test_manual_mode_has_a_decode_delay_from_the_commit_and_no_endpoint():
    script = Script(6.0, config=SessionConfig(turn_detection=None)).play(5.0)
    script.go({"type": "input_audio_buffer.commit"}, 5.01)
    script.come({"type": "input_audio_buffer.committed", "item_id": "m"}, 5.03)
    script.come({"type": "conversation.item.created", "item": {"id": "m"}}, 5.03)
    script.come({"type": "conversation.item.input_audio_transcription.completed", "item_id": "m",
                 "transcript": "so"}, 5.41)
    recording = script.finish()
    row = recording.latency()[0]
    assert (row.endpoint_delay, row.finalization, row.onset_delay) == (None, None, None)
    assert row.decode_delay == pytest.approx(0.4)
    assert recording.latency().summary().n == 0


def test_what_never_came_has_no_delay():
    script = Script(6.0)
    script.turn("a", 1.0, 3.0, "", final=False)
    script.come({"type": "conversation.item.input_audio_transcription.failed", "item_id": "a",
                 "error": {"code": "x", "message": "y"}}, 4.5)
    row = script.finish().latency()[0]
    assert row.endpoint_delay == pytest.approx(0.8)
    assert (row.decode_delay, row.finalization) == (None, None)


def test_a_lost_connection_is_no_endpoint():
    script = Script(6.0)
    script.turn("a", 1.0, 3.0, "", close=False)
    script.recording.closed(None, "reset", 105.0)
    row = script.recording.latency([ReferenceTurn(1.0, 3.0)])[0]
    assert script.recording.utterances[0].status == "lost"
    assert (row.endpoint_delay, row.finalization, row.ended_by) == (None, None, "lost")


def test_the_table_names_where_speech_ends():
    assert one_turn().latency().source == "service"
    assert one_turn(exact=False).latency().source == "estimated"
    assert one_turn().latency([ReferenceTurn(1.0, 2.9)]).source == "reference"


def test_with_a_reference_delays_count_from_its_ends():
    row = one_turn().latency([ReferenceTurn(1.25, 2.85)])[0]
    assert row.endpoint_delay == pytest.approx(3.832 - 2.9)  # sample 45599 is in the chunk of 2.9 s
    assert row.onset_delay == pytest.approx(1.130 - 1.3)
    assert row.reference == 0


def test_an_utterance_without_reference_keeps_what_needs_none():
    row = one_turn().latency([ReferenceTurn(4.0, 5.0)])[0]
    assert (row.onset_delay, row.endpoint_delay, row.finalization, row.reference) == (None,) * 4
    assert row.decode_delay == pytest.approx(0.251)


def test_utterances_match_reference_turns_one_to_one_by_greatest_overlap():
    utterances = [Utterance(1, "a", 0, 0, 2.0), Utterance(2, "b", 2.2, 2.2, 5.0), Utterance(3, "c", 8, 8, 9)]
    reference = [ReferenceTurn(0.0, 4.9), ReferenceTurn(0.1, 1.9)]
    assert match_reference(utterances, reference) == [1, 0, None]
    assert match_reference(utterances, [ReferenceTurn(0.0, 4.9)]) == [None, 0, None]


spans = st.lists(st.tuples(st.floats(0, 50), st.floats(0.01, 9)))


@given(spans, spans)
def test_no_reference_turn_is_given_twice(spoken, true):
    utterances = [Utterance(n, str(n), a, a, a + length) for n, (a, length) in enumerate(spoken)]
    matches = match_reference(utterances, [ReferenceTurn(a, a + length) for a, length in true])
    given_out = [match for match in matches if match is not None]
    assert len(given_out) == len(set(given_out))


def test_a_reference_of_something_else_is_refused_with_its_value():
    for reference in (1.5, [1.5], ["a"]):
        with pytest.raises(LabelError, match=r"^reference(\[0\])? is (1.5|'a').*ReferenceTurn"):
            one_turn().latency(reference)


def test_a_turn_cut_before_its_reference_ended_is_not_counted_as_a_short_wait():
    table = one_turn().latency([ReferenceTurn(1.0, 5.0)])
    assert table[0].endpoint_delay < 0 and table[0].cut
    summary = table.summary()
    assert (summary.n, summary.cut) == (0, 1)
    assert "1 cut and not counted" in str(summary)


def test_summaries_take_only_what_silence_closed():
    script = Script(8.0)
    script.turn("a", 1.0, 2.0, "one")
    script.turn("b", 6.0, 7.9, "two", close=False)
    script.play()
    script.go({"type": "session.finish"}, 8.0)
    for message in ({"type": "input_audio_buffer.speech_stopped", "item_id": "b", "audio_end_ms": 7_900},
                    {"type": "input_audio_buffer.committed", "item_id": "b"},
                    {"type": "conversation.item.created", "item": {"id": "b"}},
                    {"type": "conversation.item.input_audio_transcription.completed", "item_id": "b",
                     "transcript": "two"}, {"type": "session.finished"}):
        script.come(message, 8.1)
    table = script.recording.latency()
    assert [row.ended_by for row in table] == ["silence", "finish"]
    assert (table.summary().n, table.summary().left_out) == (1, 1)


def test_a_small_sample_is_told_by_median_and_longest_a_large_one_by_percentiles():
    rows = three_turns().latency()
    assert "median 1.00 s, longest 1.12 s (n = 3; 100 ms chunks, real time" in str(rows.summary())
    many = summarize([rows[0]] * 10 + [rows[1]] * 10, "service", 100, 1.0)
    assert many["finalization"].text == "p50 1.06 s, p95 1.12 s, p99 1.12 s"


def test_percentiles_are_those_of_pandas():
    import pandas

    rows = list(three_turns().latency())
    measure = summarize(rows, "service", 100, 1.0)["finalization"]
    series = pandas.Series([row.finalization for row in rows])
    assert measure.p50 == pytest.approx(series.quantile(0.5))
    assert measure.p95 == pytest.approx(series.quantile(0.95))
    assert measure.p99 == pytest.approx(series.quantile(0.99))


@pytest.mark.parametrize("versions, language, share", [
    (["so it", "so I was", "so I was there"], "en", 1 / 4),
    (["good", "good morning", "good morning"], "en", 0.0),
    (["早上号", "早上好"], "zh", 1 / 3),
    (["早上号", "早上好"], None, 1 / 3),
    (["안녕 하세요", "안녕 하신가요"], "ko", 1 / 2),
    ([], "en", None),
    (["final alone"], "en", None),
])
def test_the_revised_share_counts_what_was_taken_back(versions, language, share):
    assert revised_share(versions, language) == (None if share is None else pytest.approx(share))


@given(st.lists(st.text("ab ", max_size=12), max_size=8))
def test_the_revised_share_is_a_share(versions):
    share = revised_share(versions, "en")
    assert share is None or 0 <= share <= 1


def test_the_revised_share_of_an_open_utterance_is_not_known_yet():
    script = Script(6.0)
    script.turn("a", 1.0, 3.0, "", partials=[(0.5, "so", "")], close=False)
    assert script.recording.latency()[0].revised_share is None


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.data())
def test_the_ledger_finds_the_first_sending_of_every_sample(lengths, data):
    ledger, sent, start = SendLedger(), {}, 0
    for number, length in enumerate(lengths):
        ledger.add(start, start + length, float(number))
        sent.update({sample: float(number) for sample in range(start, start + length)})
        start += length
    again = data.draw(st.integers(0, start))
    ledger.add(again, start, 99.0)
    assert all(ledger.at(sample) == time for sample, time in sent.items())
    assert ledger.at(start) is None and ledger.at(-1) is None


places = st.tuples(st.booleans(), st.integers(0, 60), st.integers(1, 20))
"""Whether a range is sent or passed over, where it begins and how long it is."""


@given(st.lists(places, max_size=30))
def test_whatever_sessions_send_or_skip_again_each_sample_counts_once(steps):
    ledger, times, skipped = SendLedger(), {}, set()
    for number, (is_sent, start, length) in enumerate(steps):
        samples = range(start, start + length)
        if is_sent:
            ledger.add(start, start + length, float(number))
            times.update({sample: float(number) for sample in samples if sample not in times})
        else:
            ledger.skip(start, start + length)
            skipped |= set(samples)
    assert ledger.sent == len(times) and ledger.skipped == len(skipped - set(times))
    assert ledger.stop == max({-1, *times, *skipped}) + 1
    assert [ledger.at(sample) for sample in range(90)] == [times.get(sample) for sample in range(90)]


def test_samples_that_were_never_sent_have_no_time():
    ledger = SendLedger()
    ledger.add(0, 10, 1.0)
    ledger.add(20, 30, 2.0)
    assert (ledger.at(9), ledger.at(10), ledger.at(19), ledger.at(20)) == (1.0, None, None, 2.0)


def test_a_frame_has_a_row_for_each_utterance_and_every_delay():
    frame = three_turns().latency().to_frame()
    assert list(frame.index) == [1, 2, 3]
    assert frame["finalization"].tolist() == pytest.approx([1.0, 1.12, 0.91], abs=0.0101)
    assert three_turns().to_frame().loc[2, "text"] == "every blue band is one turn"


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    import sys

    from qwen_asr_widgets.errors import MissingDependency

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependency, match="pip install pandas"):
        three_turns().to_frame()
