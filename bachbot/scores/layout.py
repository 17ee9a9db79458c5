"""How a score is laid out and played."""

from dataclasses import dataclass
from typing import Literal

from bachbot.errors import UsageError
from bachbot.scores.sound.instruments import SoundPreset


@dataclass(frozen=True)
class Layout:
    """How a score is laid out and played.

    Parameters
    ----------
    staves : {2, 4}
        Four staves, one a voice, or two with two voices each.
    tempo : float
        Quarter notes a minute, 10 to 400.
    sound : str
        What plays: ``"organ"``, ``"choir"``, ``"strings"``, ``"piano"``, or a soundfont
        ``"FILE.sf2"`` or ``"FILE.sf2:PROGRAM"``, whose tables are read at once.

    Raises
    ------
    UsageError
        If one is none of these.
    """

    staves: Literal[2, 4] = 4
    tempo: float = 72.0
    sound: str = "organ"

    def __post_init__(self) -> None:
        faults = []
        if self.staves not in (2, 4):
            faults.append(f"{self.staves} staves: give 2 or 4")
        if not 10 <= self.tempo <= 400:
            faults.append(f"a tempo of {self.tempo:g}: give 10 to 400 quarter notes a minute")
        try:
            SoundPreset.parse(self.sound)
        except UsageError as error:
            faults.append(str(error))
        if faults:
            raise UsageError("; ".join(faults))

    @property
    def program(self) -> int:
        """Program of the instrument in General MIDI, counted from 0."""
        return SoundPreset.parse(self.sound).program
