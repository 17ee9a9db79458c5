"""Read a score of any format, and quantize its voices to the grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Key, Voice
from bachbot.errors import ScoreError, UsageError
from bachbot.scores.grid import quantize
from bachbot.scores.keys import estimate_key
from bachbot.scores.musicxml.complete import has_chord_symbols, transpose_octaves
from bachbot.scores.pitch import pitch_label
from bachbot.scores.readers.abc import abc_tree
from bachbot.scores.readers.document import Document, Line
from bachbot.scores.readers.midi import midi_tree
from bachbot.scores.readers.musicxml import musicxml_tree
from bachbot.scores.readers.source import InputFormat, Source, open_source
from bachbot.scores.readers.voices import read_again, take_voices
from bachbot.scores.score import Notice, NoticeKind, Score

_OCTAVES = (0, 1, -1, 2, -2, 3, -3)
_OCTAVE_WORDS = {1: "an octave", 2: "two octaves", 3: "three octaves"}


def load_score(
    source: str | Path | bytes | BinaryIO,
    *,
    format: InputFormat | None = None,  # noqa: A002
    key: Key | None = None,
    voices: Sequence[Voice] = (Voice.SOPRANO,),
) -> Score:
    r"""Read a melody, or any of the four voices, from a file or from bytes.

    Parameters
    ----------
    source : str, Path, bytes or binary file object
        MusicXML (``.musicxml``, ``.xml``, compressed ``.mxl``), MIDI (``.mid``, ``.midi``), ABC
        (``.abc``) or Humdrum kern (``.krn``, ``.kern``).
    format : {"musicxml", "mxl", "midi", "abc", "kern"}, optional
        Default: by the suffix of the file name; without a name, by the content.
    key : Key, optional
        Key of the music. Default: estimated from the key signature and the notes.
    voices : sequence of Voice
        The voices to read. Parts are identified by name, else by order; other parts are ignored
        with a notice.

    Returns
    -------
    Score
        The requested voices; its chorale is in the written key. ``notices`` lists what was
        ignored or changed: parts, octaves, notes that are not on the sixteenth grid.

    Raises
    ------
    ScoreError
        If the file is not a score, or is empty, damaged or too large; if a voice is missing, has
        only rests or chords, or fits into its range in no octave.
    UsageError
        If no voice is requested, or the source or format is none of those above.

    Examples
    --------
    >>> score = load_score("corpus/examples/twinkle.musicxml")  # doctest: +SKIP
    >>> score.chorale.pitch.shape, score.present  # doctest: +SKIP
    ((192, 4), (<Voice.SOPRANO: 0>,))
    >>> load_score(b"X:1\nT:Scale\nK:C\ncdef|gabc'|").title
    'Scale'
    """
    wanted = tuple(sorted(set(voices)))
    if not wanted:
        raise UsageError("no voice is requested: give some of soprano, alto, tenor, bass")
    opened = open_source(source, format)
    try:
        return _Loader(opened, wanted, key).load()
    except ScoreError as error:
        raise ScoreError(f"{opened.label}: {error}") from error


@dataclass
class _Loader:
    """Reads one score and collects the notices about it."""

    source: Source
    wanted: tuple[Voice, ...]
    key: Key | None
    notices: list[Notice] = field(default_factory=list)

    def load(self) -> Score:
        taken = take_voices(self._tree(), self.wanted)
        document, lines = taken.document, taken.lines
        if taken.ignored:
            read = [voice.label for voice in self.wanted]
            self._note("parts", f"{_listed(taken.ignored)} ignored; {_listed(read)} read")
        self.notices += taken.notices
        octaves = {voice: self._octaves(voice, line) for voice, line in lines.items()}
        if any(octaves.values()):
            for voice, line in lines.items():
                if octaves[voice]:
                    transpose_octaves(document.part(line.part), line, octaves[voice], voice)
            document, lines = read_again(document.root, lines)
        for voice, line in lines.items():
            self._note_off_grid(voice, line)
        if any(has_chord_symbols(document.part(line.part)) for line in lines.values()):
            self._note("chord symbols", "its chord symbols are left out: the harmony will be new")
        self._note_key_change(document)
        chorale = self._chorale(document, lines)
        title = title_of(document.root) or self.source.name
        return Score(chorale, self.wanted, title, document, lines, tuple(self.notices))

    def _note(self, kind: NoticeKind, message: str) -> None:
        self.notices.append(Notice(kind, message))

    def _tree(self) -> Element:
        content, kind = self.source.content, self.source.format
        if kind in ("musicxml", "mxl"):
            return musicxml_tree(content)
        if kind == "kern":
            # Only this format imports music21, which takes a third of a second.
            from bachbot.scores.readers.kern import kern_tree

            return kern_tree(content)
        tree, notices = abc_tree(content) if kind == "abc" else midi_tree(content)
        self.notices += notices
        return tree

    def _octaves(self, voice: Voice, line: Line) -> int:
        """Octaves to move a line by so that it is within its voice's range."""
        low = min(note.pitch for note in line.notes)
        high = max(note.pitch for note in line.notes)
        bottom, top = voice.range
        span = f"the {voice.label} goes from {pitch_label(low)} to {pitch_label(high)}"
        for octaves in _OCTAVES:
            if bottom <= low + 12 * octaves and high + 12 * octaves <= top:
                break
        else:
            raise ScoreError(
                f"{span}, and its range is {pitch_label(bottom)} to {pitch_label(top)}: "
                "transpose it"
            )
        if octaves:
            way = "up" if octaves > 0 else "down"
            by = _OCTAVE_WORDS[abs(octaves)]
            self._note("octave", f"{span} and was moved {way} {by} into its range")
        return octaves

    def _note_key_change(self, document: Document) -> None:
        for before, after in pairwise(document.signatures):
            if after.fifths != before.fifths:
                bar = max(i for i, b in enumerate(document.bars) if b.start <= after.start)
                self._note(
                    "key change",
                    f"the key signature changes at {document.where(bar, Fraction(0))}: the whole "
                    "tune is harmonized in its first key; split it there to use both",
                )
                return

    def _note_off_grid(self, voice: Voice, line: Line) -> None:
        off = sum(
            (note.start * FRAMES_PER_QUARTER).denominator > 1
            or (note.length * FRAMES_PER_QUARTER).denominator > 1
            for note in line.notes
        )
        if off:
            self._note(
                "off grid",
                f"{off} notes of the {voice.label} are not on the sixteenth grid (triplets or "
                "shorter notes): the model reads them at the nearest sixteenths; the written notes "
                "stay as they are",
            )

    def _chorale(self, document: Document, lines: Mapping[Voice, Line]) -> Chorale:
        grid = quantize([lines[voice].notes for voice in self.wanted], document.bars)
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
            key=self.key or _estimate_key(grid.pitch, document),
            name=self.source.name,
            position=grid.position,
        )


def _estimate_key(pitch: NDArray[np.int16], document: Document) -> Key:
    if not document.signatures:
        return estimate_key(pitch)
    first = document.signatures[0]
    return estimate_key(pitch, first.fifths, first.mode)


def _listed(words: Sequence[str]) -> str:
    """Words in a row with their verb, at most eight."""
    verb = "is" if len(words) == 1 else "are"
    return f"{', '.join(words[:8])}{' and more' if len(words) > 8 else ''} {verb}"


def title_of(root: Element) -> str:
    """Title in a MusicXML tree: of the work, the movement or the page; empty if there is none."""
    title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
    if not title.strip():
        for credit in root.findall("credit"):
            if (credit.findtext("credit-type") or "").strip() == "title":
                title = credit.findtext("credit-words") or ""
                break
    title = " ".join(title.split())[:200]
    # music21 writes such a title where it knows none.
    return "" if title.startswith("Music21") else title
