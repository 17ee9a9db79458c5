"""ABC files of up to 1 MB are read or refused in a bounded time, whatever is in them."""

import time

import pytest

from bachbot.errors import ScoreError
from bachbot.scores.readers.abc.abc_reader import abc_tree, abc_tunes
from bachbot.scores.readers.document import read_document

HEAD = b"X:1\nM:4/4\nL:1/16\nK:C\n"
MEGABYTE = 2**20
CPU_SECONDS = 2 * 10
"""The bound of two seconds, with room for a slow and busy processor."""

MANY = {
    "grace notes that never end": b"{" * 40_000,
    "chords that never end": b"[" * 40_000,
    "fields that never end": b"[V:" * 20_000,
    "bars of rest": b"Z999 " * 300,
    "a voice change on every note": b"[V:1]C[V:2]D" * 2_000,
    "a rest in a meter of no beats": b"[M:0/4]Z|" * 100,
    "a rest of bars of a free meter": b"[M:none]Z|" * 100,
    "many voices": b"".join(b"[V:%d]C" % n for n in range(20_000)),
    "one note of absurd length": b"C" + b"9" * 10_000,
    "one octave mark after another": b"c" + b"'" * 100_000,
    "words that never end": b"C\nw:" + b"la " * 100_000,
    "many verses": b"C\n" + b"w:la\n" * 100_000,
    "bar lines in the words": b"CDEF" * 2_000 + b"\nw:" + b"|" * 100_000,
    "symbol lines": b"C" * 2_000 + b"\n" + b"s:!f!\n" * 20_000,
    "continued words": b"C\nw:la\n" + b"+:la\n" * 50_000,
    "endings": b"[1" * 20_000,
    "key changes": b"[K:G]" * 20_000 + b"C",
    "overlays": b"C&" * 20_000,
    "bars of odd lengths": b"c3/2d/2e5/4f3/4|" * 3_000,
}
SLOW = "bars of odd lengths"


def read(content: bytes) -> str:
    """Read a tune if it can be read; return the error otherwise."""
    message = ""
    try:
        read_document(abc_tree(content)[0])
    except ScoreError as error:
        message = str(error)
    assert not message or (": " in message and "\n" not in message)
    return message


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == SLOW else n for n in MANY]
)
def test_small_files_are_read_or_refused_at_once(name):
    start = time.process_time()
    read(HEAD + MANY[name])
    assert time.process_time() - start < CPU_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    # Every sign, and of the letters and digits one of each kind.
    [bytes([b]) for b in range(32, 127) if not chr(b).isalnum() or chr(b) in "09CHKMTVXZcuwxyz"]
    + [b"\n", b"\r", b"\x00", b"\xff", b"X:1\n", b"K:C\n", b"V:1\n", b"%%begintext\n", b"C\n",
       b"C|\n", b"w:a\n", b"c-", b"[CE]", b"{c}", b"|]", b"|:", b"(3", b"!p!", b'"C"', b"[1",
       b"%\n", b"T:a\n", b"U:T=!p!\n", b"&#99;", b"C>", b"c/7", b"C,,", b"s:*\n",
       b"[V:1]C[V:2]C", b"I:a\n",
       b"a\n\n", b"Q:1/4=60\n", b"L:1/8\n"],
    ids=repr,
)  # fmt: skip
def test_a_megabyte_of_one_thing(text):
    content = HEAD + text * (MEGABYTE // len(text))
    start = time.process_time()
    read(content)
    abc_tunes(content)
    assert time.process_time() - start < CPU_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bars of rest", "more than 4096"),
        ("many voices", "more than 64 parts"),
        ("one note of absurd length", "a length of 9"),
        ("one octave mark after another", "outside the range of MIDI"),
        ("many verses", "more than 32 verses"),
    ],
)
def test_what_is_refused_is_said(name, message):
    assert message in read(HEAD + MANY[name])


@pytest.mark.slow
def test_a_voice_change_on_every_note_is_read():
    document = read_document(abc_tree(HEAD + MANY["a voice change on every note"])[0])
    assert [len(line.notes) for line in document.lines] == [2_000, 2_000]


def test_a_meter_of_no_beats_is_passed_over():
    assert read(HEAD + MANY["a rest in a meter of no beats"] + b"C|") == ""
