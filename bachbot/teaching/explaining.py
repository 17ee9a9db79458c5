"""Explain a score: what its reader found, its chords, its cadences and its faults by name."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Voice
from bachbot.scores import Score, load_any_score
from bachbot.scores.bars import frame_bar_numbers
from bachbot.scores.musicxml.complete import names_of
from bachbot.scores.phrases import heard_phrase_ends
from bachbot.theory.analysis import Harmony
from bachbot.theory.explanation import Explanation, explain
from bachbot.theory.rules import RuleSet

_FINDINGS = ("missing voices", "shared chords", "parts", "chords", "voices", "passed over")
"""Notices of the reader that a teacher wants to know of."""

_MOST = 0.5
"""Share of the notes of a voice outside its range from which its octave is doubted."""


def explain_score(
    score: Score | str | Path,
    *,
    rules: RuleSet | str | Path = "bach",
    harmonies: Sequence[Harmony] | None = None,
) -> Explanation:
    """Explain a score: chords, cadences, and faults against rules of choice.

    No score that has a note is refused: missing voices, chords on staves and notes out of range are
    findings. Phrases end at fermatas; without any but at the end they are predicted.

    Parameters
    ----------
    score : Score, str or Path
        From `bachbot.load_any_score`, or a file.
    rules : RuleSet, str or Path
        ``"bach"``, ``"strict"``, a TOML file or a set (`RuleSet.named`).
    harmonies : sequence of Harmony, optional
        Its analysis where it has been made already. Default: it is analyzed.

    Returns
    -------
    Explanation
        Its ``faults`` name their notes as the score does.

    Raises
    ------
    ScoreError
        If a file is not a score.
    UsageError
        If there are no such rules.

    Examples
    --------
    >>> import bachbot  # doctest: +SKIP
    >>> for fault in bachbot.explain("exercise.musicxml", rules="strict").faults:  # doctest: +SKIP
    ...     print(fault, "-", fault.sentence)
    """
    if not isinstance(rules, RuleSet):
        rules = RuleSet.named(rules)
    if not isinstance(score, Score):
        score = load_any_score(score)
    said = [notice.message for notice in score.notices if notice.kind in _FINDINGS]
    return explain(
        score.chorale,
        heard_phrase_ends(score),
        frame_bar_numbers(score),
        rules=rules,
        names=score_names(score),
        findings=[*said, *_octaves(score), *_alone(score)],
        harmonies=harmonies,
    )


def score_names(score: Score) -> NDArray[np.int16]:
    """The names of the notes of a score, positions on the line of fifths, shape [T, 4]."""
    names = np.zeros((score.chorale.frames, len(Voice)), dtype=np.int16)
    for voice in score.present:
        names[:, voice] = names_of(score.lines[voice], score.chorale.frames)
    return names


def _octaves(score: Score) -> Iterable[str]:
    """Voices that stand in another octave, as under a clef without its 8."""
    for voice in score.present:
        pitch = score.chorale.pitch[score.chorale.onset[:, voice], voice].astype(int)
        low, high = voice.range
        outside = {
            octaves: float(((pitch + 12 * octaves < low) | (pitch + 12 * octaves > high)).mean())
            for octaves in (0, -1, 1)
            if pitch.size
        }
        if outside and outside[0] > _MOST:
            best = min(outside, key=outside.__getitem__)
            if best and outside[best] < outside[0] / 2:
                way = "higher" if best > 0 else "lower"
                yield (
                    f"most of the {voice.label} is out of its range: an octave {way} it fits (is "
                    "an 8 missing at its clef?)"
                )


def _alone(score: Score) -> Iterable[str]:
    sounding = [v for v in score.present if (score.chorale.pitch[:, v] != REST).any()]
    if len(sounding) == 1:
        yield "a single voice has no chords to name: bachbot harmonize writes the others"
