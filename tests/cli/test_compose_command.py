from xml.etree import ElementTree

import pytest
from tunes import SCALE

from bachbot.chorale import VOICES, Key, Meter, Voice
from bachbot.cli import main
from bachbot.scores import load_score


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compose(untrained, *arguments):
    return main(["compose", *map(str, arguments), "--checkpoint", str(untrained)])


@pytest.mark.slow
@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "3/2"])
def test_length_meter_and_key_are_those_of_the_request(here, untrained, meter, capsys):
    assert compose(untrained, "--bars", 3, "--meter", meter, "--key", "E minor") == 0
    said = capsys.readouterr().out
    assert said.startswith("chorale.musicxml: ")
    assert "bar" in said
    piece = load_score("chorale.musicxml", key=Key("E", "minor"), voices=VOICES).chorale
    assert piece.meter == Meter.parse(meter)
    assert piece.frames == 3 * piece.meter.bar_frames
    assert piece.key == Key("E", "minor")
    assert ((piece.pitch >= 0).sum(axis=1) == 4).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_music(here, untrained):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert compose(untrained, "--bars", 2, "--seed", seed, "-o", f"{name}.mid") == 0
    a, b, c = (p.read_bytes() for p in sorted(here.glob("*.mid")))
    assert a == b != c


@pytest.mark.slow
def test_a_piece_asked_for_among_several_is_the_same(here, untrained):
    assert compose(untrained, "--bars", 2, "--number", 2, "--seed", 4, "-o", "n.mid") == 0
    assert compose(untrained, "--bars", 2, "--seed", 4, "-o", "n.mid") == 0
    assert (here / "n.mid").read_bytes() == (here / "n-1.mid").read_bytes()


@pytest.mark.slow
def test_an_opening_is_continued(here, untrained):
    assert compose(untrained, "--bars", 4, "--key", "G", "-o", "first.musicxml") == 0
    arguments = ("--prime", "first.musicxml", "--prime-bars", 2, "--bars", 5, "--seed", 9)
    assert compose(untrained, *arguments, "-o", "second.musicxml") == 0
    first = load_score("first.musicxml", voices=VOICES).chorale
    second = load_score("second.musicxml", voices=VOICES).chorale
    assert second.frames == 5 * 16
    assert (second.pitch[:32] == first.pitch[:32]).all()
    assert (second.tied[:32] == first.tied[:32]).all()
    assert (second.pitch[32:64] != first.pitch[32:64]).any()


WORDS = """Lit-tle star, how high
up a-bove the sky
"""


@pytest.mark.slow
def test_words_stand_under_the_notes(here, untrained, capsys):
    (here / "words.txt").write_text(WORDS, encoding="utf-8")
    assert compose(untrained, "--words", "words.txt", "--pickup", 0, "--key", "G") == 0
    sung = sung_by_part()["Soprano"]
    assert sung == ["Lit", "tle", "star,", "how", "high", "up", "a", "bove", "the", "sky"]
    piece = load_score("chorale.musicxml", voices=VOICES).chorale
    assert piece.onset[:, 0].sum() == len(sung)
    assert piece.fermata[[16, 48]].all()
    assert capsys.readouterr().out.startswith("chorale.musicxml: G major, 4 bars; ")


def sung_by_part():
    """The syllables of each part of the page, in order."""
    root = ElementTree.parse("chorale.musicxml").getroot()
    names = [part.findtext("part-name") for part in root.iter("score-part")]
    return {
        name: [lyric.findtext("text") for lyric in part.iter("lyric")]
        for name, part in zip(names, root.findall("part"), strict=True)
    }


@pytest.mark.slow
def test_words_stand_under_every_voice_that_sings_them_or_under_the_tune_alone(here):
    (here / "words.txt").write_text(WORDS, encoding="utf-8")
    words = ["compose", "--words", "words.txt", "--seed", "1", "--style", "plain"]
    assert main([*words, "--words-under", "soprano"]) == 0
    tune, *lower = sung_by_part().values()
    assert len(tune) == 10
    assert not any(lower)
    alone = load_score("chorale.musicxml", voices=VOICES).chorale
    assert main(words) == 0
    together = sung_by_part()
    assert list(together) == ["Soprano", "Alto", "Tenor", "Bass"]
    for syllables in together.values():
        # A note held under two syllables carries both, with a hard space between words.
        assert "".join(syllables).replace("\u00a0", "") == "".join(tune)
    assert (load_score("chorale.musicxml", voices=VOICES).chorale.pitch == alone.pitch).all()


@pytest.mark.slow
def test_a_melody_alone(here, untrained):
    plan = ("--keys", "C G C", "--form", "ABA", "--meter", "3/4")
    assert compose(untrained, *plan, "--voices", "soprano") == 0
    piece = load_score("chorale.musicxml", voices=[Voice.SOPRANO])
    assert len(piece.document.root.findall("part")) == 1
    tune = piece.chorale.pitch[:, 0]
    assert len(tune) == 12 * 12
    assert (tune[: 4 * 12] == tune[8 * 12 :]).all()
    assert tune[-1] % 12 == 0


@pytest.mark.slow
def test_numerals(here, untrained):
    assert compose(untrained, "--bars", 2, "--numerals") == 0
    assert "<function>" in (here / "chorale.musicxml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--bars", "0"], 2, "bars"),
        (["--bars", "100000"], 2, "bars"),
        (["--meter", "4"], 2, "not a meter"),
        (["--key", "X"], 2, "not a key"),
        (["--mode", "dorian"], 2, "not a mode"),
        (["--key", "D minor", "--mode", "major"], 2, "is not major"),
        (["--prime", "scale.musicxml", "--key", "D"], 2, "its own key and meter"),
        (["--temperature", "-1"], 2, "temperature"),
        (["--parallels", "--no-penalties"], 2, "give one of them"),
        (["--prime", "scale.musicxml"], 1, "needs four"),
        (["--prime", "none.musicxml"], 1, "none.musicxml"),
        (["-o", "no/out.musicxml"], 1, "does not exist"),
        (["--form", "A1"], 2, "is not a form"),
        (["--keys", "G X"], 2, "not a key"),
        (["--keys", "G D", "--key", "G"], 2, "the last phrase is in D major"),
        (["--words", "none.txt"], 2, "none.txt cannot be read"),
        (["--words-under", "all"], 2, "--words-under has no effect without --words"),
        (["--pickup", "4"], 2, "a pickup of 4 beats does not fit"),
        (["--voices", "soprano", "--numerals"], 2, "--numerals need the bass"),
        (["--style", "baroque"], 2, "is no setting of style"),
        (["--beam", "0"], 2, "beam is 0"),
    ],
)
def test_bad_requests(here, untrained, capsys, arguments, status, said):
    (here / "scale.musicxml").write_text(SCALE, encoding="utf-8")
    assert compose(untrained, *arguments) == status
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert said in err
    assert [p.name for p in here.iterdir()] == ["scale.musicxml"]
