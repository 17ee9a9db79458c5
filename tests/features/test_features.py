"""Features of hand-made bars, their keys and weights."""

import numpy as np
from hypothesis import given as for_all
from hypothesis import strategies as st

from bachbot.chorale import Chorale, Key, Meter, Voice
from bachbot.features import FeatureWeights, MusicHistory, count_features
from bachbot.features.templates import TEMPLATES, describe


def piece(*chords, frames=4, minor=False):
    """Block chords of a quarter each."""
    pitch = np.repeat(np.array(chords, dtype=np.int16), frames, axis=0)
    tied = (np.arange(len(pitch))[:, np.newaxis] % frames > 0) & (pitch >= 0)
    key = Key.parse("a" if minor else "C")
    return Chorale(pitch, tied, np.zeros(len(pitch), bool), Meter(),
                   key)  # fmt: skip


C, F, G7, G = (72, 67, 64, 48), (72, 69, 65, 53), (74, 65, 59, 55), (74, 67, 59, 55)


def found(music, voices=tuple(Voice)):
    keys, counts = count_features([music], voices)
    return dict(zip(map(describe, keys.tolist()), counts.tolist(), strict=True))


def test_intervals_of_a_line():
    music = found(piece(C, G, C, G), [Voice.SOPRANO])
    # Soprano: up a step, down a step, up a step, all on the beat; 12 is a unison.
    assert music["interval 0, 14, 0"] == 2
    assert music["interval 0, 10, 0"] == 1
    assert music["three intervals 0, 14, 10, 14"] == 1
    assert not any(name.startswith("interval 3") for name in music)


def test_chords_and_what_follows_them():
    music = found(piece(C, F, G7, C))
    # Quality 4 is the dominant seventh; its root moves up a fourth (5) to a major chord.
    assert music["root motion 4, 5, 0"] == 1
    assert music["degree 0, 0, 0, 0"] == 2
    assert music["three roots 0, 0, 5, 7"] == 1
    assert music["seventh leaves 1, 14, 1"] == 1  # F in the alto leaves up a step
    assert music["leading note 2, 17"] == 1  # B in the tenor leaps to E


def test_a_cross_relation_is_one_and_its_absence_none():
    sharp = (74, 69, 66, 50)  # D major: F sharp in the tenor
    natural = (69, 65, 60, 53)  # F major: F in alto and bass
    assert found(piece(sharp, natural))["cross relation 0"] == 2
    assert "cross relation 0" not in found(piece(C, F))


def test_the_same_voices_over_a_repeated_tune():
    again = found(piece(C, F, G, C, F, G))
    # The third beat of the repeat has been the same for two beats and is the same again.
    assert again["repeat 3, 2, 1"] == 1
    other = (74, 65, 62, 50)
    varied = found(piece(C, F, G, C, F, other))
    assert varied["repeat 3, 2, 0"] == 1


def test_frames_after_a_rest_have_no_interval_and_no_chord():
    rest = (-1, -1, -1, -1)
    music = found(piece(C, rest, C))
    assert not any(name.startswith(("interval", "two chords", "root motion")) for name in music)
    assert music["chord 0, 145, 0"] == 2


def test_features_that_were_never_weighted_score_nothing():
    keys, _ = count_features([piece(C, F, G7, C)], list(Voice))
    assert FeatureWeights.of({}).score(keys[:, np.newaxis]).tolist() == [0.0] * len(keys)
    one = FeatureWeights.of({int(keys[0]): 2.0})
    assert one.score(keys[np.newaxis]).tolist() == [2.0]
    assert one.score(np.full((3, 5), -1)).tolist() == [0.0] * 3


@for_all(st.data())
def test_every_feature_has_a_name_of_its_own(data):
    """Keys of one template with different parts differ, and are told apart from other templates."""
    from bachbot.features.templates import _encode

    name = data.draw(st.sampled_from(sorted(TEMPLATES)))
    parts = [data.draw(st.integers(0, size - 1)) for size in TEMPLATES[name]]
    key = int(_encode(name, None, *(np.array(part) for part in parts)))
    assert describe(key) == f"{name} {', '.join(map(str, parts))}"


def test_the_past_goes_with_its_hypothesis():
    history = MusicHistory.start(2, 4)
    pitch = np.array([C, F], dtype=np.int16)
    history = history.next_frame(pitch, np.ones((2, 4), bool), np.zeros(2, int))
    swapped = history.select(np.array([1, 0, 1]))
    assert swapped.last.tolist() == [list(F), list(C), list(F)]
    later = swapped.next_frame(pitch[[0, 0, 0]], np.ones((3, 4), bool), np.zeros(3, int))
    assert later.intervals[:, 0, 2].tolist() == [12, 12, 12]
    assert later.intervals[:, 3, 2].tolist() == [7, 12, 7]
    assert history.last.tolist() == [list(C), list(F)]
