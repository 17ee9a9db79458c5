"""In what two scores differ: notes by bar and voice, cadences and faults."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Voice
from bachbot.chorale.bar_pairs import bar_pairs
from bachbot.engine.same_phrases import same_phrases
from bachbot.engine.summary import Summary, cadence_words, fault_words
from bachbot.scores import Score
from bachbot.scores.bars import frame_bar_numbers
from bachbot.scores.pitch import pitch_label
from bachbot.theory.cadence import PhraseCadence
from bachbot.theory.explanation import Fault


@dataclass(frozen=True)
class BarChange:
    """One voice of one bar that differs.

    Parameters
    ----------
    bar : int
        Printed number of the bar.
    voice : Voice
        The voice.
    before, now : str
        Its notes in the first score and in the second, such as ``"C5 D5/2 E5/2 F5x2"``: a quarter
        note has no number, ``/2`` is half of it and ``x2`` twice as long; ``~`` before a note held
        from the bar before, ``r`` for a rest. Empty where a score has no such bar.
    """

    bar: int
    voice: Voice
    before: str
    now: str


@dataclass(frozen=True)
class CadenceChange:
    """A phrase that ends differently.

    Parameters
    ----------
    bar : int
        Bar of the last chord.
    before, now : str
        How it ends, such as ``"with a half cadence in G major"``; empty where no phrase ends.
    """

    bar: int
    before: str
    now: str


@dataclass(frozen=True)
class ScoreDifference:
    """The difference of two scores; ``str()`` gives one line.

    Parameters
    ----------
    bars : int
        Bars of either score; both parts of a bar that a repeat splits are one.
    changes : tuple of BarChange
        By bar, then from the top voice down.
    cadences : tuple of CadenceChange
        By bar.
    faults_gone, faults_new : tuple of Fault
        Faults of the first score only, and of the second only.
    transposition : int
        Semitones by which the second is the first, moved as a whole; else 0.
    phrases : str
        A remark if phrase ends of one are taken from the other, which has the fermatas; else empty.
    """

    bars: int
    changes: tuple[BarChange, ...] = ()
    cadences: tuple[CadenceChange, ...] = ()
    faults_gone: tuple[Fault, ...] = ()
    faults_new: tuple[Fault, ...] = ()
    transposition: int = 0
    phrases: str = ""

    @property
    def changed_bars(self) -> tuple[int, ...]:
        """Numbers of the bars that differ, each once."""
        return tuple(dict.fromkeys(change.bar for change in self.changes))

    @property
    def by_voice(self) -> dict[Voice, int]:
        """In how many bars each voice differs; voices that do not are left out."""
        return dict(sorted(Counter(change.voice for change in self.changes).items()))

    def __str__(self) -> str:
        remark = f"; {self.phrases}" if self.phrases else ""
        if not self.changes:
            return f"the same notes{self._consequences()}{remark}"
        if self.transposition:
            return f"the same music, moved by {self.transposition:+d} semitones"
        changed = self.changed_bars
        voices = ", ".join(f"{voice.label} in {count}" for voice, count in self.by_voice.items())
        text = f"{len(changed)} of {self.bars} bars differ ({number_words(changed)}; {voices})"
        if set(self.by_voice.values()) == {self.bars} and len(self.by_voice) > 1:
            text = f"all {self.bars} bars differ in all voices"
        return f"{text}{self._consequences()}{remark}"

    def _consequences(self) -> str:
        """Each cadence and fault that differs, after a semicolon."""
        text = ""
        for one in self.cadences:
            here, there = one.now or "goes on", one.before or "going on"
            verb = "ends " if one.now else ""
            text += f"; bar {one.bar} {verb}{here} instead of {there}"
        for faults, what in ((self.faults_gone, "fewer"), (self.faults_new, "more")):
            if faults:
                counts = dict(Counter(fault.rule for fault in faults).most_common())
                words = fault_words(counts).split(" ", 1)
                text += f"; {words[0]} {what} {words[1]}"
        return text

    def to_json(self) -> dict[str, object]:
        """Convert to plain data: all parameters, and ``summary``, the line of ``str()``."""
        return {
            "summary": str(self),
            "bars": self.bars,
            "changed_bars": list(self.changed_bars),
            "changes": [
                {"bar": c.bar, "voice": c.voice.label, "before": c.before, "now": c.now}
                for c in self.changes
            ],
            "cadences": [{"bar": c.bar, "before": c.before, "now": c.now} for c in self.cadences],
            "faults_gone": [fault.to_json() for fault in self.faults_gone],
            "faults_new": [fault.to_json() for fault in self.faults_new],
            "transposition": self.transposition,
            "phrases": self.phrases,
        }


def diff(before: Score, now: Score) -> ScoreDifference:
    """Compare two scores bar by bar.

    Notes are compared as they sound, on the grid of sixteenths: spelling, words and layout do not
    count. Bars are matched by their printed numbers, or by time if that leaves fewer that differ.
    Cadences and faults are compared if both have four voices; phrases of a score without fermatas,
    such as a MIDI file, are those of one of the same length that has them.

    Parameters
    ----------
    before, now : Score
        The same piece, or any two.

    Returns
    -------
    ScoreDifference
        What changes from the first to the second.
    """
    numbers = frame_bar_numbers(before)
    count, changes = min(
        (_changes(before, now, numbers, others) for others in _numberings(numbers, now)),
        key=lambda found: len(found[1]),
    )
    if len(before.present) < len(Voice) or len(now.present) < len(Voice):
        return ScoreDifference(count, changes)
    here, there, remark = same_phrases(before, now)
    if not changes:
        # The same notes are heard in the same key and meter, whatever either page says of them.
        fermata = there.chorale.fermata
        there = replace(there, chorale=replace(here.chorale, fermata=fermata))
    old, new = Summary(here).explanation, Summary(there).explanation
    gone, more = _faults(old.faults, new.faults)
    return ScoreDifference(
        count,
        changes,
        tuple(_cadences(old.phrase_cadences, new.phrase_cadences, numbers)),
        gone,
        more,
        _transposition(before.chorale, now.chorale),
        remark,
    )


def _numberings(numbers: NDArray[np.int64], now: Score) -> list[NDArray[np.int64]]:
    """Numbers of the bars of the second score: as printed, and as the first has them."""
    own = frame_bar_numbers(now)
    if len(own) != len(numbers) or (own == numbers).all():
        return [own]
    return [own, numbers]  # MIDI has no printed numbers: its bars after a split one are shifted


def _changes(
    before: Score, now: Score, numbers: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[int, tuple[BarChange, ...]]:
    """The number of bars, and those that differ."""
    bars = bar_pairs(numbers, others)
    voices = sorted({*before.present, *now.present})
    return len(bars), tuple(
        BarChange(bar.number, voice, *notes)
        for bar in bars
        for voice in voices
        if len(set(notes := tuple(map(_notes, (before, now), bar.frames, (voice, voice))))) == 2
    )


def _notes(score: Score, frames: range, voice: Voice) -> str:
    """The notes of a voice in a bar."""
    if voice not in score.present:
        return ""
    chorale = score.chorale
    pitch, tied = chorale.pitch[:, voice], chorale.tied[:, voice]
    begins = [
        f for f in frames
        if f == frames.start or (pitch[f] != pitch[f - 1] if pitch[f] == REST else not tied[f])
    ]  # fmt: skip
    words = []
    for frame, stop in zip(begins, [*begins[1:], frames.stop], strict=False):
        name = "r" if pitch[frame] == REST else pitch_label(int(pitch[frame]), chorale.key.fifths)
        words.append(f"{'~' if tied[frame] else ''}{name}{_length(stop - frame)}")
    return " ".join(words)


def _length(frames: int) -> str:
    """A length in sixteenths as a multiple of a quarter note."""
    if frames == FRAMES_PER_QUARTER:
        return ""
    if FRAMES_PER_QUARTER % frames == 0:
        return f"/{FRAMES_PER_QUARTER // frames}"
    return f"x{frames / FRAMES_PER_QUARTER:g}"


def _cadences(
    old: Sequence[PhraseCadence], new: Sequence[PhraseCadence], numbers: NDArray[np.int64]
) -> Iterable[CadenceChange]:
    """Phrases that end differently, matched by the frame in which they end."""
    before = {one.end: cadence_words(one) for one in old}
    now = {one.end: cadence_words(one) for one in new}
    for end in sorted({*before, *now}):
        if before.get(end) != now.get(end):
            number = int(numbers[min(end, len(numbers) - 1)])
            yield CadenceChange(number, before.get(end, ""), now.get(end, ""))


def _faults(
    old: Sequence[Fault], new: Sequence[Fault]
) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """Faults of each piece that the other does not have in the same place."""

    def places(faults: Sequence[Fault]) -> set[tuple[object, ...]]:
        return {(fault.rule, fault.frame, fault.voices) for fault in faults}

    had, has = places(old), places(new)
    return (
        tuple(f for f in old if (f.rule, f.frame, f.voices) not in has),
        tuple(f for f in new if (f.rule, f.frame, f.voices) not in had),
    )


def _transposition(before: Chorale, now: Chorale) -> int:
    """Semitones by which one piece is the other; 0 if it is another piece, or the same."""
    if before.pitch.shape != now.pitch.shape or (before.tied != now.tied).any():
        return 0
    sounds = before.pitch != REST
    if (sounds != (now.pitch != REST)).any() or not sounds.any():
        return 0
    steps = np.unique(now.pitch[sounds] - before.pitch[sounds])
    return int(steps[0]) if len(steps) == 1 else 0


def number_words(numbers: Sequence[int]) -> str:
    """Numbers in order, runs of them shortened: ``"bars 1-3, 5"``, ``"bar 4"``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"bar{'' if len(numbers) == 1 else 's'} {words}"
