"""The four voices, from the top down, and their ranges."""

from enum import IntEnum

from bachbot.errors import UsageError


class Voice(IntEnum):
    """A voice; its number is its column in every ``[T, 4]`` array."""

    SOPRANO = 0
    ALTO = 1
    TENOR = 2
    BASS = 3

    @property
    def label(self) -> str:
        """Name in lower case, as in options and files."""
        return self.name.lower()

    @property
    def range(self) -> tuple[int, int]:
        """Lowest and highest MIDI pitch of this voice in Bach's chorales.

        Measured on the chorales of music21's corpus in their original keys.
        """
        return _RANGE[self]


_RANGE = {
    Voice.SOPRANO: (57, 81),
    Voice.ALTO: (53, 74),
    Voice.TENOR: (48, 69),
    Voice.BASS: (36, 64),
}

VOICES: tuple[Voice, ...] = tuple(Voice)


def parse_voices(text: str) -> tuple[Voice, ...]:
    """Read a list of voices such as ``"soprano,bass"`` or ``"S,B"``.

    Parameters
    ----------
    text : str
        Names or first letters in any case, separated by commas.

    Returns
    -------
    tuple of Voice
        In score order, without repeats.

    Raises
    ------
    UsageError
        If a name is not a voice, or the list is empty.
    """
    by_name = {v.label: v for v in VOICES} | {v.label[0]: v for v in VOICES}
    found = set()
    for word in text.replace(" ", "").split(","):
        voice = by_name.get(word.lower())
        if voice is None:
            raise UsageError(
                f"'{word}' is not a voice: give some of soprano, alto, tenor, bass, "
                "separated by commas"
            )
        found.add(voice)
    return tuple(sorted(found))
