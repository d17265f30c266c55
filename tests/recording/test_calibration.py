"""A hidden scale is found out from recordings; a detector of another family is called a poor fit."""

from __future__ import annotations

import numpy as np
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.errors import EndpointError, SettingError
from qwen_asr_widgets.recording.calibration import calibrate, observations
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
    assert not fit.good and fit.agreement < 0.8 and str(fit).startswith("Poor fit")


def test_the_embedded_service_itself_fits_exactly():
    with qaw.embedded("script") as endpoint:
        fit = calibrate(recorded(endpoint, qaw.sample("conversation").clip))
    assert fit.boundary_error == pytest.approx(0, abs=1e-3) and fit.agreement == 1.0


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
