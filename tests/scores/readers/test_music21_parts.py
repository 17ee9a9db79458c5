"""Parts of music21 scores: read as our own reader reads them."""

import warnings

import numpy as np
import pytest
from pieces import BACH, CHORALES

from bachbot.errors import ScoreError
from bachbot.scores.grid import quantize
from bachbot.scores.readers.document import read_document
from bachbot.scores.readers.music21_parts import read_parts
from bachbot.scores.readers.musicxml import musicxml_tree


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # music21's own
def test_music21_and_our_reader_agree_on_bachs_chorales():
    from music21 import converter

    for name in CHORALES:
        path = BACH / f"{name}.mxl"
        score = converter.parse(path, forceSource=True)
        document = read_document(musicxml_tree(path.read_bytes()))
        theirs = quantize(*read_parts(list(score.parts)))
        if len(document.names) != 4:
            continue
        columns = [document.lines_of(part)[0].notes for part in range(4)]
        ours = quantize(columns, document.bars)
        for field in ("pitch", "tied", "fermata", "position"):
            assert np.array_equal(getattr(theirs, field), getattr(ours, field)), (name, field)
        assert theirs.meter == ours.meter


@pytest.mark.filterwarnings("ignore")
def test_a_part_without_bars_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from music21.stream import Part
    with pytest.raises(ScoreError, match="no bars"):
        read_parts([Part()])
