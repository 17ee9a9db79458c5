"""Instruments to play a score on: bundled with bachbot, or from the user's own soundfont."""

import re
from dataclasses import dataclass
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.scores.sound.soundfont import presets, read_soundfont, unplayable

PROGRAMS = {"organ": 19, "choir": 52, "strings": 48, "piano": 0}
"""Bundled instruments and their General MIDI programs, counted from 0."""

_BUNDLED = Path(__file__).parent / "instruments.sf3"


@dataclass(frozen=True)
class SoundPreset:
    """A preset of a soundfont.

    Parameters
    ----------
    path : Path
        A readable soundfont.
    bank, program : int
        One of its presets.
    bundled : bool
        Whether the soundfont is the one that bachbot ships.
    """

    path: Path
    bank: int
    program: int
    bundled: bool

    @classmethod
    def parse(cls, text: str) -> "SoundPreset":
        """Parse ``organ``, ``choir``, ``strings``, ``piano``, ``FILE.sf2`` or ``FILE.sf2:PROGRAM``.

        Without a program, the church organ (19) is used, or the first preset if there is none.

        Raises
        ------
        UsageError
            If the text is none of these, or the file is not a soundfont or lacks the program.
        """
        if text in PROGRAMS:
            return cls(_BUNDLED, 0, PROGRAMS[text], bundled=True)
        match = re.fullmatch(r"(.+\.sf[23])(?::(\d{1,3}))?", text, re.IGNORECASE)
        if match is None:
            raise UsageError(
                f"'{text}' is not a sound: use {', '.join(PROGRAMS)}, FILE.sf2, FILE.sf3 or "
                "FILE.sf2:PROGRAM"
            )
        path = Path(match[1])
        available = list(presets(read_soundfont(path)))
        if not available:
            raise unplayable(path, "it has no presets")
        if match[2] is None:
            bank, program = (0, 19) if (0, 19) in available else available[0]
        else:
            bank, program = 0, int(match[2])
            if (bank, program) not in available:
                raise UsageError(
                    f"{path} has no program {program}: use one of "
                    f"{_list_programs(sorted(p for b, p in available if b == 0))}, counted from 0"
                )
        return cls(path, bank, program, bundled=False)


def _list_programs(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:20]))
    return f"{shown}, ..." if len(numbers) > 20 else shown
