"""ABC files as people have them: several tunes, texts, voices, encodings."""

import time

import pytest
from pieces import load_clean

from bachbot.chorale import VOICES
from bachbot.errors import ScoreError
from bachbot.scores import load_score
from bachbot.scores.readers.abc.abc_reader import abc_tree, abc_tunes
from bachbot.scores.readers.document import read_document
from bachbot.scores.readers.source import decode_text, detect_format
from bachbot.scores.readers.tune import TuneHeading

BOOK = """A Fiddle Book: Bad Egg, A Cab
M:3/4
L:1/4

X:12
T:First
K:G
G A B | c d e |
% a comment
f2 g |]

Played at a dance. C D E

X:7
T:Second
K:D
d2 f | a3 |]
"""


def pitches(text: str, tune: int | None = None) -> list[int]:
    return [n.pitch for n in read_document(abc_tree(text.encode(), tune)[0]).lines[0].notes]


def test_each_tune_of_a_file_is_read_by_its_place():
    assert abc_tunes(BOOK.encode()) == (TuneHeading(12, "First"), TuneHeading(7, "Second"))
    assert pitches(BOOK, 1) == pitches(BOOK) == [67, 69, 71, 72, 74, 76, 78, 79]
    assert pitches(BOOK, 2) == [74, 78, 81]
    assert abc_tree(BOOK.encode(), 2)[0].findtext("work/work-title") == "Second"


@pytest.mark.parametrize("tune", [0, 3, -1])
def test_a_tune_that_is_not_there_is_refused(tune):
    with pytest.raises(ScoreError, match=f"it has 2 tunes, and no tune {tune}: give one from 1"):
        abc_tree(BOOK.encode(), tune)


def test_several_tunes_are_said_where_none_is_chosen():
    _, notices = abc_tree(BOOK.encode())
    assert [n.message for n in notices] == [
        "it has 2 tunes: the first is read; say --tune N for another"
    ]
    assert abc_tree(BOOK.encode(), 1)[1] == ()


def test_the_header_of_a_file_holds_for_all_its_tunes():
    text = "M:3/4\nL:1/4\n\n" + BOOK.partition("\n\n")[2]
    for tune in (1, 2):
        root, _ = abc_tree(text.encode(), tune)
        assert root.findtext(".//time/beats") == "3"
        assert read_document(root).bars[0].length == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems_are_read(end):
    assert pitches(BOOK.replace("\n", end), 2) == [74, 78, 81]


@pytest.mark.parametrize("block", ["text", "ps", "svg", "ml"])
def test_a_text_block_changes_neither_melody_nor_bars(block):
    tune = "X:1\nM:4/4\nL:1/4\nK:G\nV:1\nV:2\n[V:1] GABc|d4|]\n[V:2] G,4|G,4|]\n"
    for text in (
        tune + f"%%begin{block}\nA Fed Cab, A Bad Egg\n%%end{block}\n",
        tune.replace("V:1\n", f"%%begin{block}\n\nA Fed Cab\n%%end{block}\nV:1\n", 1),
    ):
        document = read_document(abc_tree(text.encode())[0])
        assert [len(line.notes) for line in document.lines] == [5, 2]
        assert [bar.length for bar in document.bars] == [4, 4]


@pytest.mark.parametrize(
    ("encoding", "prefix"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", ""), ("utf-16-le", "\ufeff"),
     ("utf-16-be", "\ufeff"), ("cp1252", ""), ("latin-1", ""),
     ("cp1250", "%%abc-charset windows-1250\n"), ("iso-8859-1", "I:abc-charset iso-8859-1\n")],
)  # fmt: skip
def test_titles_in_all_encodings(encoding, prefix):
    content = (prefix + "X:1\nT:Fröhlich\nK:C\nCDEF|\n").encode(encoding)
    assert abc_tree(content)[0].findtext("work/work-title") == "Fröhlich"
    assert load_score(content, format="abc").title == "Fröhlich"
    if not prefix.startswith(("%%", "I:")):
        assert detect_format(content) == "abc"


def test_bytes_of_no_encoding_are_read_as_latin_1():
    assert decode_text(b"\x81\xe9") == "\x81é"
    assert decode_text(b"\xe8", "no-such-charset") == "è"


SATB = {"S": "c d e d", "A": "G G G G", "T": "E D C B,", "B": "C, B,, C, G,,"}


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"V:{voice}\n{music}|\n" for voice, music in SATB.items()),
        "".join(f'V:{n} name="{name}"\n' for n, name in
                enumerate(("Soprano", "Alto", "Tenor", "Bass"), 1))
        + "".join(f"[V:{n}] {music}|\n" for n, music in enumerate(SATB.values(), 1)),
        "%%score (1 2) (3 4)\n"
        + "".join(f"V:{n}\n{m}|\n" for n, m in list(enumerate(SATB.values(), 1))[::-1]),
        "%%staves [(S A) (T B)]\n"
        + "".join(f"V:{voice}\n{music}|\n" for voice, music in list(SATB.items())[::-1]),
        "V:T clef=treble-8\n" + "".join(
            f"V:{voice}\n{'e d c B' if voice == 'T' else music}|\n"
            for voice, music in (*SATB.items(),)
        ) + "%%score S A T B\n",
    ],
    ids=["letters", "names", "two a staff", "order of staves", "tenor clef"],
)  # fmt: skip
def test_hymns_in_four_voices(text):
    content = f"X:1\nM:4/4\nL:1/4\nK:C\n{text}".encode()
    score = load_score(content, voices=VOICES)
    assert score.chorale.pitch[::4].tolist() == [
        [72, 67, 64, 48], [74, 67, 62, 47], [76, 67, 60, 48], [74, 67, 59, 43]
    ]  # fmt: skip
    assert score.notices == ()


def test_a_change_of_key_in_one_voice_leaves_the_others(put):
    text = "X:1\nM:4/4\nL:1/4\nK:C\n[V:1]F4|[K:G]F4|\n[V:2]F4|F4|\n"
    lines = read_document(abc_tree(text.encode())[0]).lines
    assert [[n.pitch for n in line.notes] for line in lines] == [[65, 66], [65, 65]]


def test_words_that_fit_under_the_last_line_are_its_own():
    text = "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|\nGABc|\nw:one two three four\n"
    score = load_clean_text(text)
    found = [note.findtext("lyric/text") for note in score.document.part(0).iter("note")]
    assert found == [None] * 4 + ["one", "two", "three", "four"]


def load_clean_text(text: str):
    score = load_score(text.encode())
    assert score.notices == ()
    return score


def test_an_accidental_holds_over_a_line_end_without_a_bar_line():
    text = "X:1\nM:4/4\nL:1/4\nK:C\n^F D E F\nF4 | F4 |]\n"
    document = read_document(abc_tree(text.encode())[0])
    assert [note.pitch for note in document.lines[0].notes] == [66, 62, 64, 66, 66, 65]
    assert [bar.length for bar in document.bars] == [4, 4, 4]


@pytest.mark.parametrize(("order", "said"), [("AB", 0), ("A", 0), ("AAB", 1), ("BA", 1)])
def test_an_order_of_parts_is_said_where_it_is_not_as_written(order, said):
    _, notices = abc_tree(f"X:1\nP:{order}\nK:C\nP:A\nC|\nP:B\nD|\n".encode())
    assert len(notices) == said


def test_bar_lines_in_the_words_skip_to_the_next_bar(put):
    text = "X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|c4|\nw:a b|c||d\n"
    score = load_clean(put("words.abc", text.replace("||d", "|d")))
    found = [note.findtext("lyric/text") for note in score.document.part(0).iter("note")]
    assert found == ["a", "b", None, None, "c", None, None, None, "d"]
    skipped = load_clean_text(text.replace("b|c||d", "b||d"))
    found = [note.findtext("lyric/text") for note in skipped.document.part(0).iter("note")]
    assert found == ["a", "b", *[None] * 6, "d"]


def test_formats_are_detected_in_linear_time():
    start = time.process_time()
    assert detect_format(b"X:1\n" * 2**18) is None
    assert detect_format(b"X:1\n" * 2**18 + b"K:C\n") == "abc"
    assert time.process_time() - start < 20
