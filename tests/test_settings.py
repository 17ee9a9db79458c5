"""The config file: what it says, what it refuses, and how it is edited by key."""

import tomllib

import pytest

from bachbot.chorale import Key
from bachbot.cli import main
from bachbot.errors import UsageError
from bachbot.settings import config_path, load_settings, set_value, unset

VILLAGE = """# our choirs
choir = "village"   # on Sundays

[choirs.village]
Tenor = "C3:F4"     # two tenors
bass = "F2-C4"
sound = "choir"
staves = 2
keys = ["F major", "G"]

[choirs.town]
soprano = [60, 81]
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "config.toml"
    monkeypatch.setenv("BACHBOT_CONFIG", str(path))
    return path


@pytest.fixture
def village(path):
    path.parent.mkdir()
    path.write_text(VILLAGE, encoding="utf-8")
    return path


def test_the_variable_says_where_the_file_is(path, monkeypatch):
    assert config_path() == path
    monkeypatch.delenv("BACHBOT_CONFIG")
    assert config_path().name == "config.toml"
    assert config_path() != path


def test_no_file_is_an_empty_one(path):
    found = load_settings()
    assert found.choirs == {}
    assert found.of() == found.of("none")


def test_a_choir_is_read(village):
    found = load_settings().of()
    assert found.choir.ranges.tenor == (48, 65)
    assert found.choir.ranges.bass == (41, 60)
    assert found.choir.keys == (Key("F", "major"), Key("G", "major"))
    assert (found.sound, found.staves) == ("choir", 2)
    assert load_settings().of("town").choir.ranges.soprano == (60, 81)
    assert load_settings().of("none").sound is None
    assert found.with_ranges(["tenor=D3:E4"]).choir.ranges.tenor == (50, 64)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("choir = ", "no TOML"),
        ("colour = 1", "no such key"),
        ('choir = "moon"', "no choir 'moon'"),
        ("choirs = 3", "wanted tables"),
        ('[choirs.a]\ntenor = "X"', "not a range"),
        ("[choirs.a]\ntenor = 5", "is text"),
        ('[choirs.a]\nbaritone = "C3:F4"', "no key of a choir"),
        ("[choirs.a]\nstaves = 3", "give 2 or 4"),
        ("staves = true", "give 2 or 4"),
        ('[choirs.a]\nkeys = "F"', "list of text"),
        ('[choirs.a]\nkeys = ["Q"]', "not a key"),
        ("a = " + "[" * 5000, "no TOML"),
        ("# " + "x" * 300_000, "larger than"),
    ],
)
def test_bad_files_are_refused_in_one_line(path, text, said):
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said) as error:
        load_settings()
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_setting_a_key_keeps_comments_and_the_rest(village):
    set_value("choirs.village.tenor", "D3:E4")
    text = village.read_text()
    assert "# our choirs" in text
    assert "# on Sundays" in text
    before, after = tomllib.loads(VILLAGE), tomllib.loads(text)
    assert after["choirs"]["village"].pop("tenor") == "D3:E4"
    before["choirs"]["village"].pop("Tenor")
    assert before == after


def test_a_file_is_made_from_nothing(path):
    set_value("choirs.village.T", "C3:F4")
    set_value("choirs.village.keys", "F major, G minor")
    set_value("choir", "village")
    set_value("choirs.town.staves", "2")
    set_value("staves", "4")
    assert tomllib.loads(path.read_text()) == {
        "choir": "village",
        "staves": 4,
        "choirs": {
            "village": {"tenor": "C3:F4", "keys": ["F major", "G minor"]},
            "town": {"staves": 2},
        },
    }


def test_a_key_and_a_choir_are_removed(village):
    unset("choirs.village.tenor")
    assert load_settings().of().choir.ranges.tenor == (48, 69)
    unset("choirs.town")
    assert list(load_settings().choirs) == ["village"]
    unset("choirs.never")
    assert "two tenors" not in village.read_text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("colour", "red"), ("choirs.village", "x"), ("choirs.village.baritone", "C3:F4"),
        ("choirs.village.tenor", "F4"), ("choirs.village.staves", "3"), ("choir", "moon"),
        ("choirs.a b.tenor", "C3:F4"), ("choirs.x]y.tenor", "C3:F4"), ("", ""),
    ],
)  # fmt: skip
def test_a_bad_key_or_value_changes_nothing(village, key, value):
    with pytest.raises(UsageError):
        set_value(key, value)
    assert village.read_text() == VILLAGE


@pytest.mark.parametrize(
    "text",
    ['choirs = {village = {tenor = "C3:F4"}}\n', 'choirs.village.tenor = "C3:F4"\n',
     '[choirs]\nvillage.tenor = "C3:F4"\n', '[choirs.village]\nkeys = [\n"F",\n"G"\n]\n'],
)  # fmt: skip
def test_a_file_of_another_style_stays_whole(path, text):
    """It is edited right, or left to its owner."""
    path.parent.mkdir()
    path.write_text(text)
    before = tomllib.loads(text)
    before["choirs"]["village"]["tenor"] = "D3:E4"
    refused = False
    try:
        set_value("choirs.village.tenor", "D3:E4")
    except UsageError:
        refused = True
    now = path.read_text()
    assert now == text if refused else tomllib.loads(now) == before


def test_a_wrong_value_in_the_file_can_be_set_right(path):
    path.parent.mkdir()
    path.write_text('[choirs.village]\ntenor = "X"\n')
    set_value("choirs.village.tenor", "C3:F4")
    assert load_settings().of("village").choir.ranges.tenor == (48, 65)
    path.write_text("choirs = 3\n")
    with pytest.raises(UsageError, match="wanted tables"):
        set_value("choirs.village.tenor", "C3:F4")


@pytest.mark.slow
def test_the_commands(path, capsys):
    assert main(["config"]) == 0
    assert f"{path} (empty)" in capsys.readouterr().out
    assert main(["config", "set", "choirs.village.tenor", "C3:F4"]) == 0
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(path)
    assert main(["config", "show"]) == 0
    assert 'tenor = "C3:F4"' in capsys.readouterr().out
    assert main(["config", "show", "--json"]) == 0
    assert '"tenor": "C3:F4"' in capsys.readouterr().out
    assert main(["config", "unset", "choirs.village"]) == 0
    assert main(["config", "set", "nothing", "1"]) == 2
    assert "no key of the config file" in capsys.readouterr().err
