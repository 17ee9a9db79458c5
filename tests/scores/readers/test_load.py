"""Scores are read, or refused in one line that says what to do."""

import gc
import io
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import BACH, EVERYTHING, EXAMPLES, bach, followed, load_clean, notices_of, quietly

from bachbot.chorale import REST, VOICES, Key, Meter, Voice
from bachbot.errors import BachbotError, ScoreError, UsageError
from bachbot.scores import complete, load_score, save_score
from bachbot.scores.save import musicxml

NOTE = (
    "<note><pitch><step>{}</step><octave>{}</octave></pitch><duration>{}</duration>"
    "<voice>{}</voice><type>quarter</type></note>"
)


def score_of(*parts):
    """MusicXML of parts, each (name, text of its bars)."""
    listing = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>'
        for i, (name, _) in enumerate(parts)
    )
    bodies = "".join(f'<part id="P{i}">{bars}</part>' for i, (_, bars) in enumerate(parts))
    return f"<score-partwise><part-list>{listing}</part-list>{bodies}</score-partwise>"


def bar(*notes, number=1, divisions=1):
    return (
        f'<measure number="{number}"><attributes><divisions>{divisions}</divisions>'
        "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
        + "".join(notes)
        + "</measure>"
    )


def line(octave, steps="CDEC"):
    return bar(*(NOTE.format(step, octave, 1, 1) for step in steps))


def one_line(error):
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


# The made-up tune: positions, fermata, key, title


def test_a_tune_with_one_of_everything_is_quantized(everything):
    score = load_score(everything)
    chorale = score.chorale
    assert score.title == "One of Everything"
    assert score.present == (Voice.SOPRANO,)
    assert chorale.meter == Meter(3, 4, pickup=4)
    assert chorale.frames == 4 + 12 + 8 + 12 + 8 + 8 + 8
    assert (chorale.pitch[:, 1:] == REST).all()
    # C | A Bb C on thirds, D tied over | D rest | D C# D C
    onsets = np.flatnonzero(chorale.onset[:, 0]).tolist()
    assert onsets == [0, 4, 5, 7, 8, 24, 28, 29, 32, 36, 44, 50, 52]
    assert chorale.pitch[onsets, 0].tolist() == [72, 69, 70, 72, 74, 74, 73, 74, 72, 71, 69, 66, 67]
    assert chorale.tied[16, 0]
    assert np.flatnonzero(chorale.fermata).tolist() == list(range(52, 60))
    # The pickup counts up to the bar line; the short first ending begins a bar.
    assert chorale.position[:5].tolist() == [8, 9, 10, 11, 0]
    assert chorale.bar_starts.tolist() == [0, 4, 16, 24, 36, 44, 52]
    messages = {notice.kind: notice.message for notice in score.notices}
    assert messages.keys() == {"off grid", "chord symbols", "key change"}
    assert messages["off grid"].startswith("3 notes of the soprano are not on the sixteenth grid")


def test_a_given_key_replaces_the_estimate(everything):
    assert quietly(everything, key=Key("D", "minor")).chorale.key == Key("D", "minor")


def test_a_score_without_a_title_has_the_name_of_its_file(put):
    assert load_clean(put("my tune.xml", score_of(("", line(4))))).title == "my tune"


# Which part is which voice


def test_parts_are_assigned_by_name_in_any_order(put):
    parts = [("Basso", line(3)), ("T.", line(3, "EFGE")), ("Sopran", line(5)), ("ALTO 1", line(4))]
    score = load_clean(put("named.xml", score_of(*parts)), voices=VOICES)
    assert score.chorale.pitch[0].tolist() == [72, 60, 52, 48]


def test_four_unnamed_parts_are_the_four_voices(put):
    parts = [("", line(5)), ("", line(4)), ("Part 3", line(3, "EFGE")), ("", line(3))]
    path = put("four.xml", score_of(*parts))
    assert load_clean(path, voices=VOICES).chorale.pitch[0].tolist() == [72, 60, 52, 48]
    bass = load_score(path, voices=[Voice.BASS])
    assert bass.chorale.pitch[0].tolist() == [-1, -1, -1, 48]
    assert [notice.kind for notice in bass.notices] == ["parts"]


def test_a_single_part_is_the_requested_voice(put):
    path = put("bass.xml", score_of(("Cello", line(3))))
    score = load_clean(path, voices=[Voice.BASS])
    assert score.present == (Voice.BASS,)
    assert score.chorale.pitch[0].tolist() == [-1, -1, -1, 48]


def test_two_unnamed_parts_are_the_two_requested_voices(put):
    path = put("two.xml", score_of(("Flute", line(5)), ("Cello", line(3))))
    score = load_clean(path, voices=[Voice.BASS, Voice.SOPRANO])
    assert score.chorale.pitch[0].tolist() == [72, -1, -1, 48]


def test_the_melody_is_read_and_its_accompaniment_ignored(put):
    path = put("song.xml", score_of(("Piano", line(3)), ("Voice", line(5)), ("Drums", line(2))))
    assert load_score(path).chorale.pitch[0, 0] == 72
    assert notices_of(path) == {"parts": "Piano, Drums are ignored; soprano is read"}


def test_the_error_for_a_missing_voice_lists_the_parts(put):
    path = put("two.xml", score_of(("Soprano", line(5)), ("Piano", line(3))))
    with pytest.raises(ScoreError, match=r"no part for bass \(it has Soprano, Piano\)") as error:
        load_score(path, voices=[Voice.SOPRANO, Voice.BASS])
    one_line(error)
    assert str(error.value).endswith("keep the voices that it has (--given soprano)")


def test_a_closed_score_of_two_staves_has_four_voices(put):
    def staff(upper, lower):
        back = "<backup><duration>4</duration></backup>"
        notes = "".join(NOTE.format("C", upper, 1, 1) for _ in range(4))
        others = "".join(NOTE.format("G", lower, 1, 2) for _ in range(4))
        return bar(notes, back, others)

    path = put("hymn.xml", score_of(("", staff(5, 4)), ("", staff(4, 3).replace("G", "C"))))
    score = load_clean(path, voices=VOICES)
    assert score.chorale.pitch[0].tolist() == [72, 67, 60, 48]
    # Each line comes back without the one that it shared a staff with.
    full = complete(score, score.chorale, VOICES)
    assert [len(full.lines[v].notes) for v in VOICES] == [4, 4, 4, 4]
    assert "backup" not in musicxml(full)
    melody = load_score(path)
    assert [notice.kind for notice in melody.notices] == ["parts"]
    assert melody.chorale.pitch[0].tolist() == [72, -1, -1, -1]


# Ranges


@pytest.mark.parametrize(
    ("octave", "moved"), [(3, "up an octave"), (2, "up two octaves"), (6, "down an octave")]
)
def test_a_tune_in_another_octave_is_moved_in_the_music_and_on_the_page(put, octave, moved):
    path = put("low.xml", score_of(("", line(octave))))
    score = load_score(path)
    [notice] = score.notices
    assert moved in notice.message
    low, high = Voice.SOPRANO.range
    assert low <= score.chorale.pitch[:, 0].min() <= score.chorale.pitch[:, 0].max() <= high
    full = complete(score, followed(score.chorale), [Voice.SOPRANO])
    written = full.document.root.findall("part")[0]
    assert written.findtext("measure/note/pitch/octave") == str(4 if octave < 4 else 5)


def test_a_tune_that_fits_the_range_in_no_octave_is_refused(put):
    path = put("wide.xml", score_of(("", bar(*(NOTE.format("C", o, 1, 1) for o in (2, 4, 6))))))
    with pytest.raises(ScoreError, match="from C2 to C6, and its range is A3 to A5") as error:
        load_score(path)
    one_line(error)


def test_each_voice_of_the_corpus_fits_its_range():
    load_clean(BACH / "bwv66.6.mxl", voices=VOICES)


# Bad files


HOSTILE = {
    "empty.musicxml": (b"", "is empty"),
    "blank.musicxml": (b" \n\t", "is empty"),
    "text.musicxml": (b"dear diary", "XML is damaged"),
    "html.xml": (b"<html><body/></html>", "not MusicXML"),
    "cut.musicxml": (EVERYTHING[:900].encode(), "XML is damaged"),
    "noparts.xml": (b"<score-partwise/>", "has no music"),
    "nobars.xml": (b'<score-partwise><part id="P1"/></score-partwise>', "has no music"),
    "rests.xml": (
        score_of(("", bar("<note><rest/><duration>4</duration></note>"))).encode(),
        "nothing but rests",
    ),
    "nopitch.xml": (
        score_of(("", line(5).replace("<step>C</step>", ""))).encode(),
        "no valid pitch",
    ),
    "nolength.xml": (
        score_of(("", line(5).replace("<duration>1</duration>", ""))).encode(),
        "no valid duration",
    ),
    "huge.xml": (
        score_of(("", line(5).replace("<duration>1<", "<duration>9999999<"))).encode(),
        "more than 4096 quarter notes",
    ),
    "exponent.xml": (
        score_of(("", line(5).replace("<duration>1<", "<duration>1e999999999<"))).encode(),
        "no valid duration",
    ),
    "zero.xml": (
        score_of(("", line(5).replace("<divisions>1<", "<divisions>0<"))).encode(),
        "no valid divisions",
    ),
    "bomb.xml": (
        b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><s>&b;</s>',
        "entities",
    ),
    "bomb16.xml": (
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE s [<!ENTITY a "aa">]><s>&a;</s>'.encode(
            "utf-16"
        ),
        "entities",
    ),
    "external.xml": (
        b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><s>&x;</s>',
        "entities",
    ),
    "utf7.xml": (b'<?xml version="1.0" encoding="UTF-7"?><score-partwise/>', "utf-7"),
    "latin.xml": (b"<score-partwise>\x81\xfe\xe9</score-partwise>", "not in cp1252"),
    "deep.xml": (b"<a>" * 5000 + b"</a>" * 5000, "nested deeper"),
    "notzip.mxl": (b"PK\x03\x04 nothing", "damaged"),
    "pickle.p": (b"\x80\x04.", "not the suffix"),
    "pickle.musicxml": (b"\x80\x04\x95.", "XML is damaged"),
    "tune.docx": (b"PK", "not the suffix"),
    "nosuffix": (b"x", "not the suffix"),
    "text.mid": (b"dear diary", "cannot be read as MIDI"),
    "cut.mid": (b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0MTrk\x00\x00", "MIDI"),
    "text.abc": (b"dear diary", "it is words and not music"),
    "rests.abc": (b"X:1\nK:C\nz4|z4|", "nothing but rests"),
    "bare.abc": (b"X:1\nK:C\n", "no notes"),
    "text.krn": (b"dear diary", "kern"),
    "broken.krn": (b"**kern\n*M4/4\n4zz\n=1\tx\ty\n*-", "kern|rests|no music"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_file_is_refused_in_one_line(name, put):
    content, said = HOSTILE[name]
    path = put(name, content)
    with pytest.raises(ScoreError, match=said) as error:
        load_score(path)
    assert str(path) in one_line(error)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ScoreError, match="there is no file"):
        load_score(tmp_path / "none.musicxml")
    folder = tmp_path / "folder.musicxml"
    folder.mkdir()
    with pytest.raises(ScoreError, match="is a folder: give one of the scores in it"):
        load_score(folder)


def test_a_request_for_no_voice_is_refused(everything):
    with pytest.raises(UsageError, match="no voice"):
        load_score(everything, voices=[])


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_an_archive_that_unpacks_to_too_much_is_refused(put, monkeypatch):
    monkeypatch.setattr("bachbot.scores.readers.source.MAX_BYTES", 2**20)
    bomb = zipped(**{"a.xml": b"<score-partwise>" + b" " * 2**21})
    assert len(bomb) < 2**13
    with pytest.raises(ScoreError, match="unpacks to more"):
        load_score(put("bomb.mxl", bomb))


def test_an_archive_with_a_false_size_is_refused(put, monkeypatch):
    monkeypatch.setattr("bachbot.scores.readers.source.MAX_BYTES", 2**20)
    bomb = bytearray(zipped(**{"a.xml": b"<score-partwise>" + b" " * 2**21}))
    place = bomb.index(b"PK\x01\x02") + 24  # the uncompressed size in the directory
    bomb[place : place + 4] = struct.pack("<I", 100)
    with pytest.raises(ScoreError, match=r"damaged|unpacks"):
        load_score(put("liar.mxl", bytes(bomb)))


def test_an_archive_without_a_score_is_refused(put):
    with pytest.raises(ScoreError, match="no MusicXML"):
        load_score(put("none.mxl", zipped(**{"readme.txt": b"x"})))


def test_a_large_file_is_refused(put, monkeypatch):
    monkeypatch.setattr("bachbot.scores.readers.source.MAX_BYTES", 100)
    with pytest.raises(ScoreError, match="larger than"):
        load_score(put("large.musicxml", EVERYTHING))


def test_utf16_and_timewise_scores_are_read(put):
    plain = quietly(put("a.musicxml", EVERYTHING)).chorale
    wide = EVERYTHING.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
    assert quietly(put("b.musicxml", wide)).chorale.same_music(plain)
    timewise = (
        '<score-timewise><part-list><score-part id="P0"><part-name/></score-part></part-list>'
        '<measure number="1"><part id="P0">'
        + line(5).partition(">")[2].removesuffix("</measure>")
        + "</part></measure></score-timewise>"
    )
    found = load_clean(put("c.xml", timewise)).chorale
    assert found.pitch[::4, 0].tolist() == [72, 74, 76, 72]


def test_a_transposing_instrument_is_read_at_sounding_pitch(put):
    bars = line(5).replace(
        "</attributes>",
        "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>",
    )
    keyed = bars.replace("<time>", "<key><fifths>2</fifths></key><time>")
    score = load_score(put("clarinet.xml", score_of(("Clarinet", keyed))))
    assert [notice.kind for notice in score.notices] == ["concert pitch"]
    assert score.chorale.pitch[0, 0] == 70
    assert score.document.signatures[0].fifths == 0
    assert score.lines[Voice.SOPRANO].names[0] == -2  # B flat


@pytest.mark.parametrize(
    "error",
    [
        RecursionError("maximum recursion depth exceeded"),
        OverflowError("too large"),
        ZeroDivisionError("by zero"),
        AssertionError(),
        struct.error("unpack requires\na buffer"),
    ],
)
@pytest.mark.parametrize("where", ["musicxml_tree", "take_voices", "place_lines", "quantize"])
def test_any_fault_of_a_reader_is_one_line(everything, monkeypatch, error, where):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(f"bachbot.scores.readers.load.{where}", fail)
    with pytest.raises(ScoreError, match="it cannot be read as musicxml") as caught:
        load_score(everything)
    assert type(error).__name__ in one_line(caught)
    assert str(everything) in one_line(caught)


def test_too_little_memory_is_one_line(everything, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("bachbot.scores.readers.load.take_voices", fail)
    with pytest.raises(ScoreError, match="not enough memory to read it"):
        load_score(everything)


@pytest.mark.parametrize("content", [b"X:1\nK:C\nCDEF|\n", b"no music"])
def test_pythons_collector_is_as_it_was(content):
    for want in (True, False):
        (gc.enable if want else gc.disable)()
        try:
            with suppress(ScoreError):
                load_score(content, format="abc")
            assert gc.isenabled() == want
        finally:
            gc.enable()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ImportError])
def test_what_is_no_fault_of_the_file_passes(everything, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("bachbot.scores.readers.load.take_voices", fail)
    with pytest.raises(error):
        load_score(everything)


@pytest.mark.slow
@given(place=st.integers(0, 10**6), value=st.integers(0, 255))
def test_a_damaged_archive_of_any_compression_is_read_or_refused(place, value):
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("a.musicxml", EVERYTHING)
        content = bytearray(buffer.getvalue())
        content[place % len(content)] = value
        with suppress(ScoreError):
            load_score(bytes(content), format="mxl")


TUNES = {
    "amazing-grace.musicxml": ("Ab major", "3/4", 4),
    "auld-lang-syne.mid": ("F major", "4/4", 4),
    "away-in-a-manger.abc": ("Bb major", "3/4", 4),
    "god-rest-ye-merry.abc": ("E minor", "4/4", 4),
    "good-king-wenceslas.mid": ("G major", "4/4", 0),
    "greensleeves.mxl": ("G minor", "6/8", 2),
    "ode-to-joy.krn": ("A major", "4/4", 0),
    "silent-night.musicxml": ("C major", "6/8", 0),
    "twinkle.musicxml": ("G major", "4/4", 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TUNES)
def test_the_example_tunes_are_read_written_and_read_again(name, tmp_path):
    score = load_clean(EXAMPLES / name)
    key, meter, pickup = TUNES[name]
    assert (str(score.chorale.key), str(score.chorale.meter)) == (key, meter)
    assert score.chorale.meter.pickup == pickup
    full = complete(score, followed(score.chorale), [Voice.SOPRANO])
    out = tmp_path / "out.musicxml"
    save_score(full, out)
    again = load_clean(out, voices=VOICES)
    assert np.array_equal(again.chorale.pitch, full.chorale.pitch)
    assert np.array_equal(again.chorale.tied, full.chorale.tied)
    assert again.title == score.title
    syllables = [list(e.document.part(0).iter("lyric")) for e in (score, again)]
    assert len(syllables[0]) == len(syllables[1])
    assert musicxml(again).count("<lyric") == len(syllables[0])


@pytest.mark.slow
@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_score_is_read_or_refused(data, tmp_path_factory):
    """Bytes of a good file are changed: it raises nothing but a BachbotError."""
    kind = data.draw(st.sampled_from([".musicxml", ".mxl", ".mid", ".abc"]))
    content = bytearray(samples()[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] = data.draw(st.integers(0, 255))
        else:
            del content[place : place + data.draw(st.integers(1, 40))]
            content += b"\x00"
    path = tmp_path_factory.mktemp("damaged") / f"tune{kind}"
    path.write_bytes(bytes(content))
    with suppress(BachbotError):
        score = quietly(path)
        complete(score, followed_down(score.chorale), [Voice.SOPRANO])


def followed_down(chorale):
    return followed(chorale) if chorale.pitch[:, 0].max() < 110 else chorale


_SAMPLES = {}


def samples():
    """One good file of each format."""
    if not _SAMPLES:
        import tempfile
        from pathlib import Path

        source = bach("bwv66.6")
        with tempfile.TemporaryDirectory() as folder:
            for suffix in (".mxl", ".mid"):
                path = Path(folder) / f"a{suffix}"
                save_score(source, path)
                _SAMPLES[suffix] = path.read_bytes()
        _SAMPLES[".musicxml"] = EVERYTHING.encode()
        _SAMPLES[".abc"] = (
            b"X:1\nT:A\nM:3/4\nL:1/8\nQ:1/4=90\nK:Ddor\nA2|:d>e (3efg {a}f2|1 ^c2 d4-:|2 d6|]\n"
            b"w:one two-three _ * four|five\n"
        )
    return _SAMPLES
