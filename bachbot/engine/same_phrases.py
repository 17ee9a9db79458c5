"""Two scores heard in the same phrases, where only one of them says where its phrases end."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.scores import Score
from bachbot.scores.phrases import heard_phrase_ends, word_scores
from bachbot.theory.phrases import with_phrase_ends

_NAMES = ("the first", "the second")


def same_phrases(before: Score, now: Score) -> tuple[Score, Score, str]:
    """Give a score that lacks fermatas the phrase ends of another one, if both are as long.

    Of two tunes without fermatas, one of which has words, the words count for both.

    Parameters
    ----------
    before, now : Score
        Any two.

    Returns
    -------
    before, now : Score
        Both, to be explained; not to be written.
    remark : str
        What was done, if it makes a difference; else empty.
    """
    scores = [before, now]
    if before.chorale.frames != now.chorale.frames:
        return before, now, ""
    heard = [heard_phrase_ends(score) for score in scores]
    marked = [ends is None and bool(score.chorale.fermata.any())
              for ends, score in zip(heard, scores, strict=True)]  # fmt: skip
    if marked[0] != marked[1]:
        source, other = (0, 1) if marked[0] else (1, 0)
        fermata = scores[source].chorale.fermata
        own = with_phrase_ends(scores[other].chorale, heard[other] or ()).fermata
        scores[other] = _with_fermata(scores[other], fermata)
        if (own == fermata).all():
            return scores[0], scores[1], ""
        remark = (
            f"{_NAMES[other]} has no fermatas, so its phrases are taken to end as those of "
            f"{_NAMES[source]}"
        )
        return scores[0], scores[1], remark
    words = [Voice.SOPRANO in s.present and bool(word_scores(s).any()) for s in scores]
    if not marked[0] and words[0] != words[1]:
        source, other = (0, 1) if words[0] else (1, 0)
        fermata = with_phrase_ends(scores[source].chorale, heard[source] or ()).fermata
        scores = [_with_fermata(score, fermata) for score in scores]
    return scores[0], scores[1], ""


def _with_fermata(score: Score, fermata: NDArray[np.bool_]) -> Score:
    return replace(score, chorale=replace(score.chorale, fermata=fermata))
