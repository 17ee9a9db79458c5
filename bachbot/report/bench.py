"""A checkpoint laid out to be measured, and the sets that it writes."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.decoding import Charges, DecodingOptions
from bachbot.encoding import encode
from bachbot.evaluation import sets
from bachbot.evaluation.decoded import commissioned, harmonise_all
from bachbot.evaluation.harmonisation import MASKS
from bachbot.report.context import Advance, Context
from bachbot.report.subject import Subject
from bachbot.runtime import Model, build_model

Filler = Literal["greedy", "beam"]

FILLERS: Mapping[Filler, DecodingOptions] = {
    "greedy": DecodingOptions("greedy", charges=Charges()),
    "beam": DecodingOptions("beam", charges=Charges()),
}
"""How masked voices are filled: part-writing is not charged, so that the model alone is judged."""


@dataclass(frozen=True, eq=False)
class Bench:
    """A checkpoint laid out to be measured.

    Parameters
    ----------
    context : Context
        What all checkpoints share.
    subject : Subject
        The checkpoint.
    """

    context: Context
    subject: Subject

    @cached_property
    def model(self) -> Model:
        """The model, stepped in float32."""
        return build_model(self.subject.checkpoint)

    def check(self) -> None:
        """See that the model can read every piece before any work is done for it.

        Raises
        ------
        EncodingError
            If a pitch is outside the model's vocabulary.
        """
        for piece in self.context.pieces:
            encode(piece, self.subject.checkpoint.vocabulary)

    def harmonised(self) -> list[Chorale]:
        """Alto, tenor and bass under the pieces' sopranos, as `bachbot harmonize` writes them."""
        return self._decoded(
            "harmonised", lambda advance: sets.harmonised(self.model, self.context.pieces,
                                                          progress=advance)
        )  # fmt: skip

    def composed(self) -> list[Chorale]:
        """A new piece beside each of the pieces, as `bachbot compose` draws them."""
        # A draw must not hang on the last bit of a sum.
        exact = build_model(self.subject.checkpoint, dtype="float64")
        return self._decoded(
            "composed", lambda advance: sets.composed(exact, self.context.pieces, progress=advance)
        )

    def filled(self, mask: str, filler: Filler) -> list[Chorale]:
        """The pieces with the voices of a mask (`MASKS`) written anew."""
        given = [voice for voice in VOICES if voice not in MASKS[mask]]

        def decode(advance: Advance) -> Sequence[Chorale]:
            works = [commissioned(piece, given) for piece in self.context.pieces]
            return harmonise_all(self.model, works, FILLERS[filler], progress=advance)

        return self._decoded(f"{mask} filled by {filler}", decode)

    def _decoded(self, what: str, decode: Callable[[Advance], Sequence[Chorale]]) -> list[Chorale]:
        kept = self.context.kept(what, lambda a: _packed(decode(a)), subject=self.subject)
        return _unpacked(kept.content)


def missing(mask: str) -> tuple[Voice, ...]:
    """The voices of a mask."""
    return MASKS[mask]


def _packed(chorales: Sequence[Chorale]) -> bytes:
    """Chorales as the content of an ``.npz`` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.npz"
        PreparedCorpus(tuple(Piece(c, c.key, "", {}) for c in chorales)).save(path)
        return path.read_bytes()


def _unpacked(content: bytes) -> list[Chorale]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.npz"
        path.write_bytes(content)
        return [piece.chorale for piece in PreparedCorpus.load(path).pieces]
