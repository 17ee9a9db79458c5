"""The clock that both clips share, and files made equally long."""

import io
import struct
import zlib
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.listening.export.clips import equally_long
from bachbot.listening.export.clock import BREATH, GAP, HOLD, clock, played
from bachbot.scores.score import Sounding


def note(voice, pitch, start, length):
    return Sounding(voice, pitch, Fraction(start, 4), Fraction(length, 4), fermata=True)


def test_without_holds_time_is_strict():
    time = clock(16, [], 60.0)
    np.testing.assert_allclose(time.starts, np.arange(17) / 4)
    np.testing.assert_allclose(time.stops, time.starts)


def test_the_last_quarter_of_a_hold_is_longer_and_a_breath_follows_it():
    time = clock(16, [7, 15], 60.0)
    np.testing.assert_allclose(time.starts[4], 1)
    np.testing.assert_allclose(time.stops[8], 1 + HOLD)
    np.testing.assert_allclose(time.starts[8], 1 + HOLD + BREATH)
    # The last hold is not followed by a breath.
    np.testing.assert_allclose(time.starts[16], 2 + 2 * HOLD + BREATH)
    np.testing.assert_allclose(time.stops[16], time.starts[16])


def test_notes_end_before_a_breath_and_go_on_through_it():
    time = clock(16, [7], 60.0)
    ends, goes_on = played([note(0, 60, 0, 8), note(1, 55, 0, 16)], time)
    assert ends.stop == pytest.approx(1 + HOLD)
    assert goes_on.stop == pytest.approx(4 + 0.8 + BREATH)


def test_a_pitch_struck_again_is_let_go_before_and_another_is_not():
    time = clock(16, [], 60.0)
    first, again, other = played([note(0, 60, 0, 4), note(0, 60, 4, 4), note(0, 62, 8, 4)], time)
    assert again.start - first.stop == pytest.approx(GAP)
    assert other.start == again.stop
    short, _ = played([note(0, 60, 0, 1), note(0, 60, 1, 4)], clock(16, [], 400.0))
    assert short.stop == pytest.approx(60 / 400 / 4 / 2)  # half of itself


@given(
    cuts=st.lists(st.sets(st.integers(1, 31)), min_size=2, max_size=2),
    held=st.sets(st.integers(3, 31)),
)
def test_what_is_played_does_not_move_the_clock(cuts, held):
    """Whatever notes two sides have, a note that both have is played at the same time in both."""
    time = clock(32, sorted(held), 72.0)
    common = note(0, 70, 0, 32)
    sides = []
    for starts in cuts:
        edges = [0, *sorted(starts), 32]
        other = [note(2, 50 + i, a, b - a) for i, (a, b) in enumerate(pairwise(edges))]
        sides.append(played([common, *other], time))
    assert sides[0][0] == sides[1][0]
    assert max(n.stop for n in sides[0]) == max(n.stop for n in sides[1]) == time.starts[-1]


@given(lengths=st.lists(st.integers(0, 300), min_size=2, max_size=2))
def test_files_become_equally_long_and_stay_what_they_are(lengths):
    trees = [b"<a>" + b"b" * n + b"</a>\n" for n in lengths]
    for form in ("musicxml", "svg"):
        padded = equally_long(trees, form)
        assert len({len(p) for p in padded}) == 1
        texts = [ElementTree.fromstring(p).text or "" for p in padded]
        assert [len(t) for t in texts] == lengths
    songs = [_midi(n) for n in lengths]
    padded = equally_long(songs, "mid")
    assert len({len(p) for p in padded}) == 1
    for before, after in zip(songs, padded, strict=True):
        tracks = [mido.MidiFile(file=io.BytesIO(c)).tracks for c in (before, after)]
        assert tracks[0] == tracks[1]
    pictures = [_png(bytes(n)) for n in lengths]
    padded = equally_long(pictures, "png")
    assert len({len(p) for p in padded}) == 1
    for before, after in zip(pictures, padded, strict=True):
        assert after.startswith(before[:-12])
        assert after.endswith(before[-12:])
        extra = after[len(before) - 12 : -12]
        size, name = struct.unpack(">I4s", extra[:8])
        assert (size, name) == (len(extra) - 12, b"fiLl")
        assert struct.unpack(">I", extra[-4:]) == (zlib.crc32(extra[4:-4]),)


def _midi(notes):
    file, track = mido.MidiFile(), mido.MidiTrack()
    file.tracks.append(track)
    track.extend(mido.Message("note_on", note=60, time=1) for _ in range(notes))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _png(rows):
    chunks = [(b"IHDR", bytes(13)), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
