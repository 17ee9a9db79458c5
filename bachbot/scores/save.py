"""Write a score to a file, in the format of its suffix."""

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from bachbot.errors import OutputError
from bachbot.files import write_atomically
from bachbot.scores.layout import Layout
from bachbot.scores.score import Score, soundings

SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
"""Suffixes of sound."""
SUFFIXES = (".musicxml", ".xml", ".mxl", ".mid", ".midi", ".svg", ".png", ".pdf", *SOUNDS)
"""Suffixes that can be written."""

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


def save_score(score: Score, path: str | Path, *, layout: Layout | None = None) -> None:
    """Write a score to a file, whole or not at all.

    Parameters
    ----------
    score : Score
        What `load_score`, `complete` or `from_chorale` gave.
    path : str or Path
        Its suffix says what is written: MusicXML (``.musicxml``, ``.xml``, compressed ``.mxl``),
        MIDI (``.mid``, ``.midi``, one track and channel a voice), an engraving (``.svg``,
        ``.png``, ``.pdf``) or sound (``.wav``, ``.flac``, ``.ogg``, ``.mp3``). The folder must be
        there.
    layout : Layout, optional
        Staves of an engraving; tempo and instrument of MIDI and sound.

    Raises
    ------
    OutputError
        If the suffix is none of these, or the file cannot be written.
    UsageError
        If a soundfont of one's own cannot be played.
    """
    path = Path(path)
    layout = layout or Layout()
    suffix = check_suffix(path)
    if suffix in (".musicxml", ".xml"):
        write_atomically(path, musicxml(score).encode())
    elif suffix == ".mxl":
        write_atomically(path, _compressed(musicxml(score)))
    elif suffix in (".mid", ".midi"):
        from bachbot.scores.sound.midi import midi_bytes

        write_atomically(path, midi_bytes(score, layout.tempo, program=layout.program))
    elif suffix in SOUNDS:
        from bachbot.scores.sound.audio import write_audio

        write_audio(soundings(score), path, tempo=layout.tempo, sound=layout.sound)
    else:
        from bachbot.scores.engraving.engrave import write_engraving

        write_engraving(musicxml(score), path, layout=layout)


def check_suffix(path: str | Path) -> str:
    """Give the suffix of a file that can be written; to be called before long work.

    Raises
    ------
    OutputError
        If it is none of `SUFFIXES`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(
            f"{path}: '{suffix}' is no suffix that can be written: give {', '.join(SUFFIXES)}"
        )
    return suffix


def musicxml(score: Score) -> str:
    """Give a score as MusicXML text."""
    return _HEAD + ElementTree.tostring(score.document.root, encoding="unicode") + "\n"


def _compressed(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("META-INF/container.xml", _CONTAINER), ("score.musicxml", text)):
            # A fixed date: the same music makes the same file.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()
