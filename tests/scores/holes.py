"""Scores with a hole in them, and music to put there."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np

from bachbot.chorale import REST, Voice
from bachbot.scores import bars_of, rewrite_bars, save_score, section_starts

ORDER = (
    "grace", "chord", "cue", "pitch", "rest", "duration", "tie", "instrument", "voice", "type",
    "dot", "accidental", "time-modification", "stem", "staff", "beam", "notations", "lyric",
)  # fmt: skip
"""Children of a note as MusicXML wants them, those that are met here."""

_REST, _HELD = 0.05, 0.6


def refilled(chorale, cells, seed=0, anew=()):
    """Any music where nothing is given, as a decoder might leave it.

    A free cell before a given tied one sounds its pitch; no tie leads into the frames `anew`.
    """
    draw = np.random.default_rng(seed)
    pitch, tied, fermata = chorale.pitch.copy(), chorale.tied.copy(), chorale.fermata.copy()
    for voice in Voice:
        low, high = voice.range
        for frame in np.flatnonzero(~cells[:, voice]).tolist():
            before = pitch[frame - 1, voice] if frame else REST
            bound = frame + 1 < len(pitch) and cells[frame + 1, voice] and tied[frame + 1, voice]
            pitch[frame, voice] = (
                pitch[frame + 1, voice]
                if bound
                else REST
                if draw.random() < _REST
                else before
                if draw.random() < _HELD
                else draw.integers(low, high + 1)
            )
            same = before == pitch[frame, voice] != REST and frame not in anew
            tied[frame, voice] = same and bool(draw.random() < _HELD)
    free = ~cells[:, Voice.SOPRANO]
    notes = np.cumsum(~tied[:, Voice.SOPRANO])
    marked = notes[draw.random(len(notes)) < 0.1]
    fermata[free] = (np.isin(notes, marked) & (pitch[:, Voice.SOPRANO] != REST))[free]
    return replace(chorale, pitch=pitch, tied=tied, fermata=fermata)


def unmixed(chorale, cells):
    """Frames of the soprano's notes that lie wholly within what is given, or wholly outside."""
    notes = np.cumsum(~chorale.tied[:, Voice.SOPRANO])
    given = cells[:, Voice.SOPRANO]
    return ~(np.isin(notes, notes[given]) & np.isin(notes, notes[~given]))


def hole(frames, voices, start, stop):
    """Cells that are given: all but some voices from one frame to another."""
    cells = np.ones((frames, 4), dtype=np.bool_)
    cells[start:stop, [int(v) for v in voices]] = False
    return cells


def canonical(element):
    return ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True)


def pitched(note):
    return [note.findtext(f"pitch/{tag}") or "0" for tag in ("step", "alter", "octave")]


def measures(score, part):
    return score.document.part(part).findall("measure")


def rewrite(score, bars, voices, seed=0):
    """A score with bars rewritten, the chorale that was asked for, and what was given."""
    found = bars_of(score, bars)
    cells = hole(score.chorale.frames, voices, found.frames.start, found.frames.stop)
    wanted = refilled(score.chorale, cells, seed, section_starts(score))
    return rewrite_bars(score, wanted, cells), wanted, cells


def saved(score, folder):
    path = folder / "out.musicxml"
    save_score(score, path)
    return path


def assert_sounds(again, wanted):
    assert np.array_equal(again.chorale.pitch, wanted.pitch)
    assert np.array_equal(again.chorale.tied, wanted.tied)
