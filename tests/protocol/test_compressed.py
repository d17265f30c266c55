"""What is kept packed reads as the tuple it was."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_asr_widgets.protocol.compressed import Compressed
from qwen_asr_widgets.protocol.utterance import Partial

partials = st.builds(Partial, st.floats(allow_nan=False), st.text(), st.text())


@given(st.lists(partials), st.slices(5))
def test_it_reads_compares_and_hashes_as_the_tuple(values, cut):
    packed, plain = Compressed(values), tuple(values)
    assert (len(packed), tuple(packed), packed[cut]) == (len(plain), plain, plain[cut])
    assert packed == plain and plain == packed and packed == Compressed(plain) and hash(packed) == hash(plain)
    assert repr(packed) == repr(plain) and [packed[at] for at in range(len(plain))] == values
    assert packed != (*plain, Partial(0.0, "", "")) and packed != values


def test_it_is_copied_and_sent_to_another_process_as_it_is():
    packed = Compressed([Partial(1.0, "so", " the"), Partial(1.2, "so the", "")])
    assert copy.deepcopy(packed) == packed == pickle.loads(pickle.dumps(packed))


def test_outside_of_it_there_is_nothing():
    with pytest.raises(IndexError):
        Compressed(["a"])[1]
