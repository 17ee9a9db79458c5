"""Compare the PDF writer and the soundfont player of bachbot with libraries that do the same.

::

    python tests/benchmarks/compare_libraries.py

Prints a table for svglib (PDF from SVG) and one for tinysoundfont (a soundfont player), on the
files that come with bachbot. A library that is not installed is skipped with one line. svglib
needs ``pip install svglib``; tinysoundfont is installed without its dependency on PortAudio by
``pip install --no-deps tinysoundfont``.
"""

import io
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "scores"), str(ROOT / "tests/scores/sound")]

from cents import cents_off  # noqa: E402
from made_font import sine_font  # noqa: E402

from bachbot.scores import load_score  # noqa: E402
from bachbot.scores.engraving import fonts  # noqa: E402
from bachbot.scores.engraving.engrave import engrave  # noqa: E402
from bachbot.scores.engraving.pdf import pdf_bytes  # noqa: E402
from bachbot.scores.save import musicxml  # noqa: E402
from bachbot.scores.score import Sounding  # noqa: E402
from bachbot.scores.sound.audio import RATE, synthesize  # noqa: E402
from bachbot.scores.sound.instruments import PROGRAMS, SoundPreset  # noqa: E402
from bachbot.scores.sound.sampler import Instrument  # noqa: E402
from bachbot.scores.sound.soundfont import VELOCITY, preset_zones, read_soundfont  # noqa: E402
from bachbot.scores.sound.timing import perform  # noqa: E402

EXAMPLE = ROOT / "corpus" / "examples" / "silent-night.musicxml"
WIDTH = 1588
"""Pixels at which pages are compared: A4 at 192 pixels an inch."""
KEYS = range(40, 82)
"""MIDI keys whose tuning is measured: the range of a choir, E2 to A5."""


def report(line: str) -> None:
    """Print a line."""
    print(line)  # noqa: T201


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the shortest time of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


# Pages


def svglib_bytes(pages: Sequence[str]) -> bytes:
    """Write SVG pages to one PDF with svglib and reportlab."""
    from reportlab.graphics import renderPDF
    from reportlab.pdfgen.canvas import Canvas
    from svglib.fonts import register_font
    from svglib.svglib import svg2rlg

    for path in map(Path, fonts.font_files()[:4]):
        weight = "bold" if "Bol" in path.stem else "normal"
        style = "italic" if "Ita" in path.stem else "normal"
        register_font(fonts.FAMILY, str(path), weight=weight, style=style)
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1)
    for page in pages:
        # svglib takes the first family only.
        one_family = page.replace("Times, 'Times New Roman', ", "")
        drawing = svg2rlg(io.BytesIO(one_family.encode()))
        canvas.setPageSize((drawing.width, drawing.height))
        # svglib draws a nested view box at 3/4 of its size: pixels taken for points.
        drawing.scale(4 / 3, 4 / 3)
        renderPDF.draw(drawing, canvas, 0, -drawing.height / 3)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


class PageFigures(NamedTuple):
    """What is measured of one PDF."""

    seconds: float
    size: int
    correlation: float
    largest_difference: float
    letters: int


def page_figures(write: Callable[[Sequence[str]], bytes], pages: list[str]) -> PageFigures:
    """Measure a PDF writer against resvg's picture of the same page.

    Ink is averaged over blocks of 12 by 12 pixels, so that smoothing of edges counts little.
    """
    import pypdfium2
    import resvg_py
    from PIL import Image

    content = write(pages)
    with pypdfium2.PdfDocument(content) as document:
        wide, _ = document[0].get_size()
        drawn = np.asarray(document[0].render(scale=WIDTH / wide).to_pil().convert("L"), float)
        words = document[0].get_textpage().get_text_range()
    png = resvg_py.svg_to_bytes(
        svg_string=pages[0], background="white", dpi=96, width=WIDTH, skip_system_fonts=True,
        font_files=fonts.font_files(), serif_family=fonts.FAMILY,
    )  # fmt: skip
    wanted = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("L"), float)
    rows = min(len(drawn), len(wanted)) // 12 * 12
    columns = WIDTH // 12 * 12
    ink = [
        (255 - image[:rows, :columns]).reshape(rows // 12, 12, columns // 12, 12).mean((1, 3))
        for image in (drawn, wanted)
    ]
    return PageFigures(
        seconds(lambda: write(pages)),
        len(content),
        float(np.corrcoef(ink[0].ravel(), ink[1].ravel())[0, 1]),
        float(np.abs(ink[0] - ink[1]).max()),
        sum(letter in words for letter in "áěǍ"),
    )


def compare_pages() -> None:
    """Print the figures of both PDF writers."""
    text = musicxml(load_score(EXAMPLE)).replace("Silent Night", "Silent Night á ě Ǎ")
    pages = engrave(text, paged=True)
    report("PDF writer  seconds    bytes  correlation  largest difference (of 255)  letters of 3")
    for name, write in (("bachbot", pdf_bytes), ("svglib", svglib_bytes)):
        f = page_figures(write, pages)
        report(
            f"{name:10}  {f.seconds:7.2f}  {f.size:7}  {f.correlation:11.4f}  "
            f"{f.largest_difference:27.1f}  {f.letters:13}"
        )


# Sound


def even_samples(font: Path, folder: str) -> Path:
    """Copy a soundfont with the padding of its samples counted in.

    tinysoundfont does not skip the byte that pads a chunk of odd length, and then refuses the file.
    """
    content = bytearray(font.read_bytes())
    at = content.index(b"smpl") + 4
    size = int.from_bytes(content[at : at + 4], "little")
    content[at : at + 4] = (size + size % 2).to_bytes(4, "little")
    target = Path(folder) / font.name
    target.write_bytes(content)
    return target


def played_by_bachbot(font: Path, program: int, key: int, length: float) -> np.ndarray:
    """Return one tone of the first sample of a key."""
    tables = read_soundfont(font)
    return Instrument(tables, preset_zones(tables, 0, program), RATE).layers(key, length)[0].tone


def played_by_tinysoundfont(font: Path, program: int, key: int, length: float) -> np.ndarray:
    """Return one tone, left and right added."""
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=RATE)
    synth.program_select(0, synth.sfload(str(font)), 0, program)
    synth.noteon(0, key, VELOCITY)
    samples = np.frombuffer(synth.generate(int(length * RATE)), np.float32)
    return samples.reshape(-1, 2).sum(axis=1)


def piece_by_tinysoundfont(font: Path, program: int, soundings: Sequence[Sounding]) -> None:
    """Play a piece, without room and without leveling."""
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=RATE)
    number = synth.sfload(str(font))
    for voice in range(4):
        synth.program_select(voice, number, 0, program)
    notes = perform(soundings, tempo=72)
    events = sorted([(n.stop, 0, n) for n in notes] + [(n.start, 1, n) for n in notes],
                    key=lambda event: event[:2])  # fmt: skip
    now = 0
    for at, begins, note in events:
        if (frames := round(at * RATE) - now) > 0:
            synth.generate(frames)
            now += frames
        if begins:
            synth.noteon(note.voice, note.pitch, VELOCITY)
        else:
            synth.noteoff(note.voice, note.pitch)


def noise_of_sine(played: Callable[[Path, int, int, float], np.ndarray], font: Path) -> float:
    """Power of what is not the sine in a sine played four semitones up, in dB below the sine."""
    tone = played(font, 19, 73, 3.0)[RATE : 2 * RATE].astype(float)
    time_ = np.arange(len(tone)) / RATE
    frequency = 440 * 2 ** (4 / 12)
    basis = np.stack([f(2 * np.pi * frequency * time_) for f in (np.sin, np.cos)], axis=1)
    fitted = basis @ np.linalg.lstsq(basis, tone, rcond=None)[0]
    return float(10 * np.log10(((tone - fitted) ** 2).mean() / (fitted**2).mean()))


def compare_sound() -> None:
    """Print tuning, time and noise of both players."""
    chords = ((67, 62, 59, 43), (69, 62, 57, 50), (71, 62, 55, 43), (72, 64, 60, 48))
    piece = [
        Sounding(voice, pitch, Fraction(beat), Fraction(1), beat % 16 == 15)
        for beat in range(64)
        for voice, pitch in enumerate(chords[beat % 4])
    ]
    players = (("bachbot", played_by_bachbot), ("tinysoundfont", played_by_tinysoundfont))
    report("\nplayer         instrument  mean |cents|  largest |cents|  seconds for 16 bars")
    with TemporaryDirectory() as folder:
        even = even_samples(SoundPreset.parse("organ").path, folder)
        for (name, played), (sound, program) in product(players, PROGRAMS.items()):
            tones = ((key, played(even, program, key, 2)[RATE // 10 : 2 * RATE]) for key in KEYS)
            off = np.abs([cents_off(tone, key, RATE) for key, tone in tones])
            run = (
                partial(synthesize, piece, tempo=72, sound=sound)
                if name == "bachbot"
                else partial(piece_by_tinysoundfont, even, program, piece)
            )
            figures = f"{off.mean():12.2f}  {off.max():15.2f}  {seconds(run):19.2f}"
            report(f"{name:13}  {sound:10}  {figures}")
        font = sine_font(Path(folder) / "sine.sf2")
        for name, played in players:
            noise = noise_of_sine(played, font)
            report(f"{name}: a sine played 4 semitones up: noise {noise:.1f} dB")


if __name__ == "__main__":
    for library, compare in (("svglib", compare_pages), ("tinysoundfont", compare_sound)):
        if find_spec(library):
            compare()
        else:
            report(f"{library} is not installed: skipped")
