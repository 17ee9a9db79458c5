"""Write a score: to bytes in a given format, or to a file in the format of its suffix."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from xml.etree import ElementTree

from bachbot.errors import BachbotError, OutputError, UsageError
from bachbot.files import write_atomically
from bachbot.scores.engraving.page_size import PageSize
from bachbot.scores.musicxml.words import Words, with_words
from bachbot.scores.performance import tempo_faults
from bachbot.scores.provenance import mark_musicxml
from bachbot.scores.score import Score
from bachbot.scores.sheet import Sheet, performance_of, sheet_soundings
from bachbot.scores.sound.instruments import SoundPreset

OutputFormat = Literal["musicxml", "mxl", "midi", "svg", "png", "pdf", "wav", "flac", "ogg", "mp3"]
"""Formats that can be written; ``"mxl"`` is compressed MusicXML."""

OUTPUT_FORMATS: Mapping[str, OutputFormat] = {
    ".musicxml": "musicxml",
    ".xml": "musicxml",
    ".mxl": "mxl",
    ".mid": "midi",
    ".midi": "midi",
    ".svg": "svg",
    ".png": "png",
    ".pdf": "pdf",
    ".wav": "wav",
    ".flac": "flac",
    ".ogg": "ogg",
    ".mp3": "mp3",
}
"""Suffixes that can be written, and their formats."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
    '<rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)


@dataclass(frozen=True)
class Layout:
    """Staves, paper and words of an engraving, and tempo and instrument of MIDI and sound.

    Parameters
    ----------
    staves : {2, 4}
        One staff for each voice, or two staves with two voices each.
    tempo : float, optional
        Quarter notes per minute, 10 to 400; not used for a score that has its `performance`.
        Default: the tempo marks of the page, or 72.
    sound : str
        Instrument: ``"organ"``, ``"choir"``, ``"strings"``, ``"piano"``, or a soundfont
        ``"FILE.sf2"`` or ``"FILE.sf2:PROGRAM"``, which is checked at once.
    paper : {"a4", "letter"}
        Paper of an engraving.
    size : {"small", "normal", "large"}
        Size of its staves: 5.3, 6.4 or 7.5 mm high.
    words : {"all", "soprano"}, optional
        ``"all"`` puts the words of the tune under every voice that sings them with it, also in
        MusicXML; ``"soprano"`` leaves them under the tune alone. Default: as they are.

    Raises
    ------
    UsageError
        If a value is none of these.
    """

    staves: Literal[2, 4] = 4
    tempo: float | None = None
    sound: str = "organ"
    paper: str = "a4"
    size: str = "normal"
    words: Words | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.staves not in (2, 4):
            faults.append(f"{self.staves} staves: give 2 or 4")
        faults += tempo_faults(self.tempo)
        if self.words not in (None, *get_args(Words)):
            faults.append(f"words under '{self.words}': give {' or '.join(get_args(Words))}")
        for check in (lambda: SoundPreset.parse(self.sound), lambda: self.page_size):
            try:
                check()
            except UsageError as error:
                faults.append(str(error))
        if faults:
            raise UsageError("; ".join(faults))

    @property
    def program(self) -> int:
        """Return the General MIDI program of the instrument, counted from 0."""
        return SoundPreset.parse(self.sound).program

    @property
    def page_size(self) -> PageSize:
        """Paper and size of the staves."""
        return PageSize(self.paper, self.size)


def save_score(
    score: Score | Sheet, path: str | Path | Sequence[str | Path], *, layout: Layout | None = None
) -> None:
    """Write a score to a file, or to several: each is written whole or not at all.

    Parameters
    ----------
    score : Score or Sheet
        From `load_score`, `load_sheet`, `complete` or `from_chorale`.
    path : str, Path or sequence of them
        Its suffix is the format: MusicXML (``.musicxml``, ``.xml``, compressed ``.mxl``), MIDI
        (``.mid``, ``.midi``), an engraving (``.svg``, ``.png``, ``.pdf``) or sound (``.wav``,
        ``.flac``, ``.ogg``, ``.mp3``). The folder must exist. Of several files one that fails
        does not cost the others.
    layout : Layout, optional
        Staves of an engraving; tempo and instrument of MIDI and sound.

    Raises
    ------
    OutputError
        If the suffix is none of these, or the file cannot be written; of several files, after
        all others are written.
    UsageError
        If the user's soundfont cannot be played.

    See Also
    --------
    render : The same as bytes.
    """
    paths = [path] if isinstance(path, str | Path) else list(path)
    targets = [(Path(one), format_of(Path(one))) for one in paths]
    raise_failures(list(save_each(score, targets, layout)))


Saved = tuple[Path, BachbotError | None]
"""A file, and why it could not be written; None if it was."""


def save_each(
    score: Score | Sheet, targets: Sequence[tuple[Path, OutputFormat]], layout: Layout | None = None
) -> Iterator[Saved]:
    """Write a score to files, and yield what became of each as soon as it is known."""
    for path, format_ in targets:
        try:
            write_atomically(path, render(score, format_, layout=layout))
        except BachbotError as error:
            yield path, error
        else:
            yield path, None


def raise_failures(outcomes: Sequence[Saved]) -> None:
    """Raise one error for the files that could not be written.

    Raises
    ------
    BachbotError
        The error of the only file.
    OutputError
        If there are several files: it names each that failed, and says that the others are written.
    """
    if len(outcomes) == 1 and outcomes[0][1] is not None:
        raise outcomes[0][1]
    failed = [
        str(error) if str(path) in str(error) else f"{path}: {error}"
        for path, error in outcomes
        if error is not None
    ]
    if failed:
        others = "; every other file is written" if len(failed) < len(outcomes) else ""
        raise OutputError(f"{'; '.join(failed)}{others}")


def format_of(path: Path) -> OutputFormat:
    """The format that the suffix of a file names.

    Raises
    ------
    OutputError
        If it is none that can be written.
    """
    suffix = path.suffix.lower()
    if suffix not in OUTPUT_FORMATS:
        raise OutputError(
            f"{path}: '{suffix}' is not a suffix that can be written: "
            f"use {', '.join(OUTPUT_FORMATS)}"
        )
    return OUTPUT_FORMATS[suffix]


def render(
    score: Score | Sheet,
    format: OutputFormat,  # noqa: A002
    *,
    layout: Layout | None = None,
    marked: bool = True,
) -> bytes:
    r"""Return a score as the content of a file.

    Parameters
    ----------
    score : Score or Sheet
        From `load_score`, `load_sheet`, `complete` or `from_chorale`.
    format : {"musicxml", "mxl", "midi", "svg", "png", "pdf", "wav", "flac", "ogg", "mp3"}
        MIDI has one track and channel a voice. SVG and PNG are one picture, as wide as the paper
        and as tall as the music; PDF has pages. Sound is stereo at 44.1 kHz.
    layout : Layout, optional
        Staves, paper and words of an engraving; tempo and instrument of MIDI and sound.
    marked : bool
        Whether the file names bachbot as the program that wrote it. PDF always does.

    Raises
    ------
    UsageError
        If the format is none of these, or the user's soundfont cannot be played.
    OutputError
        If the music is too long for one picture (PDF has pages) or for a sound file.
    ScoreError
        If the score has no note to play, or cannot be engraved.

    Examples
    --------
    >>> from bachbot import load_score
    >>> render(load_score(b"X:1\nT:Scale\nK:C\ncdef|gabc'|"), "midi")[:4]
    b'MThd'
    """
    layout = layout or Layout()
    if format not in get_args(OutputFormat):
        raise UsageError(
            f"'{format}' is not a format that can be written: "
            f"use {', '.join(get_args(OutputFormat))}"
        )
    if format in ("musicxml", "mxl", "svg", "png", "pdf"):
        page = musicxml(score, marked=marked, words=layout.words)
        if format == "musicxml":
            return page.encode()
        if format == "mxl":
            return _compress(page)
        from bachbot.scores.engraving.engrave import engraving_bytes

        return engraving_bytes(
            page, f".{format}", staves=layout.staves, marked=marked, page=layout.page_size
        )
    tempo = performance_of(score, layout.tempo)
    if format == "midi":
        from bachbot.scores.sound.midi import midi_bytes

        return midi_bytes(score, tempo, program=layout.program, marked=marked)
    from bachbot.scores.sound.audio import audio_bytes
    from bachbot.scores.sound.mixing import SATB, Balance

    return audio_bytes(
        sheet_soundings(score),
        f".{format}",
        tempo=tempo,
        sound=layout.sound,
        marked=marked,
        balance=SATB if isinstance(score, Score) else Balance.of(len(score.voices)),
    )


def musicxml(score: Score | Sheet, *, marked: bool = True, words: Words | None = None) -> str:
    """Return a score as MusicXML text.

    Parameters
    ----------
    score : Score or Sheet
        What to write.
    marked : bool
        Whether it names bachbot as its software.
    words : {"all", "soprano"}, optional
        Under which voices words stand. Default: as they are.
    """
    root = score.document.root
    if words is not None:
        root = with_words(root, score.document.bars, words)
    return xml_text(mark_musicxml(root) if marked else root)


def xml_text(root: ElementTree.Element) -> str:
    """A MusicXML tree as the text of a file."""
    return _HEAD + ElementTree.tostring(root, encoding="unicode") + "\n"


def _compress(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("META-INF/container.xml", _CONTAINER), ("score.musicxml", text)):
            # With a fixed date the same music gives the same bytes.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
