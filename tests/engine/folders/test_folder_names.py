from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.engine.folders.folder_names import MAX_BYTES, output_names, safe_name
from bachbot.scores.readers.tune import TuneHeading

ONE = (TuneHeading("1", "any"),)


def headings(*pairs):
    return tuple(TuneHeading(number, title) for number, title in pairs)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jesu, meine Freude", "Jesu, meine Freude"),
        ("a/b\\c:d", "a b c d"),
        ("../../x", "x"),
        ("-o", "o"),
        ("two\nlines\x00", "two lines"),
        ("NUL", "NUL_"),
        ("aux.old", "aux_.old"),
        ("COM1", "COM1_"),
        ("Console", "Console"),
        ("  ...  ", "tune"),
        ("", "tune"),
        ("A\u0300", "\u00c0"),
        ("ends. ", "ends"),
    ],
)
def test_a_name_that_every_system_accepts(text, name):
    assert safe_name(text) == name


@pytest.mark.slow
@given(st.text(max_size=300))
def test_any_text_becomes_a_safe_name(text):
    name = safe_name(text)
    assert 1 <= len(name.encode()) <= MAX_BYTES - 20
    assert not set(name) & set('/\\:*?"<>|\0\n\r\t')
    assert name == name.strip(". ")
    assert not name.startswith("-")
    assert safe_name(name) == name


PAIRS = st.lists(st.tuples(st.text(max_size=3), st.text(max_size=60)), min_size=1, max_size=4)


@pytest.mark.slow
@given(st.dictionaries(st.text(min_size=1, max_size=4), PAIRS, max_size=5))
def test_names_are_as_many_as_tunes_and_differ(files):
    tunes = [(Path(f"{stem}.abc"), headings(*pairs)) for stem, pairs in files.items()]
    names = output_names(tunes)
    assert [len(n) for n in names] == [len(h) for _, h in tunes]
    flat = [name for group in names for name in group]
    assert len({name.casefold() for name in flat}) == len(flat)
    assert all(len(name.encode()) <= MAX_BYTES - 12 for name in flat)
    assert names == output_names(tunes)


def test_a_file_of_one_tune_keeps_its_stem():
    tunes = [(Path("x/a.abc"), ONE), (Path("x/b.mid"), ONE)]
    assert output_names(tunes) == [["a"], ["b"]]


def test_files_of_one_stem_keep_their_whole_names():
    tunes = [(Path("A.abc"), ONE), (Path("a.mid"), ONE), (Path("b.mid"), ONE)]
    assert output_names(tunes) == [["A.abc"], ["a.mid"], ["b"]]


def test_tunes_of_a_file_have_number_and_title():
    many = headings(("1", "The Kesh/Jig"), ("12", ""), ("12", ""), ("x", "the kesh jig"))
    assert output_names([(Path("set.abc"), many)]) == [
        ["set-01-The Kesh Jig", "set-12", "set-12 (2)", "set-0x-the kesh jig"]
    ]


def test_a_title_does_not_take_the_name_of_a_file():
    many = headings(("1", "One"), ("2", "Two"))
    tunes = [(Path("a.abc"), many), (Path("a-1-One.mid"), ONE)]
    assert output_names(tunes) == [["a-1-One (2)", "a-2-Two"], ["a-1-One"]]


def test_a_long_file_name_leaves_room_for_number_and_title():
    many = headings(("1", "One"), ("2", "Two"))
    [names] = output_names([(Path("é" * 120 + ".abc"), many)])
    assert [name[-6:] for name in names] == ["-1-One", "-2-Two"]
    assert all(len(name.encode()) <= MAX_BYTES for name in names)
