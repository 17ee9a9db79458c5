"""What a score is played on: an instrument that comes with bachbot, or a soundfont of one's own."""

import re
from dataclasses import dataclass
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.scores.sound.soundfont import presets, read_soundfont, unplayable

PROGRAMS = {"organ": 19, "choir": 52, "strings": 48, "piano": 0}
"""The instruments that come with bachbot, and their programs in General MIDI, counted from 0."""

_SHIPPED = Path(__file__).parent / "instruments.sf3"


@dataclass(frozen=True)
class SoundPreset:
    """What a score is played on.

    Parameters
    ----------
    font : Path
        A soundfont that can be read.
    bank, program : int
        One of its presets.
    shipped : bool
        Whether it comes with bachbot.
    """

    font: Path
    bank: int
    program: int
    shipped: bool

    @classmethod
    def parse(cls, text: str) -> "SoundPreset":
        """Read ``organ``, ``choir``, ``strings``, ``piano`` or ``FILE.sf2``, ``FILE.sf2:PROGRAM``.

        Of a file without a program it is the church organ (19), or what comes first where there is
        none.

        Raises
        ------
        UsageError
            If it is none of these, or the file is no soundfont or does not have the program.
        """
        if text in PROGRAMS:
            return cls(_SHIPPED, 0, PROGRAMS[text], shipped=True)
        match = re.fullmatch(r"(.+\.sf[23])(?::(\d{1,3}))?", text, re.IGNORECASE)
        if match is None:
            raise UsageError(
                f"'{text}' is no sound: give {', '.join(PROGRAMS)}, FILE.sf2, FILE.sf3 or "
                "FILE.sf2:PROGRAM"
            )
        path = Path(match[1])
        held = list(presets(read_soundfont(path)))
        if not held:
            raise unplayable(path, "it holds no instrument")
        if match[2] is None:
            bank, program = (0, 19) if (0, 19) in held else held[0]
        else:
            bank, program = 0, int(match[2])
            if (bank, program) not in held:
                raise UsageError(
                    f"{path} has no program {program}: give one of "
                    f"{_listed(sorted(p for b, p in held if b == 0))}, counted from 0"
                )
        return cls(path, bank, program, shipped=False)


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:20]))
    return f"{shown}, ..." if len(numbers) > 20 else shown
