"""A tune in another mood: changed, put into its register, harmonized, and marked for playing."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bachbot.chorale import Chorale, Pulse, Voice
from bachbot.engine.requests import DecodingResult
from bachbot.errors import UsageError
from bachbot.scores import Score
from bachbot.scores.interval import Interval, key_words
from bachbot.scores.musicxml.changed_tune import replace_tune, syllables_of
from bachbot.scores.musicxml.directions import TempoMark
from bachbot.scores.performance import Passage, Performance
from bachbot.scores.phrases import phrase_ends_of
from bachbot.theory.moods import Mood, change_tune, mood_of, place_tune
from bachbot.theory.recognition import recognizability

PhraseEnds = tuple[int, ...]
"""A frame of the last note of each phrase."""

Harmonizer = Callable[[Score, "PhraseEnds | None"], list[DecodingResult]]
"""Harmonizes a tune whose phrases end there; None: at its fermatas, or nobody knows."""

_DETACHED, _SMOOTH = 0.8, 0.99
"""Shares of a note's length below which it is detached, and above which it is legato."""

_SOFT, _HALF_SOFT, _HALF_LOUD = -7.0, -5.0, -1.5
"""Loudness in decibels up to which the mark is pp, p and mf."""


@dataclass(frozen=True, eq=False)
class MoodResult:
    """A tune in a mood, harmonized.

    Parameters
    ----------
    mood : Mood
        The mood.
    result : DecodingResult
        The harmonized tune; its score has the performance of the mood.
    tempo : float
        Quarter notes per minute.
    recognizability : float
        Share of the tune's notes that are still there, 0 to 1
        (`bachbot.theory.recognition.recognizability`).
    changes : str
        What was changed, in one line of words.
    """

    mood: Mood
    result: DecodingResult
    tempo: float
    recognizability: float
    changes: str

    @property
    def score(self) -> Score:
        """Four voices in the mood's key, with its tempo mark; MIDI and sound are played in it."""
        return self.result.score

    def _repr_html_(self) -> str:
        """What was changed, a picture and a player, for a notebook."""
        from bachbot.scores.notebook import html_of

        return html_of(self.score, self.changes)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data; the tempo in quarter notes per minute."""
        return {
            "mood": self.mood.name,
            "key": key_words(self.score.chorale.key),
            "tempo": self.tempo,
            "recognizability": round(self.recognizability, 3),
            "changes": self.changes,
        }


@dataclass(frozen=True, eq=False)
class MoodTune:
    """A tune in a mood, before it is harmonized.

    Parameters
    ----------
    mood : Mood
        The mood.
    score : Score
        Its changed soprano alone.
    phrase_ends : tuple of int or None
        Where its phrases end; None: at its fermatas, or nobody knows.
    tempo : float
        Quarter notes per minute.
    recognizability : float
        As in `MoodResult`.
    changes : str
        As in `MoodResult`.
    """

    mood: Mood
    score: Score
    phrase_ends: PhraseEnds | None
    tempo: float
    recognizability: float
    changes: str

    @classmethod
    def of(
        cls, score: Score, name: str, *, tempo: float | None = None, phrases: str | None = None
    ) -> "MoodTune":
        """Change the tune of a score.

        Parameters
        ----------
        score : Score
            With a soprano.
        name : str
            Name of the mood.
        tempo : float, optional
            Quarter notes per minute. Default: the mood's.
        phrases : str, optional
            Where phrases end, as `bachbot.scores.phrases.phrase_ends_of` reads it.

        Raises
        ------
        UsageError
            If there is no such mood, the score has no soprano, or the tempo or the phrase ends
            cannot be.
        """
        mood = mood_of(name)
        if Voice.SOPRANO not in score.present:
            raise UsageError("the score has no soprano: load it with that voice")
        pace = mood_tempo(mood, score.chorale) if tempo is None else tempo
        performance = performance_of(mood, pace)
        ends = phrase_ends_of(score, phrases)
        changed = change_tune(
            score.chorale, mood, syllables=syllables_of(score).keys(), phrase_ends=ends or ()
        )
        placed, up = place_tune(changed, mood.register)
        mark = tempo_mark(mood, pace, placed)
        written = replace_tune(score, placed, f"{score.title} ({mood.name})", mark)
        return cls(
            mood,
            replace(written, performance=performance),
            ends,
            pace,
            recognizability(score.chorale, changed),
            _changes(score.chorale, placed, up, mood, pace),
        )

    def result(self, harmonized: DecodingResult) -> MoodResult:
        """The tune with its other voices."""
        # `complete` writes a new score, which does not know how it is to be played.
        score = replace(harmonized.score, performance=self.score.performance)
        return MoodResult(
            self.mood,
            replace(harmonized, score=score),
            self.tempo,
            self.recognizability,
            self.changes,
        )


def mood_tempo(mood: Mood, tune: Chorale) -> float:
    """Quarter notes per minute of a tune in a mood: a tune that moves in halves goes twice as fast.

    In compound meters three eighths last as long as a quarter and a half.
    """
    return mood.tempo * Pulse.of(tune, Voice.SOPRANO).diminution


def performance_of(mood: Mood, tempo: float) -> Performance:
    """How a whole piece in a mood is played."""
    return Performance((Passage(tempo, legato=mood.legato, loudness=mood.loudness),))


def tempo_mark(mood: Mood, tempo: float, tune: Chorale, label: str = "") -> TempoMark:
    """What stands above a passage in a mood."""
    words = mood.name.capitalize()
    if mood.legato < _DETACHED:
        words += ", detached"
    elif mood.legato > _SMOOTH:
        words += ", legato"
    dynamic = next(
        (
            mark
            for most, mark in ((_SOFT, "pp"), (_HALF_SOFT, "p"), (_HALF_LOUD, "mf"))
            if mood.loudness <= most
        ),
        "f",
    )
    return TempoMark(words, tempo, tune.meter, dynamic, label)


def _changes(before: Chorale, after: Chorale, up: int, mood: Mood, tempo: float) -> str:
    """What a mood changed, in words."""
    parts = []
    if after.key != before.key:
        parts.append(f"{key_words(before.key)} became {key_words(after.key)}")
    if up:
        # The usual name: the key may be spelled anew, from A flat to F sharp.
        interval = Interval(up, (7 * up + 5) % 12 - 5)
        parts.append(f"{interval.words} {'higher' if up > 0 else 'lower'}")
    notes = int(after.onset[:, Voice.SOPRANO].sum()) - int(before.onset[:, Voice.SOPRANO].sum())
    if notes:
        one = "note" if abs(notes) == 1 else "notes"
        parts.append(f"{abs(notes)} {one} {'added' if notes > 0 else 'left out'}")
    touch = "detached, " if mood.legato < _DETACHED else "legato, " if mood.legato > _SMOOTH else ""
    level = f", {-mood.loudness:g} dB softer" if mood.loudness else ""
    parts.append(f"{touch}{tempo:.3g} quarter notes a minute{level}")
    return "; ".join(parts)
