"""Bach's chorales in music21's corpus: finds, reads and normalizes them."""

import re
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bachbot.chorale import REST, VOICES, Chorale, Key
from bachbot.errors import BachbotError, CorpusError

if TYPE_CHECKING:
    from music21.stream import Part, Score

    from bachbot.scores.grid import Bar, LineNote

KNOWN_BAD = {
    "bwv62.6.mxl": "holds the music of bwv274, not its own",
    "bwv268.mxl": "the bass of bar 5 is known to be wrong",
    "bwv846.mxl": "a prelude for keyboard, no chorale",
}
"""Files of the corpus that are not used, and why."""

_SUFFIXES = (".mxl", ".xml", ".musicxml", ".krn")


@dataclass(frozen=True)
class RawCounts:
    """Counts over the four voices of a file before any change.

    Parameters
    ----------
    pitch_classes : Counter of int
        Notes by pitch class, 0 to 11.
    positions : Counter of str
        Notes by metrical position, in quarter lengths as a fraction such as ``"3/2"``.
    durations : Counter of str
        Notes by duration, in quarter lengths as a fraction; tied notes count once.
    """

    pitch_classes: Counter = field(default_factory=Counter)
    positions: Counter = field(default_factory=Counter)
    durations: Counter = field(default_factory=Counter)


@dataclass(frozen=True)
class SourceChorale:
    """A chorale read from the corpus.

    Parameters
    ----------
    file : str
        File name in the corpus.
    chorale : Chorale
        The music in C major or A minor.
    key : Key
        Key of the source.
    silent_bars : int
        Number of bars left out because all four voices rest in them.
    text : str
        First syllables of the soprano's first verse, or empty.
    raw : RawCounts
        Counts before normalization.
    """

    file: str
    chorale: Chorale
    key: Key
    silent_bars: int
    text: str
    raw: RawCounts


@dataclass(frozen=True)
class LeftOut:
    """A file that is not used, and why."""

    file: str
    reason: str


def natural(file: str) -> tuple:
    """Sort key of a file name that puts bwv9.7 before bwv10.7, and bwv190.7 before its variants."""
    stem, _, suffix = file.rpartition(".")
    return *(int(w) if w.isdigit() else w for w in re.split(r"(\d+)", stem)), suffix


def find_files() -> list[Path]:
    """Find all files by Bach in music21's corpus, sorted by name.

    Raises
    ------
    CorpusError
        If music21 is not installed or has no corpus.
    """
    try:
        from music21 import corpus
    except ImportError as error:
        raise CorpusError(
            "music21 is not installed, and the chorales are in it: pip install music21"
        ) from error
    paths = [Path(p) for p in corpus.getComposer("bach")]
    if not any(p.suffix.lower() in _SUFFIXES for p in paths):
        raise CorpusError(
            "music21's corpus has no score by Bach (a build without the corpus?): "
            "pip install --force-reinstall music21"
        )
    return sorted(paths, key=lambda p: natural(p.name))


def read(path: Path) -> SourceChorale | LeftOut:
    """Read one file of the corpus and normalize it to C major or A minor.

    The key is music21's analysis of the four voices, as in BachBot (Liang and others, 2017): a
    Krumhansl-Schmuckler match with the Aarden-Essen profiles.

    Parameters
    ----------
    path : Path
        A file from `find_files`.
    """
    if path.name in KNOWN_BAD:
        return LeftOut(path.name, KNOWN_BAD[path.name])
    if path.suffix.lower() not in _SUFFIXES:
        return LeftOut(path.name, "an analysis in Roman numerals, no score")
    from music21 import converter

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = converter.parse(path, forceSource=True)
            parts = score_of(score)
            if isinstance(parts, str):
                return LeftOut(path.name, parts)
            return _source(path.name, parts)
    except Exception as error:  # music21 raises any exception on a damaged file
        kind = "" if isinstance(error, BachbotError) else f"{type(error).__name__}: "
        line = " ".join(str(error).split())[:200]
        return LeftOut(path.name, f"could not be read ({kind}{line})")


def score_of(score: "Score") -> "list[Part] | str":
    """Find the parts of S, A, T, B, or the reason why there are not exactly these.

    A part's voice is the first word of its name; four parts without such names are taken in order.
    """
    names = [str(p.partName or p.id or "").split() for p in score.parts]
    labels = [words[0].lower() if words else "" for words in names]
    known = {v.label for v in VOICES}
    if len(labels) == 4 and not known & set(labels):
        return list(score.parts)
    found = []
    for voice in VOICES:
        count = labels.count(voice.label)
        if count != 1:
            return f"{'no part is' if not count else f'{count} parts are'} called {voice.label}"
        found.append(score.parts[labels.index(voice.label)])
    return found


def _source(file: str, parts: "Sequence[Part]") -> SourceChorale:
    from music21 import stream

    from bachbot.scores.grid import quantize
    from bachbot.scores.readers.music21_parts import read_parts

    lines, bars = read_parts(parts)
    grid = quantize(lines, bars)
    key = _analyzed_key(stream.Score(parts))
    written = Chorale(
        pitch=grid.pitch,
        tied=grid.tied,
        fermata=grid.fermata,
        meter=grid.meter,
        key=key,
        name=file,
        position=grid.position,
    )
    chorale, silent = without_silent_bars(written.normalized())
    return SourceChorale(file, chorale, key, silent, _text(parts[0]), _raw_counts(lines, bars))


def without_silent_bars(chorale: Chorale) -> tuple[Chorale, int]:
    """Remove the bars in which all four voices rest.

    In chorales with instruments these continue between the lines, for up to three quarters of the
    piece. There is nothing to learn from silence, and because it is easy to predict it would
    flatter every mean over frames.

    Parameters
    ----------
    chorale : Chorale
        T frames.

    Returns
    -------
    chorale : Chorale
        At most T frames; metrical positions are kept.
    bars : int
        Number of bars removed.
    """
    starts = chorale.bar_starts
    bar = np.searchsorted(starts, np.arange(chorale.frames), side="right") - 1
    sounds = np.zeros(len(starts), dtype=np.bool_)
    sounds[bar[(chorale.pitch != REST).any(axis=1)]] = True
    if sounds.all():
        return chorale, 0
    keep = sounds[bar]
    first = int(np.argmax(keep))
    shorter = replace(
        chorale,
        pitch=chorale.pitch[keep],
        tied=chorale.tied[keep],
        fermata=chorale.fermata[keep],
        position=chorale.position[keep],
        meter=replace(chorale.meter, pickup=chorale.meter.pickup if first == 0 else 0),
    )
    return shorter, int((~sounds).sum())


def _analyzed_key(score: "Score") -> Key:
    from music21.analysis.discrete import AardenEssen

    # The same as score.analyze("key"), without objects for the 23 keys that it does not choose:
    # creating these takes longer than the analysis.
    (tonic, mode, _), _ = AardenEssen().process(score)
    # music21 writes B flat as B-.
    return Key(tonic.name.replace("-", "b"), mode).simplified


def _text(soprano: "Part") -> str:
    words = []
    for note in soprano.recurse().notes:
        if note.lyric:
            words.append(re.sub(r"[^a-z]", "", note.lyric.split("\n")[0].lower()))
            if len(words) == 8:
                break
    return "".join(words)


def _raw_counts(lines: "Sequence[Sequence[LineNote]]", bars: "Sequence[Bar]") -> RawCounts:
    from bachbot.scores.grid import bar_offsets

    counts = RawCounts()
    starts = [bar.start for bar in bars]
    offsets = bar_offsets(bars)
    for line in lines:
        lengths: list[Fraction] = []
        for note in line:
            if note.tied and lengths:
                lengths[-1] += note.length
                continue
            lengths.append(note.length)
            bar = bisect_right(starts, note.start) - 1
            counts.positions[str(note.start - starts[bar] + offsets[bar])] += 1
            counts.pitch_classes[note.pitch % 12] += 1
        counts.durations.update(map(str, lengths))
    return counts
