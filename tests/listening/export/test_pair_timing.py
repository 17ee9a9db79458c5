"""The common timing of a pair, and files padded to the same size."""

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

from bachbot.listening.export.clips import pad_to_equal_length
from bachbot.listening.export.pair_timing import (
    FERMATA_REST,
    FERMATA_STRETCH,
    REPEATED_NOTE_GAP,
    compute_timing,
    schedule_notes,
)
from bachbot.scores.score import Sounding


def note(voice, pitch, start, length):
    return Sounding(voice, pitch, Fraction(start, 4), Fraction(length, 4), fermata=True)


def test_without_fermatas_the_tempo_is_strict():
    timing = compute_timing(16, [], 60.0)
    np.testing.assert_allclose(timing.starts, np.arange(17) / 4)
    np.testing.assert_allclose(timing.stops, timing.starts)


def test_a_fermata_lengthens_its_last_quarter_and_adds_a_rest():
    timing = compute_timing(16, [7, 15], 60.0)
    np.testing.assert_allclose(timing.starts[4], 1)
    np.testing.assert_allclose(timing.stops[8], 1 + FERMATA_STRETCH)
    np.testing.assert_allclose(timing.starts[8], 1 + FERMATA_STRETCH + FERMATA_REST)
    # The last hold is not followed by a breath.
    np.testing.assert_allclose(timing.starts[16], 2 + 2 * FERMATA_STRETCH + FERMATA_REST)
    np.testing.assert_allclose(timing.stops[16], timing.starts[16])


def test_notes_end_before_the_rest_or_last_through_it():
    timing = compute_timing(16, [7], 60.0)
    ends, goes_on = schedule_notes([note(0, 60, 0, 8), note(1, 55, 0, 16)], timing)
    assert ends.stop == pytest.approx(1 + FERMATA_STRETCH)
    assert goes_on.stop == pytest.approx(4 + 0.8 + FERMATA_REST)


def test_a_repeated_pitch_has_a_gap_before_it():
    timing = compute_timing(16, [], 60.0)
    first, again, other = schedule_notes(
        [note(0, 60, 0, 4), note(0, 60, 4, 4), note(0, 62, 8, 4)], timing
    )
    assert again.start - first.stop == pytest.approx(REPEATED_NOTE_GAP)
    assert other.start == again.stop
    short, _ = schedule_notes([note(0, 60, 0, 1), note(0, 60, 1, 4)], compute_timing(16, [], 400.0))
    assert short.stop == pytest.approx(60 / 400 / 4 / 2)  # half of itself


@given(
    cuts=st.lists(st.sets(st.integers(1, 31)), min_size=2, max_size=2),
    held=st.sets(st.integers(3, 31)),
)
def test_the_timing_does_not_depend_on_the_notes(cuts, held):
    """Whatever notes two sides have, a note that both have is played at the same time in both."""
    timing = compute_timing(32, sorted(held), 72.0)
    common = note(0, 70, 0, 32)
    sides = []
    for starts in cuts:
        edges = [0, *sorted(starts), 32]
        other = [note(2, 50 + i, a, b - a) for i, (a, b) in enumerate(pairwise(edges))]
        sides.append(schedule_notes([common, *other], timing))
    assert sides[0][0] == sides[1][0]
    assert max(n.stop for n in sides[0]) == max(n.stop for n in sides[1]) == timing.starts[-1]


@pytest.mark.slow
@given(lengths=st.lists(st.integers(0, 300), min_size=2, max_size=2))
def test_padding_keeps_the_content(lengths):
    trees = [b"<a>" + b"b" * n + b"</a>\n" for n in lengths]
    for form in ("musicxml", "svg"):
        padded = pad_to_equal_length(trees, form)
        assert len({len(p) for p in padded}) == 1
        texts = [ElementTree.fromstring(p).text or "" for p in padded]
        assert [len(t) for t in texts] == lengths
    songs = [_midi(n) for n in lengths]
    padded = pad_to_equal_length(songs, "mid")
    assert len({len(p) for p in padded}) == 1
    for before, after in zip(songs, padded, strict=True):
        tracks = [mido.MidiFile(file=io.BytesIO(c)).tracks for c in (before, after)]
        assert tracks[0] == tracks[1]
    pictures = [_png(bytes(n)) for n in lengths]
    padded = pad_to_equal_length(pictures, "png")
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
