"""Bach's chorales as music21's corpus holds them: find, read, standardize."""

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
"""Files of the corpus that are not to be learned from, and why."""

_SUFFIXES = (".mxl", ".xml", ".musicxml", ".krn")


@dataclass(frozen=True)
class RawCounts:
    """What stood in the file before anything was changed, counted over its four voices.

    Parameters
    ----------
    pitch_classes : Counter of int
        Notes by pitch class, 0 to 11.
    positions : Counter of str
        Notes by place in the bar, quarter lengths as a fraction such as ``"3/2"``.
    durations : Counter of str
        Notes by length, quarter lengths as a fraction; tied notes are one.
    """

    pitch_classes: Counter = field(default_factory=Counter)
    positions: Counter = field(default_factory=Counter)
    durations: Counter = field(default_factory=Counter)


@dataclass(frozen=True)
class Source:
    """A chorale read from the corpus.

    Parameters
    ----------
    file : str
        File name in the corpus.
    chorale : Chorale
        Brought to C major or A minor.
    key : Key
        Key it was written in.
    silent_bars : int
        Bars left out because all four voices rest in them.
    text : str
        First syllables of the soprano's first verse, if there are any.
    raw : RawCounts
        What stood in the file.
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
    """Every file by Bach in music21's corpus, by name.

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
            "music21's corpus holds no score by Bach (a build without the corpus?): "
            "pip install --force-reinstall music21"
        )
    return sorted(paths, key=lambda p: natural(p.name))


def read(path: Path) -> Source | LeftOut:
    """Read one file of the corpus and bring it to C major or A minor.

    The key is music21's own analysis of the four voices, as in the original (Liang and others,
    2017): a Krumhansl-Schmuckler match with the Aarden-Essen profiles.

    Parameters
    ----------
    path : Path
        A file that `find_files` gave.
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
            parts = four_voices(score)
            if isinstance(parts, str):
                return LeftOut(path.name, parts)
            return _source(path.name, parts)
    except Exception as error:  # music21 raises what it likes on a damaged file
        kind = "" if isinstance(error, BachbotError) else f"{type(error).__name__}: "
        line = " ".join(str(error).split())[:200]
        return LeftOut(path.name, f"could not be read ({kind}{line})")


def four_voices(score: "Score") -> "list[Part] | str":
    """The parts of S, A, T, B, or a line that says why there are not just these.

    A part's voice is the first word of its name; a score of four nameless parts is taken in
    order.
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


def _source(file: str, parts: "Sequence[Part]") -> Source:
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
    return Source(file, chorale, key, silent, _text(parts[0]), _raw_counts(lines, bars))


def without_silent_bars(chorale: Chorale) -> tuple[Chorale, int]:
    """Leave out the bars in which all four voices rest, and say how many they were.

    Where a chorale has instruments beside the voices they play on between its lines, for up to
    three quarters of the piece. Silence teaches nothing, and being easily foretold it would
    flatter every figure that is a mean over frames.

    Parameters
    ----------
    chorale : Chorale
        T frames.

    Returns
    -------
    chorale : Chorale
        At most T frames; every place in the bar stays true.
    bars : int
        Bars left out.
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

    # What score.analyze("key") does, but for the 23 keys that it does not choose: making an object
    # of each takes longer than the analysis.
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
