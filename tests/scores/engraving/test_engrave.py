"""Engraved pages have all notes and words, and look the same in every format."""

import io
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music21 import corpus, stream
from music21.musicxml.m21ToXml import GeneralObjectExporter
from PIL import Image
from tunes import note, tune

from bachbot.errors import OutputError, ScoreError
from bachbot.scores.engraving import fonts
from bachbot.scores.engraving.engrave import break_into_systems, engrave, engraving_bytes
from bachbot.scores.engraving.pdf import parse_path, parse_transforms
from bachbot.scores.engraving.svg import SVG, Heading

WORDS = "Aus mei nes Her zens Grun de sag' ich dir Lob und Dank,"


@pytest.fixture(scope="module")
def score() -> stream.Score:
    score = corpus.parse("bach/bwv269")
    score.metadata.title = "Aus meines Herzens Grunde"
    score.metadata.composer = "Johann Sebastian Bach (1685–1750)"
    return score


@pytest.fixture(scope="module")
def chorale(score: stream.Score) -> str:
    return GeneralObjectExporter(score).parse().decode()


@pytest.fixture(scope="module")
def long(score: stream.Score) -> str:
    """The same three times, too much for one page of four staves."""
    root = ElementTree.fromstring(GeneralObjectExporter(score).parse())
    for part in root.findall("part"):
        measures = part.findall("measure")
        for again in range(2):
            for measure in measures:
                copy = ElementTree.fromstring(ElementTree.tostring(measure))
                copy.set("number", str(len(measures) * (again + 1) + 1))
                part.append(copy)
    return ElementTree.tostring(root, encoding="unicode")


def texts(svg: str) -> list[str]:
    return [t.text for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def gray(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(float)


def ink(image: np.ndarray, cells: int = 60) -> np.ndarray:
    """Darkness of the cells of a grid laid over the picture."""
    high, wide = (n // cells * cells for n in image.shape)
    blocks = (255 - image[:high, :wide]).reshape(cells, high // cells, cells, wide // cells)
    return blocks.mean(axis=(1, 3))


@pytest.mark.slow
@pytest.mark.parametrize("staves", [4, 2])
def test_every_note_is_drawn(chorale: str, score: stream.Score, staves: int) -> None:
    (svg,) = engrave(chorale, staves=staves)
    heads = re.findall(r'class="note"', svg)
    assert len(heads) == len(list(score.recurse().notes)) > 200
    drawn = re.findall(r'class="staff"', svg)
    assert len(drawn) == staves * len(score.parts[0].getElementsByClass("Measure"))
    assert len(re.findall(r'class="grpSym"', svg)) == len(re.findall(r'class="system"', svg))


@pytest.mark.slow
@pytest.mark.parametrize("staves", [4, 2])
def test_title_author_words_and_bar_numbers(chorale: str, staves: int) -> None:
    (svg,) = engrave(chorale, staves=staves)
    found = texts(svg)
    assert found.count("Aus meines Herzens Grunde") == 1
    assert found.count("Johann Sebastian Bach (1685–1750)") == 1
    assert not any("Greentree" in t for t in found)  # page texts of another edition
    first = [t for t in found if t in WORDS.split()]
    assert set(first) == set(WORDS.split())
    systems = len(re.findall(r'class="system"', svg))
    numbers = [t for t in found if re.fullmatch(r"\d+[a-z]?", t)]
    assert len(numbers) == systems - 1 > 1


@pytest.mark.slow
def test_the_heading_does_not_touch_the_music(chorale: str) -> None:
    (svg,) = engrave(chorale.replace("Johann Sebastian Bach", "J"), staves=4)
    for text, people in (("x", 0), ("x", 1), ("", 1), ("x", 3), ("", 0)):
        creators = '<creator type="composer">Somebody</creator>' * people
        changed = re.sub(r"<creator.*</creator>", creators, chorale)
        changed = re.sub(r"<(work|movement)-title>.*?</", rf"<\1-title>{text}</", changed)
        (svg,) = engrave(changed, staves=4)
        inner = ElementTree.fromstring(svg).find(f"{SVG}svg/{SVG}g")
        lines = [t for t in inner.findall(f"{SVG}text") if t.text in ("x", "Somebody")]
        assert len(lines) == bool(text) + people
        lowest = max([float(t.get("y")) for t in lines], default=0)
        bracket = min(float(r.get("y")) for r in inner.iter(f"{SVG}rect"))
        assert 0 <= lowest < bracket - 300
        assert bracket < lowest + 1500


@pytest.mark.slow
def test_svg_is_plain_and_reproducible(chorale: str) -> None:
    (svg,) = engrave(chorale, staves=2)
    root = ElementTree.fromstring(svg)
    assert root.get("width") == "210mm"
    assert not list(root.iter(f"{SVG}tspan"))
    assert "base64" not in svg
    assert (svg,) == tuple(engrave(chorale, staves=2))


@pytest.mark.slow
def test_a_metronome_mark_is_drawn_as_outlines(chorale: str) -> None:
    mark = (
        "</attributes><direction><direction-type><metronome><beat-unit>quarter</beat-unit>"
        "<per-minute>96</per-minute></metronome></direction-type></direction>"
    )
    plain, marked = (
        ElementTree.fromstring(engrave(text, staves=4)[0])
        for text in (chorale, chorale.replace("</attributes>", mark, 1))
    )
    assert not any(0xE000 <= ord(c) < 0xF900 for t in marked.iter(f"{SVG}text") for c in t.text)
    assert any(t.text.strip() == "= 96" for t in marked.iter(f"{SVG}text"))
    tempo = next(g for g in marked.iter(f"{SVG}g") if g.get("class") == "tempo")
    assert tempo.find(f".//{SVG}path") is not None
    assert not [g for g in plain.iter(f"{SVG}g") if g.get("class") == "tempo"]


@pytest.mark.slow
def test_a_part_without_a_clef_gets_one(chorale: str) -> None:
    bare = re.sub(r"<clef>.*?</clef>", "", chorale, flags=re.DOTALL)
    clefs = [len(re.findall('class="clef"', engrave(t, staves=4)[0])) for t in (chorale, bare)]
    assert clefs[1] == clefs[0] > 4


def test_accidentals_that_a_file_leaves_out_are_engraved() -> None:
    b_natural = note("B5", 16, "whole")
    repeat = '<barline location="left"><repeat direction="forward"/></barline>'
    flats = tune(b_natural, b_natural + repeat).replace("<fifths>0", "<fifths>-3")
    explicit = flats.replace(
        "<type>whole</type>", "<type>whole</type><accidental>natural</accidental>"
    )
    in_key = flats.replace("<step>B</step>", "<step>C</step>")
    naturals = [engrave(text)[0].count("E261") for text in (flats, explicit, in_key)]
    assert naturals[0] == naturals[1] > 0
    assert naturals[2] == 0


@pytest.mark.slow
def test_png_is_white_and_its_title_shows(chorale: str) -> None:
    image = gray(engraving_bytes(chorale, ".png", staves=2))
    assert image.shape[1] == 1588
    assert image[0, 0] == image[-1, -1] == 255
    untitled = chorale.replace("Aus meines Herzens Grunde", ".")
    other = gray(engraving_bytes(untitled, ".png", staves=2))
    # The title alone is the difference, in the middle at the top.
    assert image.shape == other.shape
    rows, columns = np.nonzero(image != other)
    assert rows.max() < 250
    assert columns.min() > 400
    assert columns.max() < 1200
    assert ((255 - image[rows, columns]).sum() / 255) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("staves", [4, 2])
def test_pdf_looks_like_the_picture(chorale: str, staves: int) -> None:
    """The PDF, drawn by Chromium's engine, beside the SVG of the same page, drawn by resvg."""
    import resvg_py

    with pypdfium2.PdfDocument(engraving_bytes(chorale, ".pdf", staves=staves)) as document:
        assert len(document) == 1
        assert document.get_metadata_dict()["Title"] == "Aus meines Herzens Grunde"
        wide, high = document[0].get_size()
        assert (wide / 72 * 25.4, high / 72 * 25.4) == pytest.approx((210, 297), abs=0.1)
        drawn = np.asarray(document[0].render(scale=1588 / wide).to_pil().convert("L"), float)
        words = document[0].get_textpage().get_text_range()
    for word in ("Aus meines Herzens Grunde", "Johann Sebastian Bach (1685–1750)", "Thron"):
        assert word in words
    (svg,) = engrave(chorale, staves=staves, paged=True)
    png = resvg_py.svg_to_bytes(
        svg_string=svg, background="white", dpi=96, width=1588, skip_system_fonts=True,
        font_files=fonts.font_files(), serif_family=fonts.FAMILY,
    )  # fmt: skip
    wanted = gray(bytes(png))[: drawn.shape[0], : drawn.shape[1]]
    drawn = drawn[: wanted.shape[0], : wanted.shape[1]]
    alike, other = (
        np.corrcoef(ink(wanted).ravel(), ink(image).ravel())[0, 1]
        for image in (drawn, np.roll(drawn, 15, axis=0))
    )
    assert alike > 0.97 > 0.9 > other
    assert np.abs(ink(wanted) - ink(drawn)).max() < 15
    assert ink(drawn).max() > 40


@pytest.mark.slow
def test_pdf_has_pages_with_numbers_and_every_note(long: str) -> None:
    pages = engrave(long, staves=4, paged=True)
    assert len(pages) > 1
    assert sum(p.count('class="note"') for p in pages) == long.count("<pitch>")
    assert texts(pages[0]).count("Aus meines Herzens Grunde") == 1
    assert "Aus meines Herzens Grunde" not in texts(pages[1])
    assert texts(pages[1])[-1] == "2"
    content = engraving_bytes(long, ".pdf", staves=4)
    assert content == engraving_bytes(long, ".pdf", staves=4)
    with pypdfium2.PdfDocument(content) as document:
        assert len(document) == len(pages)


@pytest.mark.slow
def test_a_smaller_staff_is_used_if_it_saves_a_page() -> None:
    text = GeneralObjectExporter(corpus.parse("bach/bwv227.1")).parse().decode()
    (page,) = engrave(text, staves=4, paged=True)
    assert page.count('class="note"') == text.count("<pitch>")


@pytest.mark.slow
def test_the_picture_of_a_long_score_is_one_tall_page(long: str, chorale: str) -> None:
    heights = []
    for text in (chorale, long):
        (svg,) = engrave(text, staves=2)
        heights.append(float(ElementTree.fromstring(svg).get("height").removesuffix("mm")))
    assert 2 < heights[1] / heights[0] < 3


def test_letters_missing_from_the_text_font() -> None:
    assert [part for _, part in fonts.split_by_font("Bach ♩ Ř", False, False)] == ["Bach ♩ Ř"]
    mixed = fonts.split_by_font("aǍb", True, False)  # only the fallback font has this letter
    assert [(face.fontName, part) for face, part in mixed] == [
        ("STIXGeneralBol", "a"),
        ("DejaVuSerif", "Ǎ"),
        ("STIXGeneralBol", "b"),
    ]
    assert fonts.text_width("aǍb", 10) > fonts.text_width("ab", 10) > fonts.text_width("a", 10) > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no XML", "is not XML"),
        ("<score-partwise/>", "no parts"),
        ("<score-timewise><part><measure/></part></score-timewise>", "no parts"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><score-partwise/>', "entities"),
    ],
)
def test_text_that_is_not_a_score(text: str, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        engraving_bytes(text, ".svg")


def test_unknown_format(chorale: str) -> None:
    with pytest.raises(OutputError, match="not a format of engraving"):
        engraving_bytes(chorale, ".gif")


def test_heading_of_a_score() -> None:
    root = ElementTree.fromstring(
        "<score-partwise><work><work-title> A\n  tune </work-title></work><identification>"
        '<creator type="arranger">bachbot</creator><creator type="composer">B</creator>'
        '<creator type="lyricist">C</creator><creator> </creator></identification>'
        "</score-partwise>"
    )
    assert Heading.from_musicxml(root) == Heading("A tune", ("Words: C",), ("B", "arr. bachbot"))
    assert Heading.from_musicxml(ElementTree.fromstring("<score-partwise/>")).height == 0


class TestSystemBreaks:
    def test_no_bar_is_left_alone(self) -> None:
        assert break_into_systems([1] * 9, room=4, first=0, later=0) == [3, 6]
        assert break_into_systems([1] * 9, room=8, first=0, later=0) in ([4], [5])

    def test_a_bar_too_wide_has_a_system_of_its_own(self) -> None:
        assert break_into_systems([1, 9, 1], room=4, first=0, later=0) == [1, 2]

    def test_nothing(self) -> None:
        assert break_into_systems([], room=4, first=0, later=0) == []

    @given(st.lists(st.integers(1, 10), min_size=1, max_size=40), st.integers(12, 40))
    def test_every_system_fits_and_none_is_too_many(self, widths: list[int], room: int) -> None:
        starts = [0, *break_into_systems(widths, room, first=2, later=1), len(widths)]
        assert starts == sorted(set(starts))
        for begin, end in pairwise(starts):
            assert sum(widths[begin:end]) + (1 if begin else 2) <= room
        greedy, used = 1, 2
        for width in widths:
            if used + width > room:
                greedy, used = greedy + 1, 1
            used += width
        assert len(starts) - 1 == greedy


class TestPaths:
    def test_relative_and_absolute_are_the_same(self) -> None:
        absolute = list(parse_path("M10 20L30 20 30 40H10V20Z"))
        assert absolute == list(parse_path("m10 20l20 0 0 20h-20v-20z"))
        assert absolute[-1] == ("Z", ())

    def test_smooth_curves_mirror_the_handle(self) -> None:
        assert list(parse_path("M0 0C0 1 1 2 2 2S4 1 4 0")) == [
            ("M", (0.0, 0.0)),
            ("C", (0.0, 1.0, 1.0, 2.0, 2.0, 2.0)),
            ("C", (3.0, 2.0, 4.0, 1.0, 4.0, 0.0)),
        ]

    def test_a_quadratic_is_raised_to_a_cubic(self) -> None:
        kind, points = list(parse_path("M0 0Q3 3 6 0"))[1]
        assert kind == "C"
        assert points == pytest.approx((2, 2, 4, 2, 6, 0))

    def test_numbers_without_spaces(self) -> None:
        assert list(parse_path("M.5-.5l1e1-1"))[1] == ("L", (10.5, -1.5))

    def test_transforms(self) -> None:
        found = list(parse_transforms("translate(3, 4) scale(2) rotate(90, 1, 1)"))
        assert found[:2] == [(1, 0, 0, 1, 3, 4), (2, 0, 0, 2, 0, 0)]
        a, b, c, d, e, f = found[2]
        turned = (a * 2 + c * 1 + e, b * 2 + d * 1 + f)  # the point (2, 1) about (1, 1)
        assert turned == pytest.approx((1, 2))
