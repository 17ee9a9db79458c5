"""What the golden test asks for, and how the answers become digests."""

import hashlib
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from golden_adapter import (
    EXAMPLES,
    Case,
    Note,
    Written,
    by_command,
    by_library,
    explained,
    validation_pieces,
)

GOLDEN = Path(__file__).with_name("golden.json")

TUNES = (
    "amazing-grace.musicxml",
    "auld-lang-syne.mid",
    "away-in-a-manger.abc",
    "god-rest-ye-merry.abc",
    "good-king-wenceslas.mid",
    "greensleeves.mxl",
    "ode-to-joy.krn",
    "silent-night.musicxml",
    "twinkle.musicxml",
)
"""The nine examples."""

PIECES = 10
"""How many pieces of the validation part are harmonized."""

DEFAULTS = tuple(Case(f"harmonize {Path(tune).stem}", tune) for tune in TUNES)
"""Every example, with the default network and options."""

VARIANTS = (
    Case("paper god-rest-ye-merry", "god-rest-ye-merry.abc", checkpoint="paper"),
    Case("paper silent-night", "silent-night.musicxml", checkpoint="paper"),
    Case("paper twinkle", "twinkle.musicxml", checkpoint="paper"),
    Case("bars 5-8 of twinkle", "harmonize twinkle", rewritten_bars="5-8"),
    Case("bass of god-rest-ye-merry", "harmonize god-rest-ye-merry", given="bass"),
    Case("three of amazing-grace", "amazing-grace.musicxml", number=3),
    Case("sampled away-in-a-manger", "away-in-a-manger.abc", method="sample", seed=1),
    Case("greedy ode-to-joy", "ode-to-joy.krn", method="greedy", suffix=".mid"),
    Case("compose G major 4/4", key="G", meter="4/4", length=8, seed=1),
    Case("compose F# minor 3/4", key="F# minor", meter="3/4", seed=2, suffix=".mid"),
    Case("compose D minor 6/8", key="D minor", meter="6/8", length=8, seed=3),
)
"""The other ways to ask."""

CASES = {case.name: case for case in (*DEFAULTS, *VARIANTS)}

EXPLAINED = "explain silent-night"
_EXPLAINED_CASE = "harmonize silent-night"


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_of_notes(voices: Sequence[Sequence[Note]]) -> str:
    """SHA-256 of the notes: one line a voice from the top down, ``start length pitch;`` a note.

    Start and length are fractions of a quarter note in lowest terms, the pitch is MIDI's.
    """
    lines = (
        "".join(f"{start} {length} {midi};" for start, length, midi in voice) for voice in voices
    )
    return digest("\n".join(lines).encode("ascii"))


def notes_in(path: Path) -> list[list[Note]]:
    """The notes of each part of a MusicXML file, read with music21, tied notes joined."""
    from music21 import converter

    score = converter.parse(path, format="musicxml", forceSource=True)
    return [_joined(part) for part in score.parts]


def _joined(part: object) -> list[Note]:
    sounding: list[Note] = []
    held: dict[int, int] = {}  # index of the note that a tie leads on from, by pitch
    for element in part.flatten().notes:
        start, length = Fraction(element.offset), Fraction(element.duration.quarterLength)
        for note in getattr(element, "notes", [element]):
            midi, tie = note.pitch.midi, note.tie.type if note.tie else ""
            if tie in ("stop", "continue") and midi in held:
                index = held[midi]
                first, before, _ = sounding[index]
                if first + before != start:
                    raise ValueError(f"a tie to {midi} at {start} leads on from nothing")
                sounding[index] = (first, before + length, midi)
            else:
                index = len(sounding)
                sounding.append((start, length, midi))
            held.pop(midi, None)
            if tie in ("start", "continue"):
                held[midi] = index
    return sounding


def digest_of_musicxml(path: Path) -> str:
    """SHA-256 of a MusicXML file without ``<encoding>``, which may name a date and a version."""
    return digest(re.sub(rb"\s*<encoding>.*?</encoding>", b"", path.read_bytes(), flags=re.DOTALL))


class Runner:
    """Runs cases and keeps what they write.

    Parameters
    ----------
    folder : Path
        An empty folder for files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[str, list[Path]] = {}
        self._entries: dict[str, list[dict[str, object]]] = {}

    def source(self, case: Case) -> Path | None:
        """The score that a case harmonizes; none if it composes."""
        if not case.tune:
            return None
        if case.tune in CASES:
            self.entry(case.tune)
            return self._paths[case.tune][0]
        return EXAMPLES / case.tune

    def entry(self, name: str) -> list[dict[str, object]]:
        """What golden.json says of a case: one object a result, best first."""
        if name not in self._entries:
            case = CASES[name]
            found = by_library(case, self.source(case))
            stem = self._folder / name.replace(" ", "-").replace("/", "-").replace("#", "s")
            paths = [stem.with_name(f"{stem.name}-{i}.musicxml") for i in range(len(found))]
            self._paths[name] = paths
            self._entries[name] = [
                _entry(one, path) for one, path in zip(found, paths, strict=True)
            ]
        return self._entries[name]

    def command_digests(self, name: str, folder: Path) -> list[str]:
        """Digests of the files that the command line writes for a case."""
        case = CASES[name]
        paths = by_command(case, self.source(case), folder)
        return [digest_of_file(path) for path in paths]

    def explanation(self) -> str:
        """Digest of what ``explain`` says of one result."""
        self.entry(_EXPLAINED_CASE)
        said = explained(self._paths[_EXPLAINED_CASE][0])
        return digest(json.dumps(said, sort_keys=True, ensure_ascii=True).encode())


def digest_of_file(path: Path) -> str:
    """Digest of a MusicXML or MIDI file, as golden.json has it."""
    return digest_of_musicxml(path) if path.suffix == ".musicxml" else digest(path.read_bytes())


def _entry(one: Written, path: Path) -> dict[str, object]:
    one.save(path)
    midi = path.with_suffix(".mid")
    one.save(midi)
    return {
        "log_probability": round(one.log_probability, 3),
        "penalty": round(one.penalty, 3),
        "notes": digest_of_notes(notes_in(path)),
        "musicxml": digest_of_file(path),
        "midi": digest_of_file(midi),
    }


def corpus_entries(corpus: Path) -> dict[str, dict[str, object]]:
    """What golden.json says of the pieces of the corpus, by name."""
    return {
        piece.name: {
            "log_probability": round(piece.log_probability, 3),
            "penalty": round(piece.penalty, 3),
            "given": digest_of_notes(piece.given),
            "notes": digest_of_notes(piece.notes),
        }
        for piece in validation_pieces(corpus, PIECES)
    }
