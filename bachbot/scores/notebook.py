"""How a score shows itself in a notebook: a picture of it, and a player."""

from base64 import b64encode
from html import escape

from bachbot.errors import BachbotError
from bachbot.scores.save import musicxml
from bachbot.scores.score import Score, Sounding
from bachbot.scores.sheet import Sheet, performance_of, sheet_soundings

MOST_PAGES = 2
"""Pages that are shown of a long score."""
LONGEST_PICTURE = 40
"""Bars of a score that is one picture; a longer one has pages."""
MOST_BYTES = 3_000_000
"""Size up to which a picture or a sound is put into a notebook."""
MOST_QUARTERS = 180
"""Quarter notes that are played: two and a half minutes at the usual tempo."""

_SOUNDS = (("mp3", "audio/mpeg"), ("ogg", "audio/ogg"), ("flac", "audio/flac"))
"""Formats of sound in order of size, and their media types."""


def html_of(music: Score | Sheet, caption: str = "") -> str:
    """A score as HTML that needs no other file: its first pages as SVG, and a player.

    What cannot be made, such as the sound of a page without notes, is said in a line.

    Parameters
    ----------
    music : Score or Sheet
        What is shown.
    caption : str
        A line above it.
    """
    parts = [f"<p>{escape(caption)}</p>"] if caption else []
    for what, make in (("picture", _pictures), ("sound", _player)):
        try:
            parts.append(make(music))
        except BachbotError as error:
            parts.append(_line(f"no {what}: {error}"))
        except Exception as error:  # a notebook shows what there is, whatever is missing
            parts.append(_line(f"no {what}: {type(error).__name__}: {error}"))
    return "<div>" + "\n".join(parts) + "</div>"


def _line(text: str) -> str:
    return f"<p><small>{escape(text[:300])}</small></p>"


def _pictures(music: Score | Sheet) -> str:
    from bachbot.scores.engraving.engrave import engrave

    paged = len(music.document.bars) > LONGEST_PICTURE
    pages = engrave(musicxml(music), paged=paged)
    shown: list[str] = []
    room = MOST_BYTES
    for page in pages[:MOST_PAGES]:
        room -= len(page)
        if room > 0:
            # As an image, so that names and styles of several scores do not mix.
            shown.append(
                f'<img alt="{escape(music.title, quote=True)}" style="max-width: 100%" '
                f'src="{_data(page.encode(), "image/svg+xml")}">'
            )
    if len(shown) < len(pages):
        left = f"{len(shown)} of {len(pages)} pages; bachbot.save_score writes all of them"
        shown.append(_line(left))
    return "\n".join(shown)


def _player(music: Score | Sheet) -> str:
    notes = sheet_soundings(music)
    heard = [note for note in notes if note.start < MOST_QUARTERS]
    for format_, kind in _SOUNDS:
        try:
            sound = _sound(music, heard, format_)
        except (OSError, RuntimeError, ValueError):  # this system cannot write that format
            continue
        if len(sound) <= MOST_BYTES:
            cut = len(heard) < len(notes)
            said = _line("the beginning; bachbot.save_score writes all of it") if cut else ""
            return f'<audio controls src="{_data(sound, kind)}"></audio>{said}'
    return _line("no sound: it is too long, or no format of sound can be written here")


def _sound(music: Score | Sheet, heard: list[Sounding], format_: str) -> bytes:
    from bachbot.scores.sound.audio import audio_bytes
    from bachbot.scores.sound.mixing import SATB, Balance

    balance = SATB if isinstance(music, Score) else Balance.of(len(music.voices))
    return audio_bytes(heard, f".{format_}", tempo=performance_of(music), balance=balance)


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
