"""Read a score from a file."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Key, Voice
from bachbot.errors import BachbotWarning, ScoreError, UsageError
from bachbot.scores.grid import lay
from bachbot.scores.keys import estimate_key
from bachbot.scores.musicxml.copied_parts import has_chord_symbols, transpose_octaves
from bachbot.scores.musicxml.notes import spelled
from bachbot.scores.readers.abc import abc_tree
from bachbot.scores.readers.assign import assign
from bachbot.scores.readers.document import Document, Line, read_document
from bachbot.scores.readers.midi import midi_tree
from bachbot.scores.readers.source import musicxml_tree, read_bytes
from bachbot.scores.score import Score

KINDS: Mapping[str, str] = {
    ".musicxml": "musicxml",
    ".xml": "musicxml",
    ".mxl": "musicxml",
    ".mid": "midi",
    ".midi": "midi",
    ".abc": "abc",
    ".krn": "kern",
    ".kern": "kern",
}
"""Suffixes that can be read, and their formats."""

_OCTAVES = (0, 1, -1, 2, -2, 3, -3)
_OCTAVE_WORDS = {1: "an octave", 2: "two octaves", 3: "three octaves"}


def load_score(
    path: str | Path, *, key: Key | None = None, voices: Sequence[Voice] = (Voice.SOPRANO,)
) -> Score:
    """Read a tune, or any of the four voices, from a file.

    Parameters
    ----------
    path : str or Path
        MusicXML (``.musicxml``, ``.xml``, compressed ``.mxl``), MIDI (``.mid``, ``.midi``), ABC
        (``.abc``) or Humdrum kern (``.krn``, ``.kern``).
    key : Key, optional
        Key of the music; estimated from the key signature and the notes unless given.
    voices : sequence of Voice
        The voices to read. Parts are told apart by name, else by order; the rest is left aside
        with a warning.

    Returns
    -------
    Score
        The voices asked for; its chorale is in the written key.

    Raises
    ------
    ScoreError
        If the file is no score or is empty, damaged or too large; if a voice is not in it,
        rests throughout, has a chord or fits into its compass in no octave.
    UsageError
        If no voice is asked for.

    Warns
    -----
    BachbotWarning
        If a voice was moved by octaves, parts were left aside, or notes lie off the grid of
        sixteenths.

    Examples
    --------
    >>> score = load_score("corpus/examples/twinkle.musicxml")  # doctest: +SKIP
    >>> score.chorale.pitch.shape, score.present  # doctest: +SKIP
    ((192, 4), (<Voice.SOPRANO: 0>,))
    """
    path = Path(path)
    wanted = tuple(sorted(set(voices)))
    if not wanted:
        raise UsageError("no voice is asked for: name some of soprano, alto, tenor, bass")
    try:
        return _Loading(path, wanted, key).score()
    except ScoreError as error:
        if str(path) in str(error):
            raise
        raise ScoreError(f"{path}: {error}") from error


@dataclass(frozen=True)
class _Loading:
    """What is to be read from where."""

    path: Path
    wanted: tuple[Voice, ...]
    key: Key | None

    def score(self) -> Score:
        document = read_document(self._tree())
        lines, aside = assign(document, self.wanted)
        if aside:
            self._warn(f"{_listed(aside)} left aside; {_listed(self._labels)} taken")
        octaves = {voice: self._octaves(voice, line) for voice, line in lines.items()}
        if any(octaves.values()):
            for voice, line in lines.items():
                if octaves[voice]:
                    transpose_octaves(document.part(line.part), line, octaves[voice], voice)
            document = read_document(document.root)
            lines, _ = assign(document, self.wanted)
        for voice, line in lines.items():
            self._tell_off_grid(voice, line)
        if any(has_chord_symbols(document.part(line.part)) for line in lines.values()):
            self._warn("its chord symbols are left out: the new harmony is another")
        self._tell_key_changes(document)
        title = title_of(document.root) or self.path.stem
        return Score(self._chorale(document, lines), self.wanted, title, document, lines)

    @property
    def _labels(self) -> list[str]:
        return [voice.label for voice in self.wanted]

    def _tree(self) -> Element:
        suffix = self.path.suffix.lower()
        kind = KINDS.get(suffix)
        if kind is None:
            raise ScoreError(
                f"{self.path}: '{suffix}' is no suffix of a score that can be read: give "
                f"{', '.join(KINDS)}"
            )
        content = read_bytes(self.path)
        if kind == "musicxml":
            return musicxml_tree(content)
        if kind in ("abc", "midi"):
            tree, notices = abc_tree(content) if kind == "abc" else midi_tree(content)
            for notice in notices:
                self._warn(notice)
            return tree
        # music21 is imported for the format that needs it, and for no other.
        from bachbot.scores.readers.kern import kern_tree

        return kern_tree(content)

    def _octaves(self, voice: Voice, line: Line) -> int:
        """Octaves to move a line by so that it lies in its voice's compass."""
        low = min(note.pitch for note in line.notes)
        high = max(note.pitch for note in line.notes)
        bottom, top = voice.range
        for octaves in _OCTAVES:
            if bottom <= low + 12 * octaves and high + 12 * octaves <= top:
                break
        else:
            raise ScoreError(
                f"the {voice.label} goes from {_named(low)} to {_named(high)}, and its compass "
                f"is {_named(bottom)} to {_named(top)}: transpose it"
            )
        if octaves:
            way = "up" if octaves > 0 else "down"
            self._warn(
                f"the {voice.label} goes from {_named(low)} to {_named(high)} and was moved "
                f"{way} {_OCTAVE_WORDS[abs(octaves)]} into its compass"
            )
        return octaves

    def _tell_key_changes(self, document: Document) -> None:
        signatures = document.signatures
        for before, after in pairwise(signatures):
            if after.fifths != before.fifths:
                bar = max(i for i, b in enumerate(document.bars) if b.start <= after.start)
                self._warn(
                    f"the key signature changes at {document.where(bar, Fraction(0))}: all of it "
                    "is heard in the first key; split the tune there for two"
                )
                return

    def _tell_off_grid(self, voice: Voice, line: Line) -> None:
        off = sum(
            (note.start * FRAMES_PER_QUARTER).denominator > 1
            or (note.length * FRAMES_PER_QUARTER).denominator > 1
            for note in line.notes
        )
        if off:
            self._warn(
                f"{off} notes of the {voice.label} lie off the grid of sixteenths (triplets or "
                "shorter notes): the model hears them on the nearest sixteenths, the written "
                "notes stay as they are"
            )

    def _chorale(self, document: Document, lines: Mapping[Voice, Line]) -> Chorale:
        grid = lay([lines[voice].notes for voice in self.wanted], document.bars)
        pitch = np.full((len(grid.pitch), 4), REST, dtype=np.int16)
        tied = np.zeros(pitch.shape, dtype=np.bool_)
        pitch[:, list(self.wanted)] = grid.pitch
        tied[:, list(self.wanted)] = grid.tied
        if (pitch == REST).all():
            raise ScoreError("every note is shorter than a sixteenth: write it in longer notes")
        return Chorale(
            pitch=pitch,
            tied=tied,
            fermata=grid.fermata,
            meter=grid.meter,
            key=self.key or _estimated(grid.pitch, document),
            name=self.path.stem,
            position=grid.position,
        )

    def _warn(self, message: str) -> None:
        warnings.warn(f"{self.path.name}: {message}", BachbotWarning, stacklevel=5)


def _estimated(pitch: NDArray[np.int16], document: Document) -> Key:
    if not document.signatures:
        return estimate_key(pitch)
    first = document.signatures[0]
    return estimate_key(pitch, first.fifths, first.mode)


def _named(pitch: int) -> str:
    """Give a pitch a name such as C4, with sharps."""
    step, alter, octave = spelled(pitch, (pitch * 7 + 1) % 12 - 1)
    return f"{step}{'#' * alter}{octave}"


def _listed(words: Sequence[str]) -> str:
    verb = "is" if len(words) == 1 else "are"
    return f"{', '.join(words[:8])}{' and more' if len(words) > 8 else ''} {verb}"


def title_of(root: Element) -> str:
    """Title that a score gives itself, or nothing."""
    title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
    if not title.strip():
        for credit in root.findall("credit"):
            if (credit.findtext("credit-type") or "").strip() == "title":
                title = credit.findtext("credit-words") or ""
                break
    title = " ".join(title.split())[:200]
    # What music21 writes where it knows nothing.
    return "" if title.startswith("Music21") else title
