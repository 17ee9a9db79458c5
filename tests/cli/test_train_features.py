import pytest
from training_corpus import random_corpus

from bachbot.cli import main
from bachbot.runtime import load_checkpoint

SETTINGS = ["--set", "pieces=2", "--set", "fewest=2", "--set", "beam=2"]


def learn(untrained, folder, *arguments):
    corpus = folder.parent / "corpus.npz"
    if not corpus.exists():
        random_corpus().save(corpus)
    words = ["train", "features", "--checkpoint", str(untrained), "--corpus", str(corpus)]
    return main([*words, "-o", str(folder), *SETTINGS, *arguments])


@pytest.mark.slow
def test_features_are_learned_and_used(untrained, tmp_path, capsys):
    assert learn(untrained, tmp_path / "learned", "--rounds", "1") == 0
    said = capsys.readouterr()
    assert said.err.startswith("round 1: counts disagree by ")
    assert said.out == f"Wrote {tmp_path / 'learned'}.\n"
    assert load_checkpoint(tmp_path / "learned").features is not None
    assert learn(untrained, tmp_path / "learned", "--rounds", "2", "--resume") == 0
    assert capsys.readouterr().err.startswith("round 2: ")


def test_what_cannot_be_learned_is_one_line(untrained, tmp_path, capsys):
    for arguments, status, message in (
        (["--expert", "nobody"], 1, "expert 'nobody' does not come with bachbot"),
        (["--set", "speed=1"], 2, "there is no setting 'speed': settings are pieces, rate"),
        (["--resume"], 1, "nothing was learned in"),
        (["--part", "all"], 2, "all"),
    ):
        assert learn(untrained, tmp_path / "new", *arguments) == status, arguments
        [line] = capsys.readouterr().err.splitlines()
        assert message in line
        assert not (tmp_path / "new").exists()
