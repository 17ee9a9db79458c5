"""Made pieces to look for passages in, and the looking done by comparing all with all."""

import numpy as np

from bachbot.chorale import REST, VOICES, Chorale, Meter


def piece(soprano=(), alto=(), tenor=(), bass=(), *, name="", meter=None, moved=0):
    """A piece of notes as (pitch, sixteenths), a rest for pitch -1, as long as its longest voice.

    What a voice lacks is rests; `moved` is how far the piece was transposed from its own key.
    """
    voices = (soprano, alto, tenor, bass)
    frames = max(sum(length for _, length in notes) for notes in voices)
    pitch = np.full((frames, 4), REST)
    tied = np.zeros((frames, 4), dtype=bool)
    for voice, notes in enumerate(voices):
        at = 0
        for note, length in notes:
            pitch[at : at + length, voice] = note
            tied[at + 1 : at + length, voice] = note != REST
            at += length
    return Chorale(
        pitch, tied, np.zeros(frames), meter=meter or Meter(), name=name, transposed_by=moved
    )


def quarters(*pitches):
    """Notes of a quarter each."""
    return [(pitch, 4) for pitch in pitches]


def moved(chorale, semitones):
    """The same music elsewhere; its key is not looked at."""
    return chorale.transposed(semitones, chorale.key)


def naive_longest(chorale, voices, train, *, free=False):
    """Notes of the longest shared passage, 0 where not even two are shared."""
    groups = [(v,) for v in VOICES] if len(voices) == 1 else [voices]
    ours = naive_slices(chorale, voices)
    best = 0
    for theirs in (naive_slices(piece, group) for piece in train for group in groups):
        for i in range(len(ours)):
            for j in range(len(theirs)):
                best = max(best, naive_run(ours[i:], theirs[j:], free=free))
    return best if best > 1 else 0


def naive_slices(chorale, voices):
    """Each strike: what sounds, who strikes, how long it lasts, how long each sounds."""
    found = []
    for frame in range(chorale.frames):
        strikes = [bool(chorale.onset[frame, v]) for v in voices]
        pitches = [int(chorale.pitch[frame, v]) for v in voices]
        if any(strikes):
            found.append([pitches, strikes, 0, [0] * len(voices)])
        if found:
            found[-1][2] += 1
            found[-1][3] = [n + (p != REST) for n, p in zip(found[-1][3], pitches, strict=True)]
    return found


def naive_run(ours, theirs, *, free):
    """How many slices on from here are the same, all so many semitones away."""
    shift, run = None, 0
    for (ours_now, struck, lasts, sounds), (now, struck_too, lasts_too, sounds_too) in zip(
        ours, theirs, strict=False
    ):
        rests = [p == REST for p in ours_now] == [p == REST for p in now]
        shifts = {a - b for a, b in zip(ours_now, now, strict=True) if a != REST and b != REST}
        shift = min(shifts) if shift is None and shifts else shift
        if not rests or struck != struck_too or shifts != {shift}:
            break
        run += 1
        if not free and (lasts, sounds) != (lasts_too, sounds_too):
            break
    return run
