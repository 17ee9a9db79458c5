"""Mend the faults of a score with the fewest changed notes.

For each fault all changes of one note, then of two, to chord tones near by are tried against the
rules at once (`bachbot.teaching.trials`). Those that end the fault and make no new one are ordered
by how many notes they change, then by how the result sounds and sings; the first that also holds
after the harmony is analyzed anew is taken. Changes that make another chord come last, and never
at a cadence, whose chords and bass a fault does not ask to change.

The shipped network could order changes of equally few notes instead. On planted faults that brought
back Bach's own notes hardly more often than the costs below, and it has to be loaded and to step
through each candidate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.chorale.place import place_text
from bachbot.errors import ScoreError, UsageError
from bachbot.scores import Score, load_any_score
from bachbot.scores.musicxml.repitch import repitch
from bachbot.scores.pitch import spell
from bachbot.teaching.candidates import (
    notes_around,
    octave_changes,
    pair_changes,
    single_changes,
    touched_notes,
)
from bachbot.teaching.explaining import explain_score
from bachbot.teaching.trials import (
    AnalyzedPiece,
    Change,
    PieceNote,
    Target,
    Trial,
    try_changes,
)
from bachbot.theory.analysis import analyze
from bachbot.theory.explanation import Explanation, Fault, judge
from bachbot.theory.fault_text import note_label
from bachbot.theory.rules import RuleSet, Severity
from bachbot.theory.rules.rule_set import SEVERITIES, rule_names

_TRIED = 6
"""Most changes of a fault whose harmony is analyzed anew."""

_REMARK, _DISSONANT, _LEAP, _OTHER = 3.0, 4.0, 0.25, 1.0
_DISTANCE, _BASS, _OUTSIDE = 0.1, 2.0, 4.0
"""Cost of a new remark, of a quarter note without a chord, of a semitone of a leap; gain of another
fault that ends; cost of a semitone from the old pitch, of another note in the bass, and of a note
outside the chord."""


@dataclass(frozen=True)
class RepairOptions:
    """What is mended and what stays.

    Parameters
    ----------
    only : tuple of str
        Rules or groups such as ``"parallels"`` (`bachbot.theory.rules.rule_set.GROUPS`): other
        faults stay. Default: all errors and warnings.
    keep : tuple of Voice
        Voices of which no note changes. Default: the soprano, which has the tune.
    rules : RuleSet, str or Path
        The rules, as `bachbot.explain` takes them.

    Raises
    ------
    UsageError
        If all four voices are kept, or there are no such rules.
    """

    only: tuple[str, ...] = ()
    keep: tuple[Voice, ...] = (Voice.SOPRANO,)
    rules: RuleSet | str | Path = "bach"

    def __post_init__(self) -> None:
        if len(set(self.keep)) == len(Voice):
            raise UsageError("all four voices are kept, so that nothing can change: keep fewer")
        if self.only:
            rule_names(self.only)
        if not isinstance(self.rules, RuleSet):
            object.__setattr__(self, "rules", RuleSet.named(self.rules))

    @property
    def rule_set(self) -> RuleSet:
        """The rules; those that are to be mended are warnings at least."""
        assert isinstance(self.rules, RuleSet)
        raised: dict[str, Severity] = {
            name: "error" if self.rules.severities.get(name) == "error" else "warning"
            for name in (rule_names(self.only) if self.only else ())
        }
        return replace(self.rules, severities={**self.rules.severities, **raised})

    def wants(self, fault: Fault) -> bool:
        """Whether a fault is to be mended."""
        if self.only:
            return fault.rule in rule_names(self.only)
        return fault.severity != "remark"


@dataclass(frozen=True)
class NoteChange:
    """A note that got another pitch.

    Parameters
    ----------
    voice : Voice
        Its voice.
    frame : int
        Its first frame.
    bar : int
        Its bar, from 1; a pickup is bar 0.
    beat : Fraction
        Its beat, from 1.
    before, after : str
        The note by name, such as ``F#4``.
    """

    voice: Voice
    frame: int
    bar: int
    beat: Fraction
    before: str
    after: str

    def __str__(self) -> str:
        where = place_text(self.bar, self.beat)
        return f"{where}: {self.before} in the {self.voice.label} becomes {self.after}"

    def to_json(self) -> dict[str, object]:
        """Convert to plain data, the beat as a number."""
        return {
            "voice": self.voice.label,
            "frame": self.frame,
            "bar": self.bar,
            "beat": float(self.beat),
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True)
class Mend:
    """A fault that was ended, and how.

    Parameters
    ----------
    fault : Fault
        The fault.
    changes : tuple of NoteChange
        The notes that changed for it.
    also : tuple of Fault
        Other faults that this ended.
    """

    fault: Fault
    changes: tuple[NoteChange, ...]
    also: tuple[Fault, ...]

    def to_json(self) -> dict[str, object]:
        """Convert to plain data."""
        return {
            "fault": self.fault.to_json(),
            "changes": [change.to_json() for change in self.changes],
            "also": [fault.to_json() for fault in self.also],
        }


@dataclass(frozen=True)
class Unmended:
    """A fault that stays, and why."""

    fault: Fault
    reason: str

    def to_json(self) -> dict[str, object]:
        """Convert to plain data."""
        return {"fault": self.fault.to_json(), "reason": self.reason}


@dataclass(frozen=True, eq=False)
class RepairResult:
    """A mended score.

    Parameters
    ----------
    score : Score
        The score; only the pitches of the changed notes differ from the one that came.
    mends : tuple of Mend
        What was mended, in the order in which it was done.
    left : tuple of Unmended
        The faults that were to be mended and stay.
    before, after : Explanation
        Of both scores, by the same rules.
    """

    score: Score
    mends: tuple[Mend, ...]
    left: tuple[Unmended, ...]
    before: Explanation
    after: Explanation

    @property
    def changed(self) -> tuple[NoteChange, ...]:
        """The notes that differ in the end, in order of time."""
        old, new = self.before, self.after
        onsets = np.argwhere(old.chorale.onset & (old.chorale.pitch != new.chorale.pitch))
        return tuple(
            _note_change(old.position, old, new, int(frame), Voice(int(voice)))
            for frame, voice in onsets
        )

    def to_json(self) -> dict[str, object]:
        """Convert to plain data: ``changed``, ``mends``, ``left``, ``faults`` (of the result)."""
        return {
            "changed": [change.to_json() for change in self.changed],
            "mends": [mend.to_json() for mend in self.mends],
            "left": [one.to_json() for one in self.left],
            "faults": [fault.to_json() for fault in self.after.faults],
        }


def repair(score: Score | str | Path, options: RepairOptions | None = None) -> RepairResult:
    """Mend the faults of a score with the fewest changed notes.

    Rhythm, words and every note that no fault asks to change stay as they are.

    Parameters
    ----------
    score : Score, str or Path
        From `bachbot.load_any_score`, or a file.
    options : RepairOptions, optional
        What is mended and what stays. Default: errors and warnings by Bach's practice; the soprano
        stays.

    Returns
    -------
    RepairResult
        The score, each change with the fault that it ended, and the faults that stay.

    Raises
    ------
    ScoreError
        If a file is not a score, or its voices are chords on staves.

    Examples
    --------
    >>> import bachbot  # doctest: +SKIP
    >>> result = bachbot.repair("exercise.musicxml")  # doctest: +SKIP
    >>> bachbot.save_score(result.score, "mended.musicxml")  # doctest: +SKIP
    """
    options = options or RepairOptions()
    if not isinstance(score, Score):
        score = load_any_score(score)
    if any(notice.kind == "shared chords" for notice in score.notices):
        raise ScoreError(
            f"{score.title}: its voices are chords on staves: write each voice apart to mend it"
        )
    rules = options.rule_set
    before = explain_score(score, rules=rules)
    mender = _Mender(before, rules, options)
    mender.mend_all()
    piece = mender.piece
    # The explanation has fermatas where phrases are heard to end; the score keeps its own.
    written = replace(piece.chorale, fermata=score.chorale.fermata)
    mended = repitch(score, written, piece.names)
    # Where the tune stays its phrases do, and so does the analysis.
    harmonies = piece.harmonies if score.present[0] in options.keep else None
    after = explain_score(mended, rules=rules, harmonies=harmonies)
    return RepairResult(mended, tuple(mender.mends), tuple(mender.left), before, after)


class _Mender:
    """Mends one fault after another, the worst first.

    Parameters
    ----------
    explanation : Explanation
        Of the piece as it came.
    rules : RuleSet
        The rules.
    options : RepairOptions
        What is mended and what stays.
    """

    def __init__(self, explanation: Explanation, rules: RuleSet, options: RepairOptions) -> None:
        self.rules, self.options = rules, options
        self.piece = AnalyzedPiece(explanation.chorale, explanation.harmonies, explanation.names)
        self.faults = list(explanation.faults)
        self._protected = _cadences(explanation)
        self._position, self._bars = explanation.position, explanation.bar_numbers
        self.mends: list[Mend] = []
        self.left: list[Unmended] = []

    def mend_all(self) -> None:
        """Mend what can be mended."""
        given_up: set[Target] = set()
        while True:
            waiting = [
                fault
                for fault in self.faults
                if self.options.wants(fault) and _target(fault) not in given_up
            ]
            if not waiting:
                break
            fault = min(waiting, key=lambda f: (SEVERITIES.index(f.severity), f.frame))
            if not self._mend(fault):
                given_up.add(_target(fault))
        still = {_target(fault): fault for fault in self.faults}
        self.left = [
            Unmended(still[target], self._reason(still[target]))
            for target in sorted(given_up, key=lambda t: t.frame)
            if target in still
        ]

    def _mend(self, fault: Fault) -> bool:
        """Mend a fault; False if it cannot be."""
        later: list[Change] = []
        for changes in self._levels(fault):
            trial = self._try(fault, changes)
            if trial is None:
                continue
            good = self._ordered(changes, trial)
            plain = [row for row in good if self._keeps_harmony(changes[row], trial, row)]
            if any(self._accept(fault, changes[row]) for row in plain[:_TRIED]):
                return True
            later += [changes[row] for row in good if row not in set(plain)][:_TRIED]
        return any(self._accept(fault, change) for change in later if not self._at_cadence(change))

    def _try(self, fault: Fault, changes: list[Change]) -> Trial | None:
        return try_changes(self.piece, self.rules, _target(fault), changes) if changes else None

    def _ordered(self, changes: list[Change], trial: Trial) -> list[int]:
        """The changes that end the fault, the best first."""
        good: list[int] = np.flatnonzero(trial.ended).tolist()
        return sorted(good, key=lambda row: self._cost(changes[row], trial, row))

    def _keeps_harmony(self, change: Change, trial: Trial, row: int) -> bool:
        """Whether every note is of its chord, and every chord has the root that it had.

        At a cadence the bass keeps the root too, which makes it a perfect or a half cadence.
        """
        if any(self._takes_root(note, pitch) for note, pitch in change):
            return False
        tones = all(p % 12 in self.piece.chord_tones(note) for note, p in change)
        octaves = all((p - note.pitch) % 12 == 0 for note, p in change)
        return octaves or (tones and not trial.reharmonized[row])

    def _takes_root(self, note: PieceNote, pitch: int) -> bool:
        """Whether the bass leaves the root of a chord at a cadence."""
        if note.voice is not Voice.BASS or (pitch - note.pitch) % 12 == 0:
            return False
        here = range(note.start, note.stop)
        return any(
            h.inversion == 0 and self._protected[frame]
            for h in self.piece.harmonies
            for frame in range(max(h.start, here.start), min(h.stop, here.stop))
        )

    def _at_cadence(self, change: Change) -> bool:
        """Whether a note sounds in the last two chords of a phrase."""
        return any(self._protected[note.start : note.stop].any() for note, _ in change)

    def _levels(self, fault: Fault) -> Iterator[list[Change]]:
        """Changes of one note, of two, and of runs."""
        keep = self.options.keep
        touched = touched_notes(self.piece, fault, keep)
        yield single_changes(self.piece, touched)
        yield pair_changes(self.piece, touched, notes_around(self.piece, fault, keep))
        yield octave_changes(self.piece, fault, touched)

    def _cost(self, change: Change, trial: Trial, row: int) -> tuple[int, float]:
        cost = _REMARK * trial.remarks[row] + _DISSONANT * trial.dissonant[row]
        cost += _LEAP * trial.leaps[row] - _OTHER * min(int(trial.others[row]), 4)
        for note, pitch in change:
            cost += _DISTANCE * abs(pitch - note.pitch)
            cost += _BASS * (note.voice is Voice.BASS and (pitch - note.pitch) % 12 != 0)
            cost += _OUTSIDE * (pitch % 12 not in self.piece.chord_tones(note))
        return len(change), float(cost)

    def _accept(self, fault: Fault, change: Change) -> bool:
        """Take a change if it holds with the harmony and the names that it makes."""
        chorale = self.piece.changed(change)
        known = {voice: self.piece.names[:, voice] for voice in Voice}
        cells = chorale.pitch == self.piece.chorale.pitch
        names = spell(chorale, known, cells)
        voices = int((chorale.pitch >= 0).any(axis=0).sum())
        harmonies = analyze(chorale) if voices > 1 else []
        faults = judge(chorale, harmonies, self.rules, names, self._bars)
        old = {_target(f) for f in self.faults}
        new = {_target(f) for f in faults if f.severity != "remark"}
        if new - old or _target(fault) in new:
            return False
        before = self.piece
        self.piece = AnalyzedPiece(chorale, harmonies, names)
        gone = {_target(f) for f in self.faults} - {_target(f) for f in faults}
        also = tuple(
            f for f in self.faults
            if _target(f) in gone - {_target(fault)} and f.severity != "remark"
        )  # fmt: skip
        notes = sorted(change, key=lambda c: (c[0].start, c[0].voice))
        self.mends.append(
            Mend(fault, tuple(_note_change(self._position, before, self.piece, n.start, n.voice)
                              for n, _ in notes), also)
        )  # fmt: skip
        self.faults = faults
        return True

    def _reason(self, fault: Fault) -> str:
        """Why a fault stays."""
        keep = self.options.keep
        kept = [voice.label for voice in fault.voices if voice in keep]
        if not touched_notes(self.piece, fault, keep):
            return f"all its notes are in what is kept ({', '.join(kept)})"
        held = f" while the {' and the '.join(v.label for v in keep)} stays" if keep else ""
        return (
            "no change of one or two notes near by ends it without a new fault or another chord at "
            f"a cadence{held}"
        )


def _cadences(explanation: Explanation) -> NDArray[np.bool_]:
    """The frames of the last two chords of each phrase, shape [T]."""
    found = np.zeros(explanation.chorale.frames, dtype=np.bool_)
    ends = {cadence.frame for cadence in explanation.phrase_cadences}
    harmonies = explanation.harmonies
    for index, harmony in enumerate(harmonies):
        if harmony.start in ends or index == len(harmonies) - 1:
            found[harmonies[max(0, index - 1)].start : harmony.stop] = True
    return found


def _target(fault: Fault) -> Target:
    return Target(fault.rule, fault.frame, fault.voices)


def _note_change(
    position: Callable[[int], tuple[int, Fraction]],
    old: Explanation | AnalyzedPiece,
    new: Explanation | AnalyzedPiece,
    frame: int,
    voice: Voice,
) -> NoteChange:
    labels = [
        note_label(int(side.chorale.pitch[frame, voice]), int(side.names[frame, voice]))
        for side in (old, new)
    ]
    return NoteChange(voice, frame, *position(frame), labels[0], labels[1])
