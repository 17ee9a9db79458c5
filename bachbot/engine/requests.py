"""Requests to the engine: a score to harmonize or a piece to compose, brought to the decoder."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, GivenHarmony, Key, Meter, Pulse, Voice
from bachbot.decoding import (
    Candidate,
    fill_request,
    octaves_to_tessitura,
)
from bachbot.decoding.difficulty import BACH, Difficulty, departures
from bachbot.decoding.harmony import chord_conflicts
from bachbot.encoding import FillRequest
from bachbot.engine.composition_plan import PlanRequest
from bachbot.engine.summary import Summary
from bachbot.errors import UsageError
from bachbot.scores import (
    BarRange,
    Score,
    beats_of,
    complete,
    rewrite_bars,
    section_starts,
)
from bachbot.scores.folding import fold_chorale, unfold
from bachbot.scores.phrases import phrase_ends_of, predicted_places
from bachbot.scores.pitch import pitch_label
from bachbot.scores.verses import Verses
from bachbot.theory.given.given_chords import where_in


@dataclass(frozen=True, eq=False)
class DecodingResult:
    """A finished piece.

    Parameters
    ----------
    score : Score
        Four voices in the key, meter and bars of the request.
    log_probability : float
        Joint log-probability of all its tokens in nats; without those that were given, if the
        model looked ahead at them.
    penalty : float
        Sum of its part-writing penalties in nats; bonuses count as negative penalties. Results are
        ranked by log-probability less penalty.
    ending : str
        A sentence on how it ends.
    seed : int
        Random seed that gives the same piece again.
    notices : tuple of str
        Where given chords were read otherwise than written, or a given note does not fit its
        chord, a line each; and where phrases are taken to end, if nothing says so.
    """

    score: Score
    log_probability: float
    penalty: float
    ending: str
    seed: int
    notices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, score: Score, candidate: Candidate, notices: tuple[str, ...] = ()
    ) -> "DecodingResult":
        """A candidate as a score."""
        return cls(
            score,
            candidate.log_probability,
            candidate.penalty,
            candidate.ending,
            candidate.seed,
            notices,
        )

    def _repr_html_(self) -> str:
        """The summary, a picture and a player, for a notebook."""
        from bachbot.scores.notebook import html_of

        complete = len(self.score.present) == len(VOICES)
        return html_of(self.score, str(self.summary) if complete else "")

    @cached_property
    def summary(self) -> Summary:
        """Its key, bars, closing cadence and faults; ``str()`` gives one line."""
        return Summary(self.score)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data: the summary, log-probability and penalty in nats, and the seed."""
        return self.summary.to_json() | {
            "title": self.score.title,
            "log_probability": self.log_probability,
            "penalty": self.penalty,
            "ending": self.ending,
            "seed": self.seed,
        }


LowerVoices = Literal["search", "sample"]
"""How the lower voices of a composition are written."""


@dataclass(frozen=True)
class ComposeOptions:
    """What a new piece should be like.

    Parameters
    ----------
    bars : int, optional
        Length in bars. Default: the model ends the piece itself; for a model that has to know the
        length beforehand, one is sampled from the lengths of Bach's chorales.
    meter : Meter
        Time signature.
    key : Key
        Key of the result.
    prime : Score, optional
        A score of all four voices whose opening the piece continues. It brings its key and meter.
    prime_bars : int
        Number of its bars to take; a pickup does not count.
    lower_voices : {"search", "sample"}
        How alto, tenor and bass are written: by beam search under the sampled soprano, as
        `Engine.harmonize` writes them, or sampled with it, as in the original BachBot.
    form : str, optional
        A letter for each phrase, such as ``"AABA"``: the same letter, the same music; ``'`` after a
        letter asks for another close.
    cadences : str, optional
        How phrases end: one for each in order, such as ``"HC PAC"``, or by bars, such as ``"4:HC
        8:PAC"`` (`bachbot.theory.given.given_cadences`). Default: the last is perfect.
    keys : tuple of Key
        Key of each phrase; the last has to be `key`. Empty: not planned.
    words : Verses, optional
        Words, from `bachbot.scores.verses`: a phrase for each line, a note for each syllable.
    voices : tuple of Voice
        Voices that the result has; without the others.

    Raises
    ------
    UsageError
        If `lower_voices` is neither.
    """

    bars: int | None = None
    meter: Meter = Meter()
    key: Key = Key()
    prime: Score | None = None
    prime_bars: int = 2
    lower_voices: LowerVoices = "search"
    form: str | None = None
    cadences: str | None = None
    keys: tuple[Key, ...] = ()
    words: Verses | None = None
    voices: tuple[Voice, ...] = VOICES

    def __post_init__(self) -> None:
        if self.lower_voices not in get_args(LowerVoices):
            raise UsageError(
                f"lower voices by '{self.lower_voices}': give one of "
                f"{', '.join(get_args(LowerVoices))}"
            )

    @property
    def planned(self) -> PlanRequest:
        """What it plans of phrases, keys and words."""
        return PlanRequest(
            self.form, self.keys, self.cadences, self.words, self.bars, self.meter, self.key
        )


@dataclass(frozen=True, eq=False)
class HarmonizeRequest:
    """A score that lacks voices, or bars.

    Parameters
    ----------
    score : Score
        From `load_score`; it has the given voices, all four if bars are rewritten.
    given : tuple of Voice
        Voices that come back unchanged.
    bars : BarRange, optional
        Bars that are rewritten in the other voices; outside them all voices come back unchanged.
    harmony : GivenHarmony
        Chords and phrase ends that the other voices keep. Default: none.
    phrases : str or tuple of int, optional
        Where phrases end, as `bachbot.scores.phrases.phrase_ends_of` reads it, or a frame of the
        last note of each. Default: predicted where the whole soprano is given without fermatas.
    mask : ndarray of bool, shape [T, 4], optional
        Cells that come back unchanged beside the given voices. Default: none.

    Raises
    ------
    UsageError
        If nothing is missing, nothing is given, or the score lacks a given voice.
    """

    score: Score
    given: tuple[Voice, ...]
    bars: BarRange | None = None
    harmony: GivenHarmony = GivenHarmony()
    phrases: str | tuple[int, ...] | None = None
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        needed = tuple(Voice) if self.bars is not None else self._touched
        missing = [v.label for v in needed if v not in self.score.present]
        if missing:
            raise UsageError(
                f"the score lacks the given voice {missing[0]}: load it with that voice"
            )
        if self.cells.all() or not (self.cells.any() or self.bars):
            raise UsageError(
                f"{len(set(self.given))} voices are given: give one, two or three of the four"
                if self.mask is None
                else "everything is given and nothing is left to write: give less of it"
                if self.cells.all()
                else "nothing is given: give a voice or some bars of one"
            )

    @cached_property
    def cells(self) -> NDArray[np.bool_]:
        """Which cells of the score are given, [T, 4]."""
        cells = np.zeros((self.score.chorale.frames, 4), dtype=np.bool_)
        cells[:, list(self.given)] = True
        if self.mask is not None:
            cells |= self.mask
        if self.bars is not None:
            outside = np.ones(len(cells), dtype=np.bool_)
            outside[self.bars.frames.start : self.bars.frames.stop] = False
            cells[outside] = True
        return cells

    @property
    def _touched(self) -> tuple[Voice, ...]:
        """The voices of which something is given."""
        some = () if self.mask is None else np.flatnonzero(self.mask.any(axis=0)).tolist()
        return tuple(sorted({*self.given, *map(Voice, some)}))

    @cached_property
    def chorale(self) -> Chorale:
        """The score as the model reads it: notes outside the ranges are in another octave."""
        return fold_chorale(self.score.chorale)

    @cached_property
    def pulse(self) -> Pulse:
        """How note values are brought to those of the chorales."""
        leading = self.given[0] if self.given else next(iter(self._touched), Voice.SOPRANO)
        return Pulse.of(self.score.chorale, leading)

    @cached_property
    def octaves(self) -> int:
        """Octaves by which the score is moved up for the model."""
        return octaves_to_tessitura(self.chorale) if Voice.SOPRANO in self.given else 0

    @cached_property
    def fill_request(self) -> FillRequest:
        """The request to the decoder, in C major or A minor."""
        return fill_request(
            self.chorale.normalized(self.octaves),
            self.cells,
            pulse=self.pulse,
            section_starts=section_starts(self.score),
            chords=self.harmony.chords,
            phrase_ends=(*self.harmony.phrase_ends, *(self.phrase_ends or ())),
            all_phrase_ends=self.phrase_ends is not None,
        )

    @cached_property
    def phrase_ends(self) -> tuple[int, ...] | None:
        """A frame of the last note of each phrase; None if the fermatas say, or nobody."""
        if Voice.SOPRANO in self.given and self.bars is None:
            if isinstance(self.phrases, tuple):
                return self.phrases
            return phrase_ends_of(self.score, self.phrases)
        if self.phrases is not None:
            raise UsageError(
                "phrase ends are those of a whole soprano that is given: give it, or no phrases"
            )
        return None

    @cached_property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of the given harmony, and of phrase ends that are guessed."""
        guessed = self._guessed_phrases
        if not self.harmony.chords:
            return (*self.harmony.notices, *guessed)
        bars = beats_of(self.score)
        label = partial(pitch_label, fifths=self.score.chorale.key.fifths)
        conflicts = chord_conflicts(self.score.chorale, self.cells, self.harmony.chords)
        return (
            *self.harmony.notices,
            *(
                f"{where_in(bars, c.chord.frame)}: the {c.voice.label}'s {label(c.pitch)} "
                f"does not fit {c.chord.text}: the other voices keep the chord"
                for c in conflicts
            ),
            *guessed,
        )

    @property
    def _guessed_phrases(self) -> tuple[str, ...]:
        """A line on phrase ends that are predicted; none if the user or the score sets them."""
        if self.phrases is not None or self.phrase_ends is None:
            return ()
        line = predicted_places(self.score, self.phrase_ends)
        return () if line is None else (line,)

    def result(self, candidate: Candidate, difficulty: Difficulty = BACH) -> DecodingResult:
        """A candidate as a score, in its own key and pulse; it says where it is too difficult."""
        source = self.score.chorale
        back = -source.key.shift - 12 * self.octaves
        found = self.pulse.undo(candidate.chorale).transposed(back, source.key)
        found = replace(found, meter=source.meter, position=source.position)
        found = unfold(found, source, self.cells)
        notices = self.notices
        if self.rewrites:
            score = rewrite_bars(self.score, found, self.cells)
            if (found.pitch == source.pitch).all() and (found.tied == source.tied).all():
                notices += (_NOTHING_CHANGED,)
        elif self.mask is None:
            score = complete(self.score, found, self.given)
        else:
            score = self._with_stretches(found)
        departed = departures(difficulty, found, self.cells, beats_of(self.score))
        return DecodingResult.of(score, candidate, (*notices, *departed))

    @property
    def rewrites(self) -> bool:
        """Whether the result is the page of the score, with some of its bars rewritten."""
        return self.bars is not None or (
            self.mask is not None and len(self.score.present) == len(Voice)
        )

    def _with_stretches(self, found: Chorale) -> Score:
        """A score of fewer than four voices, of which some stretches are kept.

        First it gets the voices that it lacks, then the bars of its own that are not kept.
        """
        voices, source = list(self._touched), self.score.chorale
        pitch, tied = found.pitch.copy(), found.tied.copy()
        pitch[:, voices], tied[:, voices] = source.pitch[:, voices], source.tied[:, voices]
        page = complete(self.score, replace(found, pitch=pitch, tied=tied), voices)
        cells = self.cells.copy()
        cells[:, [voice for voice in Voice if voice not in voices]] = True
        return rewrite_bars(page, found, cells)


_NOTHING_CHANGED = (
    "nothing changed: the notes that were written are those that were there; sampling, or several "
    "versions, find others"
)
