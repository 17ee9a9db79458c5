"""How many planted faults ``bachbot repair`` mends, and with how many changed notes.

Chorales of music21 get one fault each, in a voice other than the soprano: parallel fifths or
octaves, a leading note that is not resolved or is doubled, a note out of range, a crossing, a wide
leap, a wide gap, a missing third. A fault counts as mended if it is gone, one or two notes have
changed, the soprano is as it was, and no error or warning is new. How often the piece then is as
Bach has it, to the last note, is counted too. Run it as::

    python tests/benchmarks/repair_planted_faults.py --pieces 200
"""

import argparse
import importlib.util
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bachbot.chorale import Chorale, Voice
from bachbot.errors import BachbotError
from bachbot.scores import Score, load_any_score
from bachbot.scores.musicxml.repitch import repitch
from bachbot.scores.pitch import spell
from bachbot.teaching import RepairOptions, repair
from bachbot.teaching.explaining import explain_score
from bachbot.teaching.trials import AnalyzedPiece, PieceNote
from bachbot.theory.explanation import Explanation, Fault, judge

PLANTED = (
    "parallel fifths", "parallel octaves", "leading note unresolved", "leading note doubled",
    "out of range", "crossing", "leaps beyond an octave", "seventh leaps", "wide alto-tenor",
    "wide soprano-alto", "missing third",
)  # fmt: skip
"""Rules that are broken, in turn."""

LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)
TRIES = 3000


def key_of(fault: Fault) -> tuple[str, int, tuple[Voice, ...]]:
    """What tells one fault from another."""
    return fault.rule, fault.frame, fault.voices


def serious(faults: "tuple[Fault, ...] | list[Fault]") -> set[tuple[str, int, tuple[Voice, ...]]]:
    """Errors and warnings."""
    return {key_of(fault) for fault in faults if fault.severity != "remark"}


@dataclass(frozen=True)
class Planted:
    """A score with a fault: what was broken, its explanation, and the piece without the fault."""

    score: Score
    fault: Fault
    before: Explanation
    original: Chorale


def plant(score: Score, rule: str, rng: np.random.Generator) -> Planted | None:
    """Change one note of a lower voice so that a rule is broken and no other; None if none does.

    Parameters
    ----------
    score : Score
        In four voices.
    rule : str
        The rule to break.
    rng : numpy.random.Generator
        Chooses the note.
    """
    before = explain_score(score)
    piece = AnalyzedPiece(before.chorale, before.harmonies, before.names)
    old = serious(before.faults)
    notes = [note for voice in LOWER for note in piece.notes[voice]]
    choices = [(n, p) for n in notes for p in range(n.pitch - 16, n.pitch + 17) if p != n.pitch]
    rng.shuffle(choices)
    for note, pitch in choices[:TRIES]:
        if not plausible(rule, piece, note, pitch):
            continue
        chorale = piece.changed(((note, pitch),))
        if not quickly_broken(rule, chorale, note):
            continue
        if not breaks(rule, chorale, before, old):
            continue
        cells = chorale.pitch == before.chorale.pitch
        known = {voice: before.names[:, voice] for voice in Voice}
        names = spell(chorale, known, cells)
        faults = judge(chorale, before.harmonies, before.rules, names)
        new = serious(faults) - old
        if len(new) != 1 or next(iter(new))[0] != rule:
            continue
        broken = repitch(score, chorale, names)
        after = explain_score(broken)
        new = serious(after.faults) - old
        if len(new) == 1 and next(iter(new))[0] == rule:
            fault = next(f for f in after.faults if key_of(f) in new)
            return Planted(broken, fault, after, before.chorale)
    return None


def breaks(
    rule: str,
    chorale: Chorale,
    before: Explanation,
    old: set[tuple[str, int, tuple[Voice, ...]]],
) -> bool:
    """Whether a piece breaks a rule that it did not break before, in the keys that it had."""
    alone = replace(before.rules, severities={rule: before.rules.severities[rule]})
    return bool(serious(judge(chorale, before.harmonies, alone, before.names)) - old)


def plausible(rule: str, piece: AnalyzedPiece, note: PieceNote, pitch: int) -> bool:
    """Whether a student might write a note: in the scale, and in the range unless that is it."""
    low, high = note.voice.range
    inside = low <= pitch <= high
    return pitch % 12 in piece.scale(note) and inside is (rule != "out of range")


def quickly_broken(rule: str, chorale: Chorale, note: PieceNote) -> bool:
    """Whether the frames around a note break a rule, in the key of the piece or another."""
    from bachbot.theory.rules import LESSONS, Moves

    if LESSONS[rule].rule.keyed:
        return True
    span = slice(max(0, note.start - 1), min(note.stop + 1, chorale.frames))
    near = replace(chorale.sliced(span.start, span.stop), transposed_by=chorale.transposed_by)
    return bool(LESSONS[rule].rule.count(Moves.of(near)).any())


@dataclass(frozen=True)
class Outcome:
    """What became of one planted fault."""

    rule: str
    ended: bool
    notes: int
    worse: int
    restored: bool
    seconds: float

    @property
    def mended(self) -> bool:
        """Whether it is mended as it should be."""
        return self.ended and self.notes <= 2 and not self.worse


def mend(planted: Planted) -> Outcome:
    """Mend a planted fault; the result is judged as its page reads."""
    fault = planted.fault
    start = time.process_time()
    result = repair(planted.score, RepairOptions(only=(fault.rule,)))
    seconds = time.process_time() - start
    own = next((m for m in result.mends if key_of(m.fault) == key_of(fault)), None)
    after = result.after
    soprano = Voice.SOPRANO
    same = np.array_equal(
        result.score.chorale.pitch[:, soprano], planted.score.chorale.pitch[:, soprano]
    )
    worse = len(serious(after.faults) - serious(planted.before.faults)) + (not same)
    ended = key_of(fault) not in {key_of(f) for f in after.faults}
    # A fault may also end with the mending of one that Bach wrote beside it.
    notes = len(own.changes) if own else len(result.changed)
    restored = np.array_equal(after.chorale.pitch, planted.original.pitch)
    return Outcome(fault.rule, ended, notes, worse, restored, seconds)


def pieces() -> list[Path]:
    """Bach's chorales in music21."""
    found = importlib.util.find_spec("music21")
    assert found is not None
    assert found.origin is not None
    return sorted((Path(found.origin).parent / "corpus" / "bach").glob("bwv*.mxl"))


def main() -> int:
    """Plant, mend and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=int, default=400, help="frames of a piece")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    files = pieces()
    rng.shuffle(files)  # type: ignore[arg-type]
    outcomes: list[Outcome] = []
    for file in files:
        if len(outcomes) == arguments.pieces:
            break
        try:
            score = load_any_score(file)
        except BachbotError:
            continue
        four = len(score.present) == len(Voice) and len(set(score.lines.values())) == len(Voice)
        shared = any(notice.kind == "shared chords" for notice in score.notices)
        if not four or shared or score.chorale.frames > arguments.longest:
            continue
        rule = PLANTED[len(outcomes) % len(PLANTED)]
        planted = plant(score, rule, rng)
        if planted is None:
            print(f"{file.stem}: no place for {rule}", flush=True)  # noqa: T201
            continue
        outcome = mend(planted)
        outcomes.append(outcome)
        print(  # noqa: T201
            f"{len(outcomes)} {file.stem}: {rule}, {'mended' if outcome.mended else 'NOT mended'}, "
            f"{outcome.notes} notes, {outcome.worse} worse, "
            f"{'as Bach has it, ' if outcome.restored else ''}{outcome.seconds:.2f} s",
            flush=True,
        )
    show(outcomes)
    return 0


def show(outcomes: list[Outcome]) -> None:
    """Print the table."""
    print(  # noqa: T201
        "\n| fault | planted | ended | by one note | by two | more | worse | as Bach has it |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")  # noqa: T201
    for rule in (*PLANTED, "all"):
        own = [o for o in outcomes if rule in ("all", o.rule)]
        if own:
            counts = Counter(min(o.notes, 3) for o in own if o.ended)
            cells = [len(own), sum(o.ended for o in own), counts[1], counts[2], counts[3],
                     sum(o.worse > 0 for o in own), sum(o.restored for o in own)]  # fmt: skip
            print(f"| {rule} | {' | '.join(map(str, cells))} |")  # noqa: T201
    share = sum(o.mended for o in outcomes) / max(1, len(outcomes))
    middle = float(np.median([o.seconds for o in outcomes])) if outcomes else 0.0
    print(f"\nmended with at most two notes and nothing worse: {100 * share:.1f}%")  # noqa: T201
    print(f"median processor time: {middle:.2f} s")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
