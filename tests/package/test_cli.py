"""The command line: what it prints, what it writes, and that wrong input is one sentence and exit code 2."""

import io
import json
import os
import re
import subprocess
import sys

import pysubs2
import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets import cli
from qwen_asr_widgets.cli import doctor
from qwen_asr_widgets.cli.transcribe import NO_WAITS, utterance_line
from qwen_asr_widgets.client import embedded
from qwen_asr_widgets.recording.exports.formats import FORMATS
from qwen_asr_widgets.recording.latency import TimedUtterance, UtteranceLatency

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "short.wav"
    qaw.sample("conversation").clip[:9.5].save(path)
    return path


def test_a_file_is_transcribed_and_written_in_every_format(short_clip, tmp_path, capsys):
    outputs = [tmp_path / f"talk{ending}" for ending in FORMATS]
    arguments = [part for path in outputs for part in ("--out", str(path))]
    assert cli.main(["transcribe", str(short_clip), "--pace", "0", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "good morning" in printed.lower() and len(printed.splitlines()) == 3
    assert all(path.stat().st_size > 100 for path in outputs)
    srt, vtt, as_json, qasr, wav, png = (
        tmp_path / f"talk.{ending}" for ending in ("srt", "vtt", "json", "qasr", "wav", "png")
    )
    assert len(pysubs2.load(str(srt))) == len(pysubs2.load(str(vtt))) == 2
    assert "good morning" in json.loads(as_json.read_text())["utterances"][0]["text"].lower()
    assert len(qaw.load_recording(qasr).utterances) == 2
    assert qaw.AudioClip.load(wav).duration == pytest.approx(9.5)
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_hyphen_is_the_sound_on_standard_input(short_clip, capsys, monkeypatch):
    with short_clip.open("rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        assert cli.main(["transcribe", "-", "--pace", "0", "--quiet"]) == 0
    assert "good morning" in capsys.readouterr().out.lower()


def test_where_pocketsphinx_stands_in_one_line_says_what_to_install(short_clip, capsys, monkeypatch):
    pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this machine")
    monkeypatch.setattr(embedded, "find_spec", lambda name: None if name == "moonshine_voice" else name)
    assert cli.main(["transcribe", str(short_clip), "--pace", "0"]) == 0
    told = capsys.readouterr().err
    assert told.count(embedded.INSTALL_MOONSHINE) == 1 and "pocketsphinx recognises" in told
    line = doctor._recognizers()
    assert embedded.INSTALL_MOONSHINE in line and "pocketsphinx (default)" in line


def test_no_wait_is_stated_where_sound_did_not_go_out_in_real_time_and_why_is_said_once(short_clip, capsys):
    assert cli.main(["transcribe", str(short_clip), "--pace", "0"]) == 0
    first, second, closing = capsys.readouterr().out.splitlines()
    assert first.lower().rstrip("?").endswith("can you show me how this works")
    assert not re.search(r"\d s\b|\[", first + second)
    assert closing == NO_WAITS


def test_no_wait_is_stated_at_another_pace_than_real_time(short_clip, capsys):
    arguments = ["--endpoint", "embedded:script", "--silence", "400", "--pace", "4"]
    assert cli.main(["transcribe", str(short_clip), *arguments]) == 0
    *lines, closing = capsys.readouterr().out.splitlines()
    assert lines and not re.search(r"\d s\b|\[", "".join(lines))
    assert closing.startswith("No waits are stated: with --pace 4 sound does not go out in real time")


@pytest.mark.parametrize(("delays", "shown"), [
    ({"first_partial": 0.5, "endpoint_delay": 0.8, "decode_delay": 0.1, "finalization": 0.9},
     "[first partial 0.50 s, finalization 0.90 s]"),
    ({"decode_delay": 0.1}, "[decode delay 0.10 s]"),
    ({}, "word"),
])
def test_a_delay_is_named_for_what_it_is(delays, shown):
    utterance = TimedUtterance(1, "item", text="word", latency=UtteranceLatency(1, **delays))
    assert utterance_line(utterance).endswith(shown)
    assert utterance_line(utterance, with_waits=False).endswith("word")


def test_quiet_prints_the_transcript_alone(short_clip, capsys):
    assert cli.main(["transcribe", str(short_clip), "--pace", "0", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].lower().startswith("good morning") and not lines[0].startswith(" ")


def test_settings_reach_the_service(short_clip, tmp_path):
    out = tmp_path / "talk.qasr"
    assert cli.main([
        "transcribe", str(short_clip), "--pace", "0", "--quiet", "--threshold", "0.1", "--silence", "450",
        "--padding", "120", "--language", "en", "--corpus", "good morning", "--rate", "8000",
        "--out", str(out),
    ]) == 0
    config = qaw.load_recording(out).config
    assert config == qaw.SessionConfig(
        language="en", corpus_text="good morning", sample_rate=8_000,
        turn_detection=qaw.TurnDetection(threshold=0.1, silence_duration_ms=450, prefix_padding_ms=120),
    )


def test_the_client_takes_turns_where_asked_to(short_clip, tmp_path):
    out = tmp_path / "talk.qasr"
    assert cli.main([
        "transcribe", str(short_clip), "--pace", "0", "--quiet", "--turn-taking", "client",
        "--silence", "450", "--out", str(out),
    ]) == 0
    recording = qaw.load_recording(out)
    assert recording.info.turn_taking == "client" and recording.skipped_duration > 0
    assert recording.config.turn_detection.silence_duration_ms == 450


WRONG = {
    "a file that is not there": (["no-such.wav"], "no-such.wav"),
    "a text named .wav": (["{text}"], "text.wav"),
    "an unknown sample": (["sample:nonsense"], "conversation"),
    "an unknown endpoint": (["{clip}", "--endpoint", "mars"], "mars"),
    "a threshold out of range": (["{clip}", "--threshold", "3"], "-1 and 1"),
    "a silence out of range": (["{clip}", "--silence", "10"], "200 and 6000"),
    "a client without settings": (
        ["{clip}", "--manual", "--turn-taking", "client"], "--manual finds no turns"
    ),
    "a rate no session takes": (["{clip}", "--rate", "44100"], "16000 or 8000"),
    "a channel that is not there": (["{clip}", "--channel", "3"], "3"),
    "an ending nobody writes": (["{clip}", "--out", "talk.doc"], ".srt"),
    "a folder that is not there": (["{clip}", "--out", "/nowhere/talk.srt"], "/nowhere"),
    "a language it does not know": (["{clip}", "--language", "zh", "--pace", "0"], "zh"),
    "a missing context file": (["{clip}", "--corpus", "@nothing.txt"], "nothing.txt"),
    "no key for DashScope": (["{clip}", "--endpoint", "beijing"], "DASHSCOPE_API_KEY"),
    "nobody at the address": (["{clip}", "--endpoint", "ws://127.0.0.1:9/x"], "127.0.0.1:9"),
    "a pace that is no pace": (["{clip}", "--pace", "nan"], "nan"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_sentence_and_exit_code_2(case, short_clip, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    (tmp_path / "text.wav").write_text("this is no sound\n" * 50)
    places = {"clip": str(short_clip), "text": str(tmp_path / "text.wav")}
    arguments, said = WRONG[case]
    code = cli.main(["transcribe", *(part.format(**places) for part in arguments)])
    error = capsys.readouterr().err
    assert code == 2
    assert said in error and "Traceback" not in error
    assert error.startswith("qwen-asr-widgets: ") and error.count("\n") == 1


@pytest.mark.parametrize(("given", "said"), [("-1", "-1 is negative"), ("fast", "'fast' is no number")])
def test_a_pace_that_cannot_be_exits_with_2(given, said, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["transcribe", "talk.wav", "--pace", given])
    assert ended.value.code == 2 and said in capsys.readouterr().err


def test_without_a_subcommand_it_says_which_there_are(capsys):
    assert cli.main([]) == 2
    said = capsys.readouterr().out
    words = {line.split()[0] for line in said.splitlines() if line.startswith("    ")}
    assert {"transcribe", "sweep", "serve", "probe", "lab", "doctor"} <= words


def test_an_option_that_does_not_exist_exits_with_2(short_clip):
    run = subprocess.run(
        [sys.executable, "-m", "qwen_asr_widgets", "transcribe", str(short_clip), "--treshold", "0"],
        capture_output=True, text=True,
    )
    assert run.returncode == 2 and "--treshold" in run.stderr


@pytest.mark.parametrize(("option", "said"), [
    ("api_key=sk-planted-7c1e9f40", "put it into a variable of the environment"),
    ("model=sk-planted-7c1e9f40", "looks like a key"), ("model", "is not NAME=VALUE"),
])
def test_serve_takes_no_key_as_an_option_and_does_not_repeat_it(capsys, option, said):
    assert cli.main(["serve", "--recognizer", "openai", "--option", option]) == 2
    shown = capsys.readouterr().err
    assert said in shown and "planted" not in shown


def test_serve_refuses_a_recogniser_that_does_not_exist(capsys):
    assert cli.main(["serve", "--recognizer", "pocketsphynx"]) == 2
    error = capsys.readouterr().err
    assert "did you mean 'pocketsphinx'?" in error and error.count("\n") == 1


def test_the_parser_is_there_before_any_heavy_module():
    code = "import sys; from qwen_asr_widgets import cli; cli.build_parser(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "matplotlib", "ipywidgets", "websockets"} & set(run.stdout.split())


def test_loopback_goes_past_a_proxy(short_clip):
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    for name in ("no_proxy", "NO_PROXY"):
        environment.pop(name, None)
    run = subprocess.run(
        [sys.executable, "-m", "qwen_asr_widgets", "transcribe", str(short_clip), "--pace", "0", "--quiet"],
        capture_output=True, text=True, env=environment,
    )
    assert run.returncode == 0, run.stderr
    assert "good morning" in run.stdout.lower()


def test_doctor_passes_here_and_never_prints_the_key(monkeypatch, capsys):
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-planted-in-the-test")
    monkeypatch.setenv("https_proxy", "http://user:planted-password@proxy.invalid:3128")
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "present" in printed and "proxy.invalid:3128" in printed and "settings confirmed in" in printed
    assert "planted" not in printed
