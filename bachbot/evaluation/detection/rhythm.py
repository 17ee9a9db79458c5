"""Features of rhythm: what notes are long or short, on the beat or off it, struck together."""

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, VOICES
from bachbot.evaluation.detection.sight import Features, Sight, share

_SIXTEENTH, _EIGHTH, _HALF = 1, 2, 8


def note_values(sight: Sight) -> Features:
    """By voice: notes a beat, and the shares of sixteenths, eighths, and halves or longer."""
    found = {}
    for voice, notes in sight.notes.items():
        found[f"{voice.label}: notes a beat"] = share(len(notes.start), sight.length)
        for name, kind in (
            ("sixteenths", notes.length == _SIXTEENTH),
            ("eighths", notes.length == _EIGHTH),
            ("halves or longer", notes.length >= _HALF),
        ):
            found[f"{voice.label}: {name}, of notes"] = share(kind, kind.size)
    return found


def off_the_beat(sight: Sight) -> Features:
    """By voice: notes that begin off the beat; beats that such a note is held over."""
    found = {}
    place = sight.chorale.place % FRAMES_PER_QUARTER
    for voice, notes in sight.notes.items():
        off = place[notes.start] != 0
        over = off & (place[notes.start] + notes.length > FRAMES_PER_QUARTER)
        found[f"{voice.label}: notes off the beat, of notes"] = share(off, off.size)
        found[f"{voice.label}: held over a beat from off it, of notes"] = share(over, over.size)
    return found


def together(sight: Sight) -> Features:
    """How many voices strike at once, and how many beats something moves within."""
    struck = sight.chorale.onset.sum(axis=1)  # [T]
    on_beat = sight.chorale.place % FRAMES_PER_QUARTER == 0
    on, within = on_beat & (struck > 0), ~on_beat & (struck > 0)
    beat_of = np.cumsum(on_beat)
    return {
        "all four strike, of beats struck": share(struck[on] == len(VOICES), on),
        "one voice alone strikes, of beats struck": share(struck[on] == 1, on),
        "two or more move, of strikes off the beat": share(struck[within] >= 2, within),
        "beats with a note within": share(len(np.unique(beat_of[within])), len(np.unique(beat_of))),
    }


def repeated(sight: Sight) -> Features:
    """By voice: notes struck again on the pitch before. Not told in JSB-16th."""
    found = {}
    for voice, notes in sight.notes.items():
        joined = notes.start[:-1] + notes.length[:-1] == notes.start[1:]
        again = joined & (np.diff(notes.pitch) == 0)
        found[f"{voice.label}: repeated notes, of notes"] = share(again, len(notes.start))
    return found
