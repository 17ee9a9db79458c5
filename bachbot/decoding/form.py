"""The form of a new piece: where its bars, its first and its last chord are.

The model does not see the metre, so what makes a bar felt is asked for: soprano and bass strike
anew at every bar line, and the piece closes at the end of a bar.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, STANDARD, Chorale, Given, Metre, Mode, Voice
from bachbot.decoding.compass import compass_palette
from bachbot.decoding.plan import ANY, FERMATA_FREE, FERMATA_HERE, FREE, NO_FERMATA, Plan
from bachbot.encoding import Vocabulary, Work
from bachbot.errors import UsageError

FEWEST_BARS, MOST_BARS = 4, 32
"""Where the model may end a piece whose length is not asked for."""

LONGEST = 400
"""Most bars that may be asked for."""

_TRIAD: dict[Mode, list[int]] = {"major": [0, 4, 7], "minor": [0, 3, 4, 7]}
"""Semitones of the tonic triad above the tonic; minor may close on the major third."""

_DOMINANT, _LOW_SEVENTH = 7, 10  # semitones above the tonic
_OUTER = (Voice.SOPRANO, Voice.BASS)


@dataclass(frozen=True, eq=False)
class ComposeRequest:
    """What a new piece is to be like.

    Parameters
    ----------
    bars : int, optional
        Full bars, those of the opening counted and a pickup not, 1 to 400. Without it the model
        ends the piece itself, after 4 bars at the least and 32 at the most.
    metre : Metre
        Time signature and pickup. After a pickup the last bar is as much shorter.
    mode : {"major", "minor"}
        C major or A minor.
    transposed_by : int
        Semitones from the key that the piece will be sung in to C major or A minor, for the
        compass of the voices.
    prime : Chorale, optional
        An opening in C major or A minor to go on from, all four voices.
    grid : int
        Voices strike and stop only in frames that are a multiple of this, as in `Given`.

    Raises
    ------
    UsageError
        If the length cannot be, or the opening has no frame or fills it.
    """

    bars: int | None = None
    metre: Metre = Metre()
    mode: Mode = "major"
    transposed_by: int = 0
    prime: Chorale | None = None
    grid: int = 1

    def __post_init__(self) -> None:
        if self.bars is not None and not 1 <= self.bars <= LONGEST:
            raise UsageError(f"{self.bars} bars were asked for: give 1 to {LONGEST}")
        if self.mode not in STANDARD:
            raise UsageError(f"'{self.mode}' is no mode: give major or minor")
        if self.prime is not None and not self.prime.frames:
            raise UsageError("the opening is empty: give one of a bar or more")
        if self.given >= self.frames:
            raise UsageError(
                f"the opening fills {self.bars or MOST_BARS} bars or more: "
                "take less of it, or ask for more bars"
            )

    @property
    def given(self) -> int:
        """Frames of the opening."""
        return self.prime.frames if self.prime is not None else 0

    @property
    def frames(self) -> int:
        """Frames of the piece, at the most where the model ends it."""
        return int(self.bar_ends[(self.bars or MOST_BARS) - 1])

    @property
    def close(self) -> int | None:
        """First frame of the closing chord, where the length is asked for."""
        if self.bars is None:
            return None
        return max(self.frames - last_chord(self.metre), self.given)

    @property
    def place(self) -> NDArray[np.int16]:
        """Place in the bar of each frame, shape [frames]."""
        return self._places[: self.frames]

    @property
    def bar_ends(self) -> NDArray[np.int64]:
        """Frame after the end of each full bar if the piece ended there, shape [bars]."""
        starts = np.flatnonzero(self._places == 0)
        return starts[starts > 0][0 if self.metre.pickup == 0 else 1 :] - self.metre.pickup

    @property
    def _places(self) -> NDArray[np.int16]:
        """Places of more frames than any piece has."""
        bar = self.metre.bar_frames
        room = ((self.bars or MOST_BARS) + 3) * bar
        if self.prime is None:
            return self.metre.places(room)
        # The bars of an opening may be irregular: what follows counts on from where it stops.
        on = (self.prime.place[-1] + 1 + np.arange(room)) % bar
        return np.concatenate([self.prime.place, on]).astype(np.int16)


def composing(request: ComposeRequest, vocabulary: Vocabulary) -> Plan:
    """The plan of a new piece.

    It opens on the tonic triad with the tonic in the bass, and without a fermata in its first bar,
    unless an opening is given. Where the length is asked for, it closes with the bass going from
    the dominant, a beat long, to the tonic under a fermata; that is half a bar long, or a whole
    one in bars of an odd number of beats. A bar before it, no minor seventh degree is struck in
    minor: without that a piece that has strayed to the relative major does not come home. The
    chords are the model's.

    Parameters
    ----------
    request : ComposeRequest
        What is asked for.
    vocabulary : Vocabulary
        The model's.

    Raises
    ------
    DecodingError
        If the vocabulary lacks a voice's compass.
    EncodingError
        If the opening has a pitch outside the vocabulary.
    """
    frames, opening = request.frames, request.given
    compass = compass_palette(vocabulary, request.transposed_by)[:4]
    above = (vocabulary.pitch_of - STANDARD[request.mode].pitch_class) % 12  # [V]
    triad = np.tile(np.isin(above, _TRIAD[request.mode]), (4, 1))
    triad[Voice.BASS] = above == 0
    # Four voices at will, four on the tonic triad, four without the low seventh of minor, the bass
    # on the dominant, no onset at all.
    rising = compass & (above != _LOW_SEVENTH) if request.mode == "minor" else compass
    dominant = compass[[Voice.BASS]] & (above == _DOMINANT)
    palette = np.concatenate([compass, compass & triad, rising, dominant, np.zeros_like(dominant)])
    at_will, on_triad, on_rise = np.arange(12).reshape(3, 4)
    on_dominant, held = 12, 13

    token = np.full((frames, 4), FREE, dtype=np.int64)
    fermata = np.full(frames, FERMATA_FREE, dtype=np.int8)
    which = np.tile(at_will, (frames, 1))
    tie = np.ones((frames, 4), dtype=np.bool_)
    tie[np.ix_(request.place == 0, _OUTER)] = False
    may_end = np.zeros(frames + 1, dtype=np.bool_)
    if request.prime is not None:
        token[:opening] = vocabulary.ids_of(request.prime.pitch, request.prime.tied)
        fermata[:opening] = request.prime.fermata
    else:
        which[0] = on_triad
        fermata[: request.metre.bar_frames] = NO_FERMATA
    last = request.close
    if last is not None:
        which[max(last - request.metre.bar_frames, opening + 1) : last] = on_rise
        fermata[max(last - 2 * request.metre.beat_frames, opening) : last] = NO_FERMATA
        fermata[last:] = FERMATA_HERE
        which[last:] = on_triad
        which[last + 1 :, _OUTER] = held
        tie[last, _OUTER] = False
        tie[last + 1 :, _OUTER] = True
        before = last - request.metre.beat_frames
        if before > opening:
            which[before:last, Voice.BASS] = held
            which[before, Voice.BASS] = on_dominant
            tie[before, Voice.BASS] = False
    else:
        ends = request.bar_ends[FEWEST_BARS - 1 : MOST_BARS]
        may_end[ends[(ends > opening) & (ends < frames)]] = True
    return Plan(
        vocabulary=vocabulary,
        token=token,
        palette=palette,
        which=which,
        tie=tie,
        sound=np.full((frames, 4), ANY, dtype=np.int16),
        hold=np.arange(frames) % request.grid > 0,
        fermata=fermata,
        may_end=may_end,
        key=STANDARD[request.mode],
        place=request.place,
        transposed_by=request.transposed_by,
    )


def told(request: ComposeRequest, plan: Plan) -> Work:
    """What a model that looks ahead may know of a new piece: its form and its opening.

    Parameters
    ----------
    request : ComposeRequest
        What is asked for.
    plan : Plan
        Its plan, from `composing`.
    """
    given = np.zeros((plan.frames, 4), dtype=np.bool_)
    given[: request.given] = True
    pitch = np.full((plan.frames, 4), REST, dtype=np.int16)
    tied = np.zeros((plan.frames, 4), dtype=np.bool_)
    if request.prime is not None:
        pitch[: request.given], tied[: request.given] = request.prime.pitch, request.prime.tied
    chorale = Chorale(
        pitch=pitch,
        tied=tied,
        fermata=plan.fermata == FERMATA_HERE,
        metre=request.metre,
        key=STANDARD[request.mode],
        place=request.place,
    )
    return Work(chorale, Given(given, plan.fermata != FERMATA_FREE))


def last_chord(metre: Metre) -> int:
    """Length of a closing chord in frames."""
    beats = metre.bar_frames // metre.beat_frames
    bar = metre.bar_frames // 2 if beats % 2 == 0 else metre.bar_frames
    # The pickup's beats are missing from the last bar.
    return max(bar - metre.pickup, metre.beat_frames) if metre.pickup else bar
