"""The words of MIDI files: lyric events, and the texts of karaoke files."""

from bisect import bisect_left
from collections.abc import Sequence

from bachbot.scores.readers.midi.midi_events import MidiFile, MidiTrack
from bachbot.scores.readers.source import decode_text
from bachbot.scores.readers.tune import Syllable, syllable

_LONGEST = 80
_NEAR = 8
"""A syllable belongs to a note that begins within this part of a quarter note of it."""


def find_words(file: MidiFile) -> list[dict[int, Syllable]]:
    """Find the syllables of each track, by the tick at which their notes begin.

    Words in a track without notes, as in karaoke files, go to the track whose notes they fit best.
    Texts that are not lyric events are words only if most of them are sung to notes.
    """
    found: list[dict[int, Syllable]] = [{} for _ in file.tracks]
    starts = [sorted({note.start for note in track.notes}) for track in file.tracks]
    karaoke = not any(track.lyrics for track in file.tracks)
    for track in file.tracks:
        events = [e for e in track.texts if not e[1].startswith(b"@")] if karaoke else track.lyrics
        if not events:
            continue
        fits = [_fit(events, begins, file.ticks) for begins in starts]
        own = file.tracks.index(track)
        best = own if track.notes and not karaoke else max(range(len(fits)), key=fits.__getitem__)
        if karaoke and (2 * fits[best] < len(events) or fits[best] < 2):
            continue
        for at, sung in _syllables(events):
            near = _nearest(at, starts[best], file.ticks)
            if near is not None:
                found[best].setdefault(near, sung)
    return found


def title_of_karaoke(track: MidiTrack) -> str:
    """Title in a track of a karaoke file, after ``@T``; empty if there is none."""
    titles = [text[2:] for _, text in track.texts if text.startswith(b"@T")]
    return clean(decode_text(titles[0])) if titles else ""


def clean(text: str) -> str:
    """A name or title on one line, at most 80 characters."""
    return " ".join(text.replace("\x00", " ").split())[:_LONGEST]


def _nearest(at: int, starts: Sequence[int], ticks: int) -> int | None:
    index = bisect_left(starts, at)
    near = min(starts[max(0, index - 1) : index + 1], key=lambda s: abs(s - at), default=None)
    return near if near is not None and _NEAR * abs(near - at) <= ticks else None


def _fit(events: Sequence[tuple[int, bytes]], starts: Sequence[int], ticks: int) -> int:
    """How many events are at the beginning of a note."""
    return sum(_nearest(at, starts, ticks) is not None for at, _ in events)


def _syllables(events: Sequence[tuple[int, bytes]]) -> list[tuple[int, Syllable]]:
    """The syllables of a track, in order: words are divided by hyphens, or else by spaces."""
    texts: dict[int, str] = {}
    for at, content in events:
        texts[at] = texts.get(at, "") + decode_text(content)
    pieces = sorted(texts.items())
    hyphens = any(len(t.strip()) > 1 and t.rstrip().endswith("-") for _, t in pieces)
    spaces = any(t != t.strip() or t[:1] in "/\\" for _, t in pieces)
    out: list[tuple[int, Syllable]] = []
    inside = False
    for index, (at, text) in enumerate(pieces):
        following = pieces[index + 1][1] if index + 1 < len(pieces) else " "
        words = " ".join(text.strip().lstrip("/\\").split())
        if hyphens:
            continues = words.endswith("-")
        else:
            parted = text[-1:].isspace() or following[:1].isspace() or following[:1] in "/\\"
            continues = spaces and not parted
        words = words.strip("-").strip()[:_LONGEST]
        if words:
            out.append((at, syllable(words, inside=inside, continues=continues)))
            inside = continues
    return out
