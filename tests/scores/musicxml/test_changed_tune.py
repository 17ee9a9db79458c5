"""A changed tune keeps its measures and its words."""

import pytest
from moods_made import EXAMPLES

from bachbot import load_score, render
from bachbot.chorale import Voice
from bachbot.engine.mood import MoodTune
from bachbot.scores.musicxml.changed_tune import syllables_of
from bachbot.theory.moods import MOODS


def _words(score):
    return {
        frame: [(one.get("number"), one.findtext("text")) for one in lyrics]
        for frame, lyrics in syllables_of(score).items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_syllable_stays_under_its_note_and_every_bar_in_its_place(path):
    score = load_score(path)
    for name in MOODS:
        tune = MoodTune.of(score, name).score
        assert _words(tune) == _words(score)
        assert [(b.start, b.length) for b in tune.document.bars] == [
            (b.start, b.length) for b in score.document.bars
        ]
        again = load_score(render(tune, "musicxml"), key=tune.chorale.key, transpose="no")
        assert again.chorale.same_music(tune.chorale)
        [signature] = tune.document.signatures
        assert signature.fifths == tune.chorale.key.fifths


def test_all_verses_and_repeats_are_kept_and_new_notes_are_slurred():
    # C E G: joy fills the thirds, within the syllables.
    score = load_score(
        b"X:1\nT:Tune\nM:3/4\nL:1/4\nK:C\n|:ceg:|c'2g|\nw: one two three four five\n"
        b"w: eins zwei drei vier funf\n"
    )
    tune = MoodTune.of(score, "joyful").score
    assert _words(tune) == _words(score)
    root = tune.document.root
    assert len(root.findall(".//repeat")) == 2
    assert len(root.findall(".//slur[@type='start']")) == len(root.findall(".//slur[@type='stop']"))
    assert len(root.findall(".//slur[@type='start']")) == 2
    assert tune.present == (Voice.SOPRANO,)
    assert [w.text.strip() for w in root.iter("words")] == ["Joyful, detached"]
