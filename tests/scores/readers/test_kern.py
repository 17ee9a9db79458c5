"""Humdrum kern files."""

import pytest
from pieces import BACH, load_clean

from bachbot.chorale import VOICES
from bachbot.scores.readers.kern import kern_tree


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bwv277", "bwv281", "bwv366"])
def test_kern_of_the_corpus(name):
    score = load_clean(BACH / f"{name}.krn", voices=VOICES)
    assert (score.chorale.pitch[16] >= 0).all()
    assert score.chorale.fermata.any()


def test_fermatas_final_bar_line_and_composer_of_kern():
    kern = "!!!COM: Beethoven, Ludwig van\n**kern\n*M4/4\n=1-\n2c;\n2d\n==\n*-\n"
    root = kern_tree(kern.encode())
    assert [f.get("type") for f in root.iter("fermata")] == ["upright"]
    assert [b.text for b in root.iter("bar-style")][-1] == "light-heavy"
    assert [c.text for c in root.iter("creator")] == ["Ludwig van Beethoven"]
