"""Scores from paths, bytes and file objects, in any thread."""

import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pieces import EVERYTHING, EXAMPLES, bach, load_clean

from bachbot.chorale import VOICES, Voice
from bachbot.errors import ScoreError, UsageError
from bachbot.scores import complete, load_score, render
from bachbot.scores.readers.source import detect_format

ABC = b"X:1\nT:Scale\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|"
TUNES = sorted(p for p in EXAMPLES.iterdir() if p.suffix != ".md")


def same_score(score, other):
    assert score.chorale.same_music(other.chorale)
    assert (score.chorale.key, score.present) == (other.chorale.key, other.present)
    assert score.notices == other.notices
    return True


@pytest.mark.slow
@pytest.mark.parametrize("path", TUNES, ids=lambda path: path.name)
def test_the_example_tunes_are_read_from_bytes_and_file_objects_as_from_files(path):
    expected = load_clean(path)
    content = path.read_bytes()
    for source in (str(path), content, bytearray(content), memoryview(content)):
        assert same_score(load_score(source), expected)
    with path.open("rb") as file:
        score = load_score(file)
    assert same_score(score, expected)
    assert (score.title, score.chorale.name) == (expected.title, path.stem)


def test_the_format_of_a_file_object_without_a_name_is_detected(tmp_path):
    assert load_score(io.BytesIO(ABC)).title == "Scale"
    with (tmp_path / "upload").open("w+b") as file:
        file.write(EVERYTHING.encode())
        file.seek(0)
        assert load_score(file).title == "One of Everything"


def test_a_score_without_a_title_or_a_file_name_has_none_and_is_engraved():
    score = load_score(ABC.replace(b"T:Scale\n", b""))
    assert (score.title, score.chorale.name) == ("", "")
    assert render(score, "svg").startswith(b"<")


def test_a_given_format_replaces_the_suffix_and_the_detection(tmp_path):
    path = tmp_path / "tune.txt"
    path.write_bytes(ABC)
    assert load_score(path, format="abc").title == "Scale"
    plain = load_score(EVERYTHING.encode(), format="musicxml")
    assert same_score(load_score(render(plain, "mxl"), format="musicxml"), plain)
    with pytest.raises(ScoreError, match="the score: it cannot be read as MIDI"):
        load_score(ABC, format="midi")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"MThd\x00\x00\x00\x06", "midi"),
        (b"PK\x03\x04", "mxl"),
        (b"\xef\xbb\xbf <?xml", "musicxml"),
        ("<score-partwise>".encode("utf-16"), "musicxml"),
        (b"!!!COM: Bach\n**kern\t**text\n", "kern"),
        (b"**text\t**kern\n", "kern"),
        (b"%abc-2.1\nX: 1\nT:a\nK:C\n", "abc"),
        (b"T:no number\nK:C\n", None),
        (b"a file about **kern\n", None),
        (b"dear diary", None),
    ],
)
def test_a_format_is_detected_only_where_it_is_certain(content, found):
    assert detect_format(content) == found


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (b"dear diary", {}, ScoreError, "its format cannot be detected: name it"),
        (b" \n", {}, ScoreError, "the score is empty"),
        (io.BytesIO(), {}, ScoreError, "the score is empty"),
        (io.StringIO("X:1"), {}, UsageError, "open it in binary mode"),
        (7, {}, UsageError, "cannot be read from int: give a path, bytes or a binary file object"),
        (ABC, {"format": "pdf"}, UsageError, "'pdf' is not a format that can be read: use musicx"),
        (b"X:1\nK:C\n", {}, ScoreError, "the score: its tune has no notes"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_in_one_line(source, options, error, message):
    with pytest.raises(error) as caught:
        load_score(source, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_large_bytes_and_file_objects_are_refused(monkeypatch):
    monkeypatch.setattr("bachbot.scores.readers.source.MAX_BYTES", 20)
    for source in (ABC, io.BytesIO(ABC)):
        with pytest.raises(ScoreError, match="the score is larger than"):
            load_score(source)


def test_threads_that_load_at_once_do_not_mix_their_notices():
    """One thread reads a tune in a low octave, the other a file of several tunes."""
    low = b"X:1\nM:4/4\nL:1/4\nK:C\nC,D,E,F,|"
    many = ABC + b"\n\nX:2\nK:C\nc4|"
    sources = [low, many] * 20
    together = threading.Barrier(2)

    def load(source):
        together.wait(timeout=60)
        return [notice.kind for notice in load_score(source).notices]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(load, sources))
    assert found == [["octave"], ["tunes"]] * 20


@pytest.mark.slow
def test_threads_that_read_kern_leave_the_error_stream_and_the_warning_filters_alone():
    import warnings

    content = (EXAMPLES / "ode-to-joy.krn").read_bytes()
    expected = load_score(content)
    stream, filters = sys.stderr, list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        for score in pool.map(load_score, [content] * 8):
            assert same_score(score, expected)
    assert sys.stderr is stream
    assert warnings.filters == filters


def test_notices_stay_with_the_score_when_it_is_completed():
    score = load_score(EVERYTHING.encode())
    assert {n.kind for n in score.notices} == {"off grid", "chord symbols", "key change"}
    whole = complete(score, score.chorale, [Voice.SOPRANO])
    assert whole.notices == score.notices
    assert bach("bwv66.6", voices=VOICES).notices == ()


def test_a_path_may_be_a_string(everything):
    assert same_score(load_score(str(everything)), load_score(Path(everything)))


@pytest.mark.parametrize("suffix", ["abc", "krn"])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_text_of_any_unicode_encoding_is_read_with_and_without_mark(put, suffix, encoding):
    abc = "X:1\nT:Größe\nM:4/4\nL:1/4\nK:C\nCDEF|\n"
    kern = "**kern\n*M4/4\n4c\n4d\n4e\n4f\n==\n*-\n!!!OTL: Größe\n"
    content = (abc if suffix == "abc" else kern).encode(encoding)
    for score in (load_score(put(f"tune.{suffix}", content)), load_score(content)):
        assert score.title == "Größe"
        assert score.chorale.frames == 16
