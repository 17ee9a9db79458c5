"""The example tunes are what their README says, and no chorale of Bach's."""

import io
import itertools
import re
import zipfile
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from music21 import converter, corpus, key, meter, note, stream

from bachbot.chorale import Voice

EXAMPLES = Path(__file__).parents[2] / "corpus" / "examples"

# file: tonic and mode, meter, pickup in quarters, written notes, struck notes, lowest, highest
TUNES = {
    "twinkle.musicxml": ("G major", "4/4", 0, 42, 42, "G4", "E5"),
    "amazing-grace.musicxml": ("A- major", "3/4", 1, 34, 32, "E-4", "E-5"),
    "silent-night.musicxml": ("C major", "6/8", 0, 46, 46, "C4", "F5"),
    "greensleeves.mxl": ("g minor", "6/8", Fraction(1, 2), 71, 70, "D4", "F5"),
    "god-rest-ye-merry.abc": ("e minor", "4/4", 1, 67, 67, "D4", "E5"),
    "away-in-a-manger.abc": ("B- major", "3/4", 1, 44, 44, "F4", "F5"),
    "auld-lang-syne.mid": ("F major", "4/4", 0, 56, 56, "C4", "D5"),
    "good-king-wenceslas.mid": ("G major", "4/4", 0, 53, 53, "D4", "D5"),
    "ode-to-joy.krn": ("A major", "4/4", 0, 63, 62, "E4", "E5"),
}
SYLLABLES = {
    "twinkle.musicxml": 42,
    "amazing-grace.musicxml": 28,
    "silent-night.musicxml": 41,
}
FIRST_PHRASE = 7
"""Intervals: the eight notes of the first line of many a hymn."""


@pytest.fixture(scope="module", params=TUNES)
def tune(request: pytest.FixtureRequest) -> tuple[str, stream.Score]:
    return request.param, converter.parse(EXAMPLES / request.param, forceSource=True)


def _notes(score: stream.Score) -> list[note.Note]:
    return list(score.parts[0].recurse().notes)


def _struck(score: stream.Score) -> list[int]:
    return [n.pitch.midi for n in _notes(score) if n.tie is None or n.tie.type == "start"]


def _intervals(pitches: list[int]) -> tuple[int, ...]:
    return tuple(b - a for a, b in itertools.pairwise(pitches))


def test_every_file_is_expected_and_described() -> None:
    files = {p.name for p in EXAMPLES.iterdir()} - {"README.md"}
    assert files == set(TUNES)
    described = set(re.findall(r"\]\(([^)]+)\)", (EXAMPLES / "README.md").read_text("utf-8")))
    assert described == files


def test_key_meter_notes_and_compass(tune: tuple[str, stream.Score]) -> None:
    name, score = tune
    tonic, ratio, pickup, written, struck, lowest, highest = TUNES[name]
    assert len(score.parts) == 1
    found = score.recurse().getElementsByClass(key.Key)
    assert str(found[0]) == tonic
    assert score.recurse().getElementsByClass(meter.TimeSignature)[0].ratioString == ratio
    notes = _notes(score)
    assert (len(notes), len(_struck(score))) == (written, struck)
    pitches = sorted((n.pitch for n in notes), key=lambda p: p.midi)
    assert (pitches[0].nameWithOctave, pitches[-1].nameWithOctave) == (lowest, highest)
    low, high = Voice.SOPRANO.range
    assert low <= pitches[0].midi <= pitches[-1].midi <= high
    first = score.parts[0].getElementsByClass(stream.Measure)[0]
    bar = first.barDuration.quarterLength
    assert first.duration.quarterLength % bar == pickup


def test_bars_are_full(tune: tuple[str, stream.Score]) -> None:
    name, score = tune
    pickup = TUNES[name][2]
    bars = list(score.parts[0].getElementsByClass(stream.Measure))
    full = bars[0].barDuration.quarterLength
    inner = bars[1:-1] if pickup else bars
    assert [b.duration.quarterLength for b in inner] == [full] * len(inner)
    if pickup:  # the last bar leaves room for the pickup of the next verse
        assert bars[-1].duration.quarterLength == full - pickup


@pytest.mark.parametrize("name", SYLLABLES)
def test_syllables_fall_on_struck_notes_and_close_their_words(name: str) -> None:
    score = converter.parse(EXAMPLES / name, forceSource=True)
    sung = [n for n in _notes(score) if n.lyrics]
    assert len(sung) == SYLLABLES[name]
    assert all(n.tie is None or n.tie.type == "start" for n in sung)
    inside = False
    for syllabic in (n.lyrics[0].syllabic for n in sung):
        assert (syllabic in ("middle", "end")) == inside
        inside = syllabic in ("begin", "middle")
    assert not inside


def test_a_title_and_an_author_are_named() -> None:
    for name in TUNES:
        if name.endswith(".mid"):
            continue  # music21 reads none from MIDI
        metadata = converter.parse(EXAMPLES / name, forceSource=True).metadata
        assert metadata.title, name
        assert metadata.composer, name


@pytest.fixture(scope="module")
def chorale_intervals() -> dict[str, tuple[int, ...]]:
    """Intervals of the first part of every Bach score in music21's corpus."""
    paths = [Path(p) for p in corpus.getComposer("bach")]
    # A .rntxt file is an analysis, not a score.
    return {str(p): _intervals(_first_part(p)) for p in paths if p.suffix != ".rntxt"}


def _first_part(path: Path) -> list[int]:
    """Struck pitches of the first part that holds any; MusicXML read without music21 for speed."""
    if path.suffix not in (".mxl", ".xml", ".musicxml"):
        return _struck(corpus.parse(path))
    raw = path.read_bytes()
    if path.suffix == ".mxl":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            inner = [n for n in archive.namelist() if n.endswith("xml") and "META" not in n]
            raw = archive.read(inner[0])
    steps = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
    part = ElementTree.fromstring(raw).find("part")
    pitches = []
    for element in part.iter("note"):
        tied = {t.get("type") for t in element.iter("tie")}
        pitch = element.find("pitch")
        if pitch is not None and "stop" not in tied:
            alter = int(float(pitch.findtext("alter", "0")))
            octave = int(pitch.findtext("octave"))
            pitches.append(12 * octave + 12 + steps[pitch.findtext("step")] + alter)
    return pitches


@pytest.mark.slow
def test_no_tune_begins_like_a_chorale(
    tune: tuple[str, stream.Score], chorale_intervals: dict[str, tuple[int, ...]]
) -> None:
    name, score = tune
    opening = _intervals(_struck(score))[:FIRST_PHRASE]
    alike = [p for p, found in chorale_intervals.items() if found[: len(opening)] == opening]
    assert not alike, f"{name} begins like {alike}"


@pytest.mark.slow
def test_the_comparison_would_find_a_chorale(
    chorale_intervals: dict[str, tuple[int, ...]],
) -> None:
    assert len(chorale_intervals) > 400
    assert sum(len(i) > FIRST_PHRASE for i in chorale_intervals.values()) > 400
    chorale = corpus.parse("bach/bwv269")
    opening = _intervals(_struck(chorale))[:FIRST_PHRASE]
    alike = [p for p, found in chorale_intervals.items() if found[: len(opening)] == opening]
    assert any("bwv269" in p for p in alike)
