import pytest

from bachbot.errors import UsageError
from bachbot.scores.verses import parse_verses, read_verses

GRACE = """A-maz-ing grace! how sweet the sound
That saved a wretch like me!
I once was lost, but now am found,
Was blind, but now I see.
"""


def syllables(line):
    return [(one.text, one.syllabic) for one in line]


def test_lines_and_syllables():
    found = parse_verses(GRACE)
    assert found.lengths == (8, 6, 8, 6)
    assert syllables(found.verses[0][0])[:4] == [
        ("A", "begin"), ("maz", "middle"), ("ing", "end"), ("grace!", "single"),
    ]  # fmt: skip
    assert found.has_upbeat
    assert not found.notices


@pytest.mark.parametrize("text", ["lit - tle star", "lit -- tle star", "lit\u00adtle star"])
def test_hyphens(text):
    assert syllables(parse_verses(text).verses[0][0]) == [
        ("lit", "begin"), ("tle", "end"), ("star", "single"),
    ]  # fmt: skip


def test_words_on_one_note_and_marks_that_stand_alone():
    [line] = parse_verses("the_hea-vens \u2013 all").verses[0]
    assert [one.text for one in line] == ["the\u203fhea", "vens \u2013", "all"]


def test_verses():
    found = parse_verses("one two\nthree four\n\n\nfive six\nse-ven\n\n")
    assert len(found.verses) == 2
    assert not parse_verses("\n".join(["a b c d e f g h", "a b c d e f g"])).has_upbeat


def test_words_without_hyphens_are_named():
    assert parse_verses("amazing grace").notices == (
        "each of these words is sung on one note: amazing: divide them by hyphens",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("one", "line 1 of the words has 1 syllables"),
        ("x " * 50, "has 50 syllables"),
        ("a b\n\nc d\ne f", "verse 2 has 2 lines and verse 1 has 1"),
        ("a b c\n\nc d", "line 1 of verse 2 has 2 syllables and that of verse 1 has 3"),
        ("a b\n" * 41, "more than 12 verses or 40 lines"),
        ("a b\n\n" * 15, "more than 12 verses or 40 lines"),
    ],
)
def test_bad_words(text, said):
    with pytest.raises(UsageError, match=said):
        parse_verses(text)


def test_bad_files(tmp_path):
    path = tmp_path / "words.txt"
    with pytest.raises(UsageError, match=r"cannot be read as text \((?!\[Errno)"):
        read_verses(path)
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UsageError, match=r"cannot be read as text \((?!\[Errno)"):
        read_verses(path)
    path.write_text("a b\n" * 20000, encoding="utf-8")
    with pytest.raises(UsageError, match="is larger than 64 KiB"):
        read_verses(path)
