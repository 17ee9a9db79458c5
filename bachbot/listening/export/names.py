"""What keeps a test blind: names and sides of clips, drawn from the system's secure generator.

Nothing here takes a seed. From a seed that somebody guesses, the names would tell the answers.
"""

import secrets

_NAME_BYTES = 6


class NameGenerator:
    """Draws the names of trials and clips, no name twice."""

    def __init__(self) -> None:
        self._drawn: set[str] = set()

    def name(self) -> str:
        """A new name: twelve hexadecimal digits."""
        while (drawn := secrets.token_hex(_NAME_BYTES)) in self._drawn:
            pass
        self._drawn.add(drawn)
        return drawn


def bach_first() -> bool:
    """Whether Bach's clip is the first of a trial, at random."""
    return bool(secrets.randbits(1))
