"""Wrong input on the command line is answered with its options, not with Python's arguments."""

import re

import pytest

from qwen_asr_widgets import cli

CLIP = "sample:conversation"
PYTHON = re.compile(
    r"\b\w+=…|(?<!quirk )\b[a-z]+_[a-z_]+ (is|has|must)\b"
    r"|qwen_asr_widgets\.|SessionConfig|None\b|='"
)


@pytest.mark.parametrize(("arguments", "said"), [
    (["transcribe", CLIP, "--threshold", "1.5"], "--threshold is 1.5; it must lie between -1 and 1."),
    (["transcribe", CLIP, "--threshold", "nan"], "--threshold must be a number, not nan."),
    (["transcribe", CLIP, "--silence", "50"], "--silence is 50 ms; it must lie between 200 and 6000 ms."),
    (["transcribe", CLIP, "--padding", "-1"], "--padding is -1 ms; it must lie between 0 and 6000 ms."),
    (["transcribe", CLIP, "--rate", "44100"], "--rate is 44100; a session takes 16000 or 8000 Hz."),
    (["transcribe", CLIP, "--language", "klingon"], "--language is 'klingon', which is no language code;"),
    (["transcribe", CLIP, "--corpus", "a" * 60_000], "--corpus has 60,000 characters; the limit is 40,000."),
    (["transcribe", CLIP, "--channel", "4"], "there is no channel 4 to take. Leave out --channel."),
    (["transcribe", CLIP, "--pace", "1e9"], "--pace is 1000000000.0; it must be a number from 0.001"),
    (["transcribe", CLIP, "--patience", "-3"], "--patience is -3.0; it must be a number of seconds"),
    (["transcribe", CLIP, "--endpoint", "beijing"], "none was given. Set the variable DASHSCOPE_API_KEY;"),
    (["transcribe", CLIP, "--endpoint", "beijing"], "use the embedded service: --endpoint embedded."),
    (["transcribe", CLIP, "--endpoint", "sk-1234567890abcdef1234567890"], "given to --endpoint looks like"),
    (["transcribe", CLIP, "--manual", "--turn-taking", "client"], "leave out one of them."),
    (["transcribe", CLIP, "--manual", "--end-of-turn", "smart-turn"], "leave out one of them."),
    (["transcribe", CLIP, CLIP, "--out", ".", "--end-of-turn", "punctuation"], "hears, such as smart-turn."),
    (["transcribe", CLIP, "--end-of-turn", "punctuation"], "a model that hears, such as smart-turn."),
    (["transcribe", CLIP, "--end-of-turn", "smart_turn"], "did you mean 'smart-turn'?"),
    (["sweep", CLIP, "--padding", "-5"], "--padding is -5 ms;"),
    (["sweep", CLIP, "--max-wait", "-1"], "--max-wait is -1.0; it must be a number from 0 on."),
    (["sweep", CLIP, "--max-cut", "nan"], "--max-cut is nan; it must be a number from 0 on."),
    (["sweep", CLIP, "--labels", "nope.rttm"], ": There is no label file 'nope.rttm'; check the path."),
    (["sweep", CLIP, "--labels", __file__], "an ending such as .rttm says which it is."),
    (["probe", "--minutes", "0"], "--minutes is 0.0; it must be a number from 0.01 to 60."),
    (["serve", "--quirk", "finish_delay_s=soon"], "--quirk finish_delay_s is 'soon'; it must be a"),
    (["serve", "--quirk", "finish_delay_s"], "--quirk 'finish_delay_s' is not NAME=VALUE."),
    (["lab", "--dir", __file__], "the folder cannot be made: File exists."),
])
def test_a_wrong_value_is_answered_with_its_option(arguments, said, capsys, monkeypatch):
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    assert cli.main(arguments) == 2
    shown = capsys.readouterr().err
    last = shown.splitlines()[-1]
    assert said in last and PYTHON.search(last) is None


@pytest.mark.parametrize("port", ["-1", "70000", "http"])
def test_a_port_that_cannot_be_is_refused_before_anything_starts(port, capsys):
    with pytest.raises(SystemExit):
        cli.main(["serve", f"--port={port}"])
    assert f"argument --port: '{port}' is no port; give a number from 0" in capsys.readouterr().err
