"""Read a score of any format, and quantize its voices to the grid."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Choir, Chorale, Key, Voice
from bachbot.errors import BachbotError, ScoreError, UsageError
from bachbot.scores.grid import Grid, frame_of, quantize
from bachbot.scores.keys import contradicts, estimate_key
from bachbot.scores.musicxml.complete import has_chord_symbols, transpose_octaves
from bachbot.scores.musicxml.transpose import transpose_score
from bachbot.scores.readers.abc.abc_reader import abc_tree, abc_tunes
from bachbot.scores.readers.any_voices import find_voices
from bachbot.scores.readers.document import Document, Line, read_document
from bachbot.scores.readers.kern.kern_reader import kern_tree, kern_tunes
from bachbot.scores.readers.midi.midi_reader import midi_tree
from bachbot.scores.readers.musicxml import musicxml_tree
from bachbot.scores.readers.placement import Transposition, place_lines
from bachbot.scores.readers.source import InputFormat, Source, open_source
from bachbot.scores.readers.tune import TuneHeading
from bachbot.scores.readers.voices import read_again, take_voices
from bachbot.scores.score import Notice, NoticeKind, Score

_MAX_REASON = 200


def load_score(
    source: str | Path | bytes | BinaryIO,
    *,
    format: InputFormat | None = None,  # noqa: A002
    key: Key | None = None,
    voices: Sequence[Voice] = (Voice.SOPRANO,),
    transpose: str | int = "auto",
    tune: int | None = None,
    choir: Choir | None = None,
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
    transpose : str or int
        How a voice that is outside its range in every octave is moved: ``"auto"`` moves the whole
        score by the smallest interval that fits and gives a simple key signature, and ``"no"``
        keeps its key. ``"best"`` picks the key in which tune and choir fit best, and says why.
        Semitones such as ``2`` or ``"-3"``, or a key such as ``"G major"``, move
        it in any case. Notes that are still outside stay as they are written; the engine reads
        them in another octave.
    tune : int, optional
        Number of the tune in a file of many, as `list_tunes` gives it. Default: the first.
    choir : Choir, optional
        Who sings it: the ranges that count for `transpose`, and the keys that it prefers. Default:
        the ranges of Bach's chorales.

    Returns
    -------
    Score
        The requested voices; its chorale is in the written key, or in that which it was moved to.
        ``notices`` lists what was ignored or changed: parts, keys, octaves, notes that are not on
        the sixteenth grid.

    Raises
    ------
    ScoreError
        If the file is not a score, or is empty, damaged or too large; if a voice is missing, has
        only rests or chords, or most of its notes are outside its range wherever it is moved.
    UsageError
        If no voice is requested, the source, the format or `transpose` is none of those above, or
        there is no tune of that number.

    Examples
    --------
    >>> score = load_score("corpus/examples/twinkle.musicxml")  # doctest: +SKIP
    >>> score.chorale.pitch.shape, score.present  # doctest: +SKIP
    ((192, 4), (<Voice.SOPRANO: 0>,))
    >>> load_score(b"X:1\nT:Scale\nK:C\ncdef|gabc'|").title
    'Scale'
    """
    wanted = tuple(sorted({Voice(voice) for voice in voices}))
    if not wanted:
        raise UsageError("no voice is requested: give some of soprano, alto, tenor, bass")
    wanted_key = Transposition.parse(transpose)
    opened = open_source(source, format)
    with one_line(opened):
        return _Loader(opened, wanted, key, wanted_key, tune, choir or Choir()).load()


def load_any_score(
    source: str | Path | bytes | BinaryIO,
    *,
    format: InputFormat | None = None,  # noqa: A002
    key: Key | None = None,
    tune: int | None = None,
) -> Score:
    """Read whatever voices a score has, up to four, where they stand.

    A score of four voices is read as `load_score` reads it. In any other the voices are found by
    the names of its parts or by their height, and chords on staves are shared out among voices.

    Parameters
    ----------
    source, format, key, tune
        As `load_score` takes them.

    Returns
    -------
    Score
        The voices that it has (``present``), at least one, never moved to another octave or key.
        Notices of the kinds ``"missing voices"`` and ``"shared chords"`` say what is not as in
        four parts; the page of such a score is as it came.

    Raises
    ------
    ScoreError
        If the file is not a score, or is empty, damaged or too large, or has only rests.
    UsageError
        If the source or format is none of those above, or there is no tune of that number.
    """
    opened = open_source(source, format)
    with one_line(opened):
        loader = _Loader(opened, VOICES, key, Transposition.parse("0"), tune, Choir())
        try:
            return loader.load()
        except ScoreError as error:
            return loader.load_any(error)


def list_tunes(
    source: str | Path | bytes | BinaryIO,
    *,
    format: InputFormat | None = None,  # noqa: A002
) -> tuple[TuneHeading, ...]:
    r"""List the tunes in a file; a file of ABC or kern may hold many.

    Parameters
    ----------
    source, format
        As `load_score` takes them.

    Returns
    -------
    tuple of TuneHeading
        Number and title of each, in order; one for a format that holds a single tune.

    Raises
    ------
    ScoreError
        If the file cannot be read or holds no tune.
    UsageError
        If the source or format is none of those that can be read.

    Examples
    --------
    >>> list_tunes(b"X:1\nT:One\nK:C\nc4|\n\nX:2\nT:Two\nK:C\nd4|")[1].title
    'Two'
    """
    opened = open_source(source, format)
    with one_line(opened):
        return _headings(opened)


def _headings(source: Source) -> tuple[TuneHeading, ...]:
    if source.format == "abc":
        found = abc_tunes(source.content)
    elif source.format == "kern":
        found = kern_tunes(source.content)
    else:
        return (TuneHeading(1, source.name),)
    if not found:
        raise ScoreError("it has no tune: give one with a tune")
    return found


def read_tree(source: Source, tune: int | None = None) -> tuple[Element, tuple[Notice, ...]]:
    """Read a file to a ``score-partwise`` tree with all of its parts, as they are written.

    Parameters
    ----------
    source : Source
        The file.
    tune : int, optional
        Number of the tune in a file of many. Default: the first.

    Raises
    ------
    ScoreError
        If it cannot be read.
    UsageError
        If there is no tune of that number.
    """
    if source.format in ("musicxml", "mxl"):
        _place(source, tune)
        return musicxml_tree(source.content), ()
    if source.format == "kern":
        return kern_tree(source.content, tune=_place(source, tune))
    if source.format == "abc":
        return abc_tree(source.content, tune=_place(source, tune))
    _place(source, tune)
    return midi_tree(source.content)


def _place(source: Source, tune: int | None) -> int | None:
    """Place in the file of the tune of the number that is wanted, from 1."""
    if tune is None:
        return None
    numbers = [heading.number for heading in _headings(source)]
    if tune not in numbers:
        few = ", ".join(map(str, numbers[:8])) + (" and so on" if len(numbers) > 8 else "")
        raise UsageError(f"the file has no tune {tune}: give one of {few}")
    return numbers.index(tune) + 1


@contextmanager
def one_line(source: Source) -> Iterator[None]:
    """Turn whatever goes wrong while a score is read into an error of one line.

    A file is anybody's, and no list of exceptions is long enough for all of them.
    """
    try:
        with _without_collector():
            yield
    except ScoreError as error:
        raise ScoreError(f"{source.label}: {error}") from error
    except (BachbotError, ImportError):  # what the user asked for, or a package that is missing
        raise
    except MemoryError as error:
        raise ScoreError(
            f"{source.label}: there is not enough memory to read it: give a part of it"
        ) from error
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REASON]
        raise ScoreError(
            f"{source.label}: it cannot be read as {source.format} ({reason}): export it again"
        ) from error


@contextmanager
def _without_collector() -> Iterator[None]:
    """Let Python not look for cycles meanwhile.

    A reader makes many objects and hardly any cycles, and looking through all of them again and
    again takes a third of its time.
    """
    if not gc.isenabled():  # another thread reads, or the user wants it so
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass
class _Loader:
    """Reads one score and collects the notices about it."""

    source: Source
    wanted: tuple[Voice, ...]
    key: Key | None
    transposition: Transposition
    tune: int | None
    choir: Choir
    notices: list[Notice] = field(default_factory=list)

    def load(self) -> Score:
        taken = take_voices(self._tree(), self.wanted)
        document, lines = taken.document, taken.lines
        if taken.ignored:
            read = [voice.label for voice in self.wanted]
            self._note("parts", f"{_listed(taken.ignored)} ignored; {_listed(read)} read")
        self.notices += taken.notices
        grid = self._quantized(document, lines)
        estimated = _estimate_key(grid.pitch, document)
        key = self.key or estimated
        self._note_contradiction(grid.pitch, key, estimated)
        placement, notices = place_lines(document, lines, key, self.transposition, self.choir)
        self.notices += notices
        interval = placement.interval
        if interval is not None or any(placement.octaves.values()):
            for voice, line in lines.items():
                if placement.octaves[voice]:
                    octaves = placement.octaves[voice]
                    transpose_octaves(document.part(line.part), line, octaves, voice)
            if interval is not None:
                transpose_score(document.root, interval)
                key = interval.key(key)
            document, lines = read_again(document.root, lines)
            grid = self._quantized(document, lines)
        for voice, line in lines.items():
            self._note_off_grid(voice, line)
        if any(has_chord_symbols(document.part(line.part)) for line in lines.values()):
            self._note(
                "chord symbols",
                "its chord symbols are left out: the harmony will be new "
                "(--chords score obeys them)",
            )
        self._note_key_change(document, key)
        chorale = self._chorale(grid, key)
        title = title_of(document.root) or self.source.name
        notices = tuple(self.notices)
        return Score(chorale, self.wanted, title, document, lines, notices, placement.whole)

    def load_any(self, error: ScoreError) -> Score:
        """Read what there is of a score that is not for four voices; `error` says why not."""
        self.notices = []
        try:
            document = read_document(self._tree())
            found = find_voices(document)
        except ScoreError:
            raise error from None
        self.wanted = tuple(found.lines)
        for finding in found.findings:
            self._note("shared chords" if found.chords else "missing voices", finding)
        for voice, line in found.lines.items():
            self._note_off_grid(voice, line)
        grid = self._quantized(document, found.lines)
        key = self.key or _estimate_key(grid.pitch, document)
        chorale = self._chorale(grid, key)
        title = title_of(document.root) or self.source.name
        return Score(chorale, self.wanted, title, document, found.lines, tuple(self.notices))

    def _note(self, kind: NoticeKind, message: str) -> None:
        self.notices.append(Notice(kind, message))

    def _tree(self) -> Element:
        tree, notices = read_tree(self.source, self.tune)
        self.notices += notices
        return tree

    def _note_contradiction(self, pitch: NDArray[np.int16], key: Key, estimated: Key) -> None:
        """Say so if the key that a user names does not fit the notes."""
        reason = contradicts(pitch, key, estimated) if self.key is not None else None
        if reason is None:
            return
        text = (
            f"the key {key} does not fit: {reason}, and it looks like {estimated}; the notes are "
            "not moved, and are harmonized as if they were in that key"
        )
        if self.transposition.kind != "no" and key.mode == estimated.mode:
            text += f": to move them to {key}, give --transpose '{key}' and no --key"
        elif self.transposition.kind != "no":
            other = Key(key.tonic, estimated.mode).simplified
            text += "; --transpose does not change the mode"
            if other != estimated:
                text += f", and --transpose '{other}' without --key would move them to {other}"
        self._note("key", text)

    def _note_key_change(self, document: Document, key: Key) -> None:
        for before, after in pairwise(document.signatures):
            if after.fifths != before.fifths:
                bar = max(i for i, b in enumerate(document.bars) if b.start <= after.start)
                self._note(
                    "key change",
                    f"the key signature changes at {document.where(bar, Fraction(0))}: the whole "
                    f"tune is harmonized in {key}; split it there to use both",
                )
                return

    def _note_off_grid(self, voice: Voice, line: Line) -> None:
        off = sum(
            FRAMES_PER_QUARTER % note.start.denominator > 0
            or FRAMES_PER_QUARTER % note.length.denominator > 0
            for note in line.notes
        )
        if off:
            words = f"note{'s' * (off > 1)} of the {voice.label} {'are' if off > 1 else 'is'}"
            self._note(
                "off grid",
                f"{off} {words} not on the sixteenth grid (triplets or shorter notes): the model "
                "reads the nearest sixteenths; the written notes stay as they are",
            )

    def _quantized(self, document: Document, lines: Mapping[Voice, Line]) -> Grid:
        return quantize([lines[voice].notes for voice in self.wanted], document.bars)

    def _chorale(self, grid: Grid, key: Key) -> Chorale:
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
            key=key,
            name=self.source.name,
            position=grid.position,
        )


def _estimate_key(pitch: NDArray[np.int16], document: Document) -> Key:
    if not document.signatures:
        return estimate_key(pitch)
    first = document.signatures[0]
    # Where the signature changes, the key is that of the music before.
    later = (frame_of(s.start) for s in document.signatures if s.fifths != first.fifths)
    before = pitch[: next(later, len(pitch))]
    return estimate_key(before if (before != REST).any() else pitch, first.fifths, first.mode)


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
