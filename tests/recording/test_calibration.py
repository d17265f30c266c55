"""A hidden scale is found out from recordings; a detector of another family is called a poor fit."""

from __future__ import annotations

import numpy as np
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.client.probe import kept
from qwen_asr_widgets.errors import EndpointError, SettingError
from qwen_asr_widgets.recording.calibration import calibrate, observations, reported_turns
from qwen_asr_widgets.recording.verification import agreement, verify
from qwen_asr_widgets.vad.calibration.calibrate import Observation
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.turns import Turn, TurnDetection, detect_turns

pytestmark = pytest.mark.service

HIDDEN = {"slope": 0.6, "offset": 0.25, "delay_ms": 96, "padding_ms": 120, "end_ms": 48}
SETTINGS = (TurnDetection(-0.6, 400), TurnDetection(0.0, 400), TurnDetection(0.6, 400))


def talk() -> AudioClip:
    """A minute and a half of speech, clean and noisy."""
    clips = [qaw.sample(name).clip for name in ("conversation", "noisy", "dictation")]
    return AudioClip(np.concatenate([clip.samples for clip in clips]), 16_000)


def recorded(endpoint, clip=None):
    clip = clip or talk()
    return [
        qaw.transcribe(clip, endpoint, qaw.SessionConfig(turn_detection=one), pace=None, progress=False)
        for one in SETTINGS
    ]


def test_a_hidden_scale_is_recovered_from_three_recordings():
    with qaw.embedded("script", detector=HIDDEN) as endpoint:
        recordings = recorded(endpoint)
        assert {one.onset_source for rec in recordings for one in rec.utterances} == {"estimated"}
        fit = calibrate(recordings)
        assert fit.good and fit.boundary_error <= 0.04, str(fit)
        assert str(fit).startswith("Good fit")
        # It holds for settings and sound that had no part in it.
        unseen = qaw.sample("call").clip
        for settings in (TurnDetection(-0.3, 500), TurnDetection(0.3, 700)):
            done = verify(unseen, settings, endpoint, calibration=fit)
            assert done.agreement.share >= 0.9 and done.agreement.boundary_error <= 0.04, str(done)
            naive = agreement(detect_turns(qaw.speech_scores(unseen), settings), done.turns)
            assert naive.boundary_error > done.agreement.boundary_error


def test_a_detector_of_another_family_is_called_a_poor_fit():
    with qaw.embedded("script", detector={"kind": "energy"}) as endpoint:
        fit = calibrate(recorded(endpoint))
    assert not fit.good and str(fit).startswith("Poor fit")
    with pytest.raises(SettingError, match="cannot be used"):
        from qwen_asr_widgets.widgets.tuner.vad_tuner import VadTuner

        VadTuner(qaw.sample("noisy"), calibration=fit)


def webrtc_turns(clip: AudioClip, settings: TurnDetection, mode: int) -> list[Turn]:
    """Turns by the WebRTC detector (a mixture model of six bands; 30 ms frames) at one of its four modes."""
    webrtcvad = pytest.importorskip("webrtcvad")
    pcm, detector, frame = clip.to_pcm16(), webrtcvad.Vad(mode), 480
    starts = range(0, len(pcm) - frame, frame)
    speech = [detector.is_speech(pcm[k:k + frame].tobytes(), 16_000) for k in starts]
    middles = (np.arange(len(pcm) // 512) * 512 + 256) // frame
    yes = np.array(speech)[middles.clip(0, len(speech) - 1)]
    return detect_turns(SpeechScores(np.where(yes, 1.0, -1.0).astype(np.float32)), settings)


def test_the_webrtc_detector_is_called_a_poor_fit_even_in_clean_sound():
    clip = talk()
    scores = qaw.speech_scores(clip)
    seen = [Observation(scores, one, webrtc_turns(clip, one, mode)) for one, mode in zip(SETTINGS, (0, 1, 3))]
    fit = calibrate(seen)
    assert min(len(one.turns) for one in seen) >= 15, "it hears the speech well enough to be judged"
    assert not fit.good and fit.agreement < 0.9 and str(fit).startswith("Poor fit")


def test_the_embedded_service_itself_fits_exactly():
    with qaw.embedded("script") as endpoint:
        fit = calibrate(recorded(endpoint, qaw.sample("conversation").clip))
    assert fit.boundary_error == pytest.approx(0, abs=1e-3) and fit.agreement == 1.0


STAND_IN = {"end_contains_silence": True, "silence_floor_ms": 400, "own_reports": False}


@pytest.fixture(scope="module")
def stand_in() -> dict[int, qaw.Recording]:
    """Recordings of a stand-in whose ends contain the silence, never less than 400 ms, by silence."""
    clip = talk()
    with qaw.embedded("script", quirks=STAND_IN) as endpoint:
        return {
            silence: qaw.transcribe(
                clip, endpoint, qaw.SessionConfig(turn_detection=TurnDetection(0.0, silence)), pace=None,
                progress=False,
            ) for silence in (200, 400, 600, 800, 1_000)
        }


def test_ends_that_contain_the_silence_are_told_by_the_recordings_not_by_what_is_known(stand_in):
    fit = calibrate(stand_in.values())
    assert fit.good and fit["end_includes_silence"].identified and fit.end_includes_silence, str(fit)
    assert fit["end_shift"].identified and fit.end_shift == pytest.approx(0, abs=0.02)
    floor = fit["silence_floor_ms"]
    assert floor.low <= 400 <= floor.high and fit.silence_floor_ms == pytest.approx(400, abs=40)
    # Recordings take the silence out of the ends; the fit is to what was reported.
    spoken, told = stand_in[600].turns[0].end, reported_turns(stand_in[600])[0].end
    assert told - spoken == pytest.approx(0.6, abs=0.002)


def test_one_silence_leaves_open_what_a_probe_measured_and_that_stands_in(stand_in):
    one = stand_in[600]
    fit = calibrate(one)
    assert fit["end_includes_silence"].status == "not identifiable"
    probed = calibrate(one, probe=report(one))
    assert probed["end_includes_silence"].status == probed["silence_floor_ms"].status == "measured"
    assert probed.end_includes_silence and probed.end_shift == pytest.approx(0, abs=0.02)
    assert probed["end_shift"].identified and probed.floor_ms == 400


def test_the_probe_kept_of_a_service_is_used_without_being_asked_for(stand_in, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "probes_folder", lambda: tmp_path)
    one = stand_in[600]
    kept.keep(report(one))
    assert calibrate(one)["end_includes_silence"].status == "measured"


def report(recording: qaw.Recording) -> qaw.ProbeReport:
    """Return what a probe of the stand-in finds."""
    info = recording.info
    found = (
        qaw.Finding("end_contains_silence", "agrees", "They move with the silence.", True, n=5),
        qaw.Finding("silence_floor_ms", "agrees", "400 ms were waited for.", 400, n=5),
    )
    return qaw.ProbeReport(kept.service_of(info.endpoint), info.model, "2026-11-27T09:00Z", found)


def test_settings_that_a_fit_has_not_seen_are_marked_in_a_replay():
    with qaw.embedded("script", quirks=STAND_IN) as endpoint:
        fit = calibrate([
            qaw.transcribe(
                talk(), endpoint, qaw.SessionConfig(turn_detection=TurnDetection(0.0, silence)), pace=None,
                progress=False,
            ) for silence in (400, 800)
        ])
        done = verify(qaw.sample("call").clip, TurnDetection(0.0, 1_000), endpoint, calibration=fit)
    assert done.outside == ("silence 1000 ms (seen: 400 to 800 ms)",)
    assert str(done).endswith("; not seen by the fit: silence 1000 ms (seen: 400 to 800 ms)")
    assert done.agreement.share >= 0.9 and done.agreement.boundary_error <= 0.04


def test_each_stretch_between_two_settings_is_an_observation_of_its_own():
    from support.recordings import Script

    script = Script(24.0, config=qaw.SessionConfig(turn_detection=TurnDetection(0.2, 800)))
    script.turn("a", 1.0, 4.0, "one")
    script.play(8.0)
    script.update(qaw.SessionConfig(turn_detection=TurnDetection(0.0, 400)).to_wire(), 8.0)
    script.turn("b", 10.0, 13.0, "two", endpoint=0.45)
    first, second = observations(script.finish())
    assert (first.settings.silence_duration_ms, second.settings.silence_duration_ms) == (800, 400)
    assert [turn.end for turn in first.turns] == [4.0]
    assert second.turns[0].end == pytest.approx(13.0 - 8.0, abs=0.033)
    assert len(second.scores) * 0.032 == pytest.approx(16.0, abs=0.1)


def test_recordings_in_manual_mode_tell_nothing():
    from support.recordings import Script

    script = Script(5.0, config=qaw.SessionConfig(turn_detection=None))
    with pytest.raises(SettingError, match="in none of the recordings did the service detect turns"):
        calibrate([script.finish()])


@pytest.mark.parametrize("detector, said", [
    ({"kind": "radar"}, "'silero' or 'energy'"), ({"slop": 1}, "no 'slop'"),
    ({"delay_ms": 5_000}, "up to 1000"),
])
def test_a_detuning_that_cannot_be_is_refused(detector, said):
    with pytest.raises(EndpointError, match=said):
        qaw.embedded("script", detector=detector).start()
