"""Tunes in moods that are harmonized by rule, without a model, and slide shows of them."""

from pathlib import Path

import numpy as np

from bachbot.chorale import REST, Chorale, Voice
from bachbot.engine.mood import MoodTune
from bachbot.engine.requests import DecodingResult
from bachbot.engine.slides import Slide, SlideShow
from bachbot.engine.slideshow import assemble
from bachbot.scores import complete

EXAMPLES = sorted(
    path for path in Path("corpus/examples").resolve().iterdir() if path.suffix != ".md"
)

_TRIADS = {
    "major": ((0, 4, 7), (5, 9, 0), (7, 11, 2)),
    "minor": ((0, 3, 7), (5, 8, 0), (7, 11, 2)),
}


def made_tune(pitches, lengths, **options):
    """A soprano of some pitches (0 for a rest) and lengths in frames."""
    frames = sum(lengths)
    pitch = np.full((frames, 4), REST, dtype=np.int16)
    tied = np.zeros((frames, 4), dtype=np.bool_)
    start = 0
    for one, length in zip(pitches, lengths, strict=True):
        if one:
            pitch[start : start + length, Voice.SOPRANO] = one
            tied[start + 1 : start + length, Voice.SOPRANO] = True
        start += length
    return Chorale(pitch, tied, np.zeros(frames, dtype=np.bool_), **options)


def in_block_chords(tune: Chorale) -> Chorale:
    """A tune with I, IV or V under each note, whichever has it."""
    pitch, tied = tune.pitch.copy(), tune.tied.copy()
    for start in np.flatnonzero(tune.onset[:, Voice.SOPRANO]).tolist():
        stop = start + 1
        while stop < tune.frames and tune.tied[stop, Voice.SOPRANO]:
            stop += 1
        degree = int(tune.pitch[start, 0] - tune.key.pitch_class) % 12
        triad = next((t for t in _TRIADS[tune.key.mode] if degree in t), (0, 4, 7))
        classes = [(tune.key.pitch_class + one) % 12 for one in triad]
        for voice, low, wanted in ((1, 58, classes[1]), (2, 50, classes[2]), (3, 41, classes[0])):
            pitch[start:stop, voice] = low + (wanted - low) % 12
            tied[start:stop, voice] = [False] + [True] * (stop - start - 1)
    return Chorale(
        pitch, tied, tune.fermata, tune.meter, tune.key, name=tune.name, position=tune.position
    )


def made_mood(score, name):
    """The tune of a score in a mood, in block chords."""
    tune = MoodTune.of(score, name)
    full = complete(tune.score, in_block_chords(tune.score.chorale), [Voice.SOPRANO])
    return tune.result(DecodingResult(full, 0.0, 0.0, "", 0))


def made_show(score, slides, moods=None):
    """The music of some slides (seconds, mood, title)."""
    show = SlideShow(tuple(Slide(*slide) for slide in slides))
    names = {slide.mood for slide in show.slides}
    moods = moods or {name: made_mood(score, name) for name in names}
    return assemble(show, score, moods)
