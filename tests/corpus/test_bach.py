"""Bach's chorales by name, number and opening notes, from the installed music21."""

import json

import numpy as np
import pytest

from bachbot.chorale import Chorale, Key
from bachbot.cli import main
from bachbot.corpus import bach as module
from bachbot.corpus.bach import bach, index
from bachbot.corpus.sources import find_files
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.errors import UsageError

pytestmark = pytest.mark.slow  # music21 takes seconds to import


def numbers(query):
    return [one.bwv for one in bach(query)]


def test_every_file_has_one_entry_and_most_have_a_title():
    known = index()
    assert len({one.path for one in known}) == len(known)
    assert len(known) > 350
    assert sum(bool(one.title) for one in known) > 300
    assert {one.path for one in known} <= set(find_files())


@pytest.mark.parametrize(
    "query",
    ["BWV 140.7", "bwv140.7", "140.7", "140/7", "R179", "Riemenschneider 179", "R. nr. 179"],
)
def test_numbers(query):
    assert numbers(query) == ["140.7"]
    assert bach(query)[0].title.startswith("Wachet auf")


@pytest.mark.parametrize(
    "query", ["Wachet auf", "WACHET AUF, ruft", "stimme wachet", "wach auf ruft"]
)
def test_titles(query):
    assert "140.7" in numbers(query)


def test_the_beginning_of_a_title_comes_first_and_accents_do_not_count():
    found = bach("Jesu meine Freude")
    assert all("Jesu, meine Freude" in one.title for one in found[:3])
    assert bach("hochsten gut")[0].title == bach("höchsten Gut")[0].title


def test_a_work_has_all_its_chorales_and_a_bare_number_may_be_either():
    assert {one.bwv for one in bach("BWV 140")} == {"140.7"}
    found = bach("245")
    assert any(245 in one.riemenschneider for one in found)
    assert any(one.bwv.startswith("245.") for one in found)
    assert not any(one.bwv.startswith("24.") for one in found)


@pytest.mark.parametrize("query", ["", "  ", "x" * 999, "BWV 9999", "R372", "qwertz uiop"])
def test_what_matches_nothing_is_one_line(query):
    with pytest.raises(UsageError) as error:
        bach(query)
    assert "\n" not in str(error.value)


def test_titles_that_are_near_are_named():
    with pytest.raises(UsageError, match="Wachet auf"):
        bach("Wachtet auff ruft unss die Stimme")


@pytest.fixture
def corpus(monkeypatch):
    """Two pieces of made-up notes under the names of files, in keys of their own."""

    def piece(name, notes, key, shift):
        pitch = np.repeat(np.array([[n, n - 5, n - 9, n - 17] for n in notes]), 4, axis=0)
        tied = np.ones(pitch.shape, dtype=bool)
        tied[::4] = False
        silent = np.zeros(len(pitch), dtype=bool)
        chorale = Chorale(pitch + shift, tied, silent, transposed_by=shift, name=name)
        return Piece(chorale, key, name, {"tune": "train", "file": "train"})

    one = piece("bwv140.7.mxl", [67, 67, 69, 71, 72], Key("G"), 5)
    two = piece("bwv253.mxl", [60, 60, 62, 64, 65], Key("C"), 0)
    monkeypatch.setattr(module, "open_corpus", lambda progress: PreparedCorpus((one, two)))


def test_opening_notes_in_their_key_come_first(corpus):
    assert numbers("C C D E") == ["253", "140.7"]
    assert numbers("g g a b c") == ["140.7", "253"]
    assert numbers("G4 G4 A4") == ["140.7", "253"]
    assert sorted(numbers("Eb, Eb, F")) == ["140.7", "253"]
    with pytest.raises(UsageError):
        bach("C C D E F F")
    with pytest.raises(UsageError):
        bach("C4 C4 D5")


def test_a_chorale_is_written_with_its_title_and_read_again(tmp_path, monkeypatch, capsys):
    from bachbot.chorale import VOICES
    from bachbot.scores import load_score

    monkeypatch.chdir(tmp_path)
    assert main(["bach", "BWV", "140.7", "-o", "wachet.musicxml"]) == 0
    assert "Wachet auf" in capsys.readouterr().out
    found = load_score("wachet.musicxml", voices=VOICES, transpose="no")
    assert found.title.startswith("Wachet auf")
    assert found.chorale.same_music(bach("140.7")[0].load().chorale)
    assert main(["explain", "wachet.musicxml"]) == 0


def test_the_list_and_its_errors(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["bach", "wachet", "auf"]) == 0
    assert "140.7" in capsys.readouterr().out
    assert main(["bach", "Jesu meine Freude", "--json"]) == 0
    assert all("bwv" in one for one in json.loads(capsys.readouterr().out))
    assert main(["bach", "Jesu meine Freude", "-o", "x.musicxml"]) == 2
    assert "chorales match: give one of 'BWV" in capsys.readouterr().err
    assert main(["bach", "140.7", "--to", "midi"]) == 2
    assert not list(tmp_path.iterdir())
