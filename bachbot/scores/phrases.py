"""Where phrases end in a score: by its words and breath marks, or as a user sets them.

Shapes: T frames.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Voice
from bachbot.chorale.place import PLACE
from bachbot.errors import UsageError
from bachbot.scores.bars import beats_of
from bachbot.scores.given_harmony import part_elements
from bachbot.scores.grid import frame_of
from bachbot.scores.musicxml.complete import belongs_to_line
from bachbot.scores.score import Score
from bachbot.theory.given.given_chords import BarBeats
from bachbot.theory.phrases import predict_phrase_ends

NO_PHRASES = "none"
"""Stands for a tune whose phrase ends are not predicted."""

NO_FERMATAS = "no fermatas"
"""How the line of `predicted_places` begins."""

_PLACE = re.compile(PLACE)

_BREATH, _SENTENCE, _COMMA, _LINE, _INSIDE_WORD = 50.0, 2.0, 1.0, 2.0, -4.0
"""What is added to the score of an end: `bachbot.theory.phrases` has the other weights."""


def word_scores(score: Score) -> NDArray[np.float64]:
    """What the words and breath marks of the soprano say of phrase ends.

    Parameters
    ----------
    score : Score
        With a soprano, whose first verse is read.

    Returns
    -------
    ndarray of float64, shape [T]
        Above 0 where a note has punctuation, the end of a line of the words or a breath mark;
        below 0 where it is within a word; 0 elsewhere.
    """
    found = np.zeros(score.chorale.frames)
    line = score.lines[Voice.SOPRANO]
    at, extended, slurs = 0, False, 0  # the last syllable; whether it goes on; open slurs
    for position, element, _ in part_elements(score, line.part, "note"):
        frame = frame_of(position)
        if not belongs_to_line(element, line) or frame >= len(found):
            continue
        if element.find("pitch") is None or element.find("grace") is not None:
            continue
        lyric = next(iter(element.findall("lyric")), None)
        if lyric is not None:
            at, extended = frame, lyric.find("extend") is not None
            found[frame] += _syllable(lyric)
        elif frame > at and (extended or slurs > 0):
            # A syllable goes on over this note: what it says belongs to its last note.
            found[frame], found[at] = found[at], _INSIDE_WORD
            at = frame
        kinds = [slur.get("type") for slur in element.iter("slur")]
        slurs += kinds.count("start") - kinds.count("stop")
        if element.find("notations/articulations/breath-mark") is not None:
            found[frame] += _BREATH
    return found


def _syllable(lyric: Element) -> float:
    """What a syllable says of an end after it."""
    if (lyric.findtext("syllabic") or "single") in ("begin", "middle"):
        return _INSIDE_WORD
    text = "".join((t.text or "") for t in lyric.findall("text")).strip().rstrip("\"'\u2019\u201d)")
    ends_line = lyric.find("end-line") is not None or lyric.find("end-paragraph") is not None
    mark = _SENTENCE if text[-1:] in (*".;:!?",) else _COMMA if text.endswith(",") else 0.0
    return max(mark, _LINE if ends_line else 0.0)


def phrase_ends_of(score: Score, text: str | None = None) -> tuple[int, ...] | None:
    """The phrase ends of a tune.

    Parameters
    ----------
    score : Score
        With a soprano.
    text : str, optional
        Places such as ``"4,8,12.3"``: bars, or bars and beats (`bachbot.chorale.place`), in which
        the last note of a phrase sounds; without a beat it is the last note that begins in the bar
        before a pickup to the next phrase. ``"none"`` for no phrase ends. Default: those that are
        predicted, unless the score has fermatas.

    Returns
    -------
    tuple of int, or None
        A frame of the last note of each phrase, in order; None if they are not known.

    Raises
    ------
    UsageError
        If the text cannot be read, or a place is not in the score.
    """
    if text is None:
        if score.chorale.fermata.any():
            return None
        return predict_phrase_ends(score.chorale, word_scores(score))
    words = text.replace(",", " ").split()
    if words == [NO_PHRASES]:
        return None
    if not words:
        raise UsageError("the phrase ends are empty: give bars such as 4,8,12.3, or none")
    bars = beats_of(score)
    return tuple(sorted({_frame(score, word, bars) for word in words}))


def heard_phrase_ends(score: Score) -> tuple[int, ...] | None:
    """Where a listener hears phrases end in a score that has been written down already.

    Parameters
    ----------
    score : Score
        With any voices; without a soprano the highest one is the tune.

    Returns
    -------
    tuple of int, or None
        A frame of the last note of each phrase, in order; None: at the fermatas. They are
        predicted (`predict_phrase_ends`) if there are none but at the end, as in many hymnals.
    """
    chorale, top = score.chorale, score.present[0]
    tune = replace(
        chorale,
        pitch=np.roll(chorale.pitch, -top, axis=1),
        tied=np.roll(chorale.tied, -top, axis=1),
    )
    starts = np.flatnonzero(tune.onset[:, Voice.SOPRANO] & (tune.pitch[:, Voice.SOPRANO] != REST))
    if starts.size and chorale.fermata[: starts[-1]].any():
        return None
    words = word_scores(score) if top is Voice.SOPRANO else None
    return predict_phrase_ends(tune, words)


def predicted_places(score: Score, ends: Sequence[int] | None = None) -> str | None:
    """Say where the phrases of a tune without fermatas are taken to end.

    Parameters
    ----------
    score : Score
        With a soprano.
    ends : sequence of int, optional
        What `phrase_ends_of` has predicted for it. Default: it is asked.

    Returns
    -------
    str or None
        A line with the places as `phrase_ends_of` reads them; None if the tune has fermatas.
    """
    if ends is None:
        ends = phrase_ends_of(score)
    if not ends:
        return None
    bars = beats_of(score)
    begins = np.flatnonzero(~score.chorale.tied[:, Voice.SOPRANO])
    places = []
    for end in ends:
        start = int(begins[np.searchsorted(begins, end, side="right") - 1])
        bar = next(bar for bar in bars if start in bar.frames)
        # A bar stands for its last note; another note needs its beat.
        by_bar = (
            score.chorale.onset[bar.frames.start : bar.frames.stop, Voice.SOPRANO].any()
            and _frame(score, str(bar.number), bars) == start
        )
        places.append(str(bar.number) if by_bar else bar.place(start))
    where = "bar" if len(places) == 1 else "bars"
    listed = ", ".join(places)
    return f"{NO_FERMATAS}: phrases are taken to end in {where} {listed}; set them with --phrases"


def _frame(score: Score, word: str, bars: tuple[BarBeats, ...]) -> int:
    """The frame of one place."""
    match = _PLACE.fullmatch(word)
    if match is None:
        raise UsageError(f"{word[:40]!r} is not a phrase end: give a bar, or bar.beat such as 12.3")
    number = int(match["bar"])
    bar = next((b for b in bars if b.number == number), None)
    if bar is None:
        raise UsageError(
            f"the score has no bar {number}: give bars from {bars[0].number} to {bars[-1].number}"
        )
    sounds = score.chorale.pitch[:, Voice.SOPRANO] >= 0
    if match["beat"]:
        frame = bar.frame(match["beat"])
        if frame is None or not sounds[frame]:
            raise UsageError(f"bar {number} has no note on beat {match['beat']}: give another beat")
        return frame
    # What is as long as the pickup at the end of a bar belongs to the next phrase.
    pickup = score.chorale.meter.pickup
    stop = bar.frames.stop - (pickup if bar is not bars[-1] else 0)
    starts = np.flatnonzero(score.chorale.onset[: max(stop, bar.frames.start + 1), Voice.SOPRANO])
    starts = starts[starts >= bar.frames.start]
    if starts.size:
        return int(starts[-1])
    if not sounds[bar.frames.start]:
        raise UsageError(f"no note begins in bar {number}: give another bar")
    return bar.frames.start
