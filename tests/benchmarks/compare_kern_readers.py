"""What libraries that read Humdrum kern keep of it, beside the reader of this package.

Usage: ``python tests/benchmarks/compare_kern_readers.py``, in an environment with bachbot's base
requirements and ``pip install converter21 verovio partitura``. Each library reads each file in a
process of its own, since some files end the process. It prints a Markdown table: what was kept,
CPU seconds of the import and of 2,000 notes without bar lines, size, and how many of 200 damaged
files ended the process.
"""

import importlib.util
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

LIBRARIES = ("music21", "converter21", "partitura", "verovio", "bachbot")
SHORT = ["**kern", "*M4/4", "4d", "=1", "4g", "4a", "4b", "4cc", "=2", "4b", "4a", "4g", "=:|!|:",
         "4g", "=3", "4a", "4b", "4a", "4f", "=4", "2.g", "==", "*-"]  # fmt: skip
WORDS = ["**kern\t**text\t**silbe", "*M4/4\t*\t*", "=1\t=1\t=1", "2c\tA-\tLo-", "2d\t-men\t-be",
         "=2\t=2\t=2", "1e\tso\tden", "==\t==\t==", "*-\t*-\t*-"]  # fmt: skip
BESIDE = ["**kern\t**harm\t**dynam", "*M4/4\t*\t*", "=1\t=1\t=1", "2c\tI\tp", "2r\tr\t.",
          "=2\t=2\t=2", "1d\tV7\tf", "==\t==\t==", "*-\t*-\t*-"]  # fmt: skip
SPLIT = ["**kern\t**kern", "*M4/4\t*M4/4", "=1\t=1", "4C\t4c", "*\t*^", "4D\t4d\t4B", "4E\t4e\t4c",
         "*\t*v\t*v", "4F\t4f", "==\t==", "*-\t*-"]  # fmt: skip
LONG = ["**kern", "*M4/4", "4c", "=", "4%3e", "4f", "==", "*-"]
TWO = ["**kern", "=1", "1c", "==", "*-", "**kern", "=1", "1d", "==", "*-"]
CASES = {"short bars": SHORT, "words of two verses": WORDS, "spines beside": BESIDE,
         "a staff that splits": SPLIT, "a length of 4%3": LONG, "two pieces": TWO}  # fmt: skip
RIGHT = {
    "short bars": "bars 1 4 3 1 4 3",
    "words of two verses": "words A men so Lo be den",
    "spines beside": "notes C4 D4",
    "a staff that splits": "notes C4 D4 E4 F4 B3 C4 C3 D3 E3 F3",
    "a length of 4%3": "bars 1 4",
    "two pieces": "notes C4",
}
"""What is right: a word that says what is looked at, and its value."""


def musicxml_of(library, path):
    """Read a file by a library, as MusicXML."""
    text = Path(path).read_text()
    if library == "bachbot":
        from bachbot.scores.readers.kern.kern_reader import kern_tree

        return kern_tree(text.encode())[0]
    if library == "partitura":
        import partitura

        with tempfile.NamedTemporaryFile(suffix=".musicxml") as file:
            partitura.save_musicxml(partitura.load_kern(path), file.name)
            return ElementTree.parse(file.name).getroot()
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    if library == "converter21":
        from converter21.humdrum import HumdrumFile

        file = HumdrumFile()
        file.readString(text)
        stream = file.createMusic21Stream()
    else:
        from music21.converter.subConverters import ConverterHumdrum

        converter = ConverterHumdrum()
        converter.parseData(text)
        stream = converter.stream
    return ElementTree.fromstring(GeneralObjectExporter(stream).parse())


def seen_in_musicxml(root, what):
    """Bar lengths of the first part, all notes, or all words by verses."""
    if what == "words":
        found = [(y.get("number") or "1", y.findtext("text")) for y in root.iter("lyric")]
        return " ".join(text for _, text in sorted(found, key=lambda pair: pair[0]))
    if what == "notes":
        pitches = root.iter("pitch")
        return " ".join(p.findtext("step") + p.findtext("octave") for p in pitches)
    part = root.find("part")
    divisions = int(part.findtext(".//divisions"))
    bars = [sum(int(d.text) for d in m.iterfind("note/duration")) for m in part.iter("measure")]
    return " ".join(f"{bar / divisions:g}" for bar in bars if bar)


def seen_by_verovio(path, what):
    """The same in the MEI that verovio writes."""
    import verovio

    toolkit = verovio.toolkit()
    toolkit.setInputFrom("humdrum")
    toolkit.loadData(Path(path).read_text())
    root = ElementTree.fromstring(toolkit.getMEI({}))
    mei = "{http://www.music-encoding.org/ns/mei}"
    if what == "words":
        verses = [(v.get("n"), v.findtext(f"{mei}syl").strip()) for v in root.iter(f"{mei}verse")]
        return " ".join(text for _, text in sorted(verses, key=lambda pair: pair[0]))
    if what == "notes":
        return " ".join(n.get("pname").upper() + n.get("oct") for n in root.iter(f"{mei}note"))
    bars = []
    for measure in root.iter(f"{mei}measure"):
        total = 0.0
        for parent in measure.iter():
            ratio = int(parent.get("numbase", 1)) / int(parent.get("num", 1))
            for note in parent:
                if note.tag in (f"{mei}note", f"{mei}rest"):
                    dots = int(note.get("dots", 0))
                    total += ratio * 4 / int(note.get("dur")) * (2 - 0.5**dots)
        bars.append(f"{total:g}")
    return " ".join(bar for bar in bars if bar != "0")


def seen(library, path, what):
    """What a library keeps of a file."""
    if library == "verovio":
        return seen_by_verovio(path, what)
    return seen_in_musicxml(musicxml_of(library, path), what)


def run(code, *arguments, seconds=60):
    """Run code in a process: its output, exit status and CPU seconds; None if it takes too long."""
    program = (
        f"import sys, time, warnings\nwarnings.simplefilter('ignore')\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\nimport compare_kern_readers as c\n"
        f"start = time.process_time()\n{code}\n"
        "print(f'\\nseconds {time.process_time() - start:.2f}')"
    )
    command = [sys.executable, "-c", program, *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout, done.returncode


def seconds_of(result, limit):
    """CPU seconds that a process printed."""
    if result is None:
        return f"over {limit}"
    return result[0].rpartition("seconds ")[2].strip() or "ended"


def damaged(count):
    """Files with a few characters changed."""
    generator = random.Random(1)
    for _ in range(count):
        text = list("\n".join(generator.choice(list(CASES.values()))))
        for _ in range(generator.randint(1, 6)):
            at = generator.randrange(len(text))
            if generator.random() < 0.5:
                text[at] = generator.choice("\t\n*^v-=:|!.4c%[]_()+x0123456789 ")
            else:
                del text[at : at + generator.randint(1, 12)]
        yield "".join(text)


def main():
    """Print the table."""
    folder = Path(tempfile.mkdtemp())
    rows = [["", *LIBRARIES]]
    for name, lines in CASES.items():
        path = folder / "case.krn"
        path.write_text("\n".join(lines) + "\n")
        what, _, right = RIGHT[name].partition(" ")
        row = [name]
        for library in LIBRARIES:
            result = run("print('seen', c.seen(*sys.argv[1:]))", library, path, what)
            found = [x for x in (result or ("", 1))[0].splitlines() if x.startswith("seen")]
            kept = found[0][5:] if found else "an error"
            row.append("kept" if kept == right else kept or "lost")
        rows.append(row)
    long = folder / "long.krn"
    long.write_text("\n".join(["**kern", *["4c", "4d"] * 1000, "*-"]))
    rows.append(
        ["2,000 notes without bar lines, seconds"]
        + [seconds_of(run("c.seen(*sys.argv[1:])", x, long, "notes"), 60) for x in LIBRARIES]
    )
    code = {"bachbot": "import bachbot.scores.readers.kern.kern_reader"}
    rows.append(
        ["import, seconds"] + [seconds_of(run(code.get(x, f"import {x}")), 60) for x in LIBRARIES]
    )
    rows.append(["size, MB", *(size(x) for x in LIBRARIES)])
    row = ["damaged files of 200 that end the process"]
    files = list(damaged(200))
    for library in LIBRARIES:
        row.append(str(ended(library, files, folder)))
    rows.append(row)
    for number, row in enumerate(rows):
        sys.stdout.write(f"| {' | '.join(row)} |\n")
        if not number:
            sys.stdout.write("|---" * len(row) + "|\n")


def ended(library, files, folder):
    """How many files end the process that reads them."""
    code = (
        "for path in sys.argv[2:]:\n print('reading', flush=True)\n"
        " try:\n  c.seen(sys.argv[1], path, 'notes')\n except Exception:\n  pass"
    )
    paths = []
    for number, text in enumerate(files):
        path = folder / f"{number}.krn"
        path.write_text(text)
        paths.append(path)
    count = 0
    while paths:
        result = run(code, library, *paths, seconds=1200)
        read = len(paths) if result is None else result[0].count("reading")
        count += result is None or result[1] < 0
        paths = paths[read:]
    return count


def size(library):
    """Size of a package, in MB."""
    if library == "bachbot":
        return "in the package"
    folder = Path(importlib.util.find_spec(library).origin).parent
    return f"{sum(f.stat().st_size for f in folder.rglob('*') if f.is_file()) / 1e6:.0f}"


if __name__ == "__main__":
    main()
