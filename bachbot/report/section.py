"""A section of the report, and the checkpoint that it measures, made ready."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.decoding import DecodingOptions, Penalties, fill_request
from bachbot.encoding import encode
from bachbot.evaluation import generated as sets
from bachbot.evaluation.generated import harmonize_pieces
from bachbot.evaluation.harmonization import MASKS
from bachbot.report.blocks import Block
from bachbot.report.context import Advance, Asked, Context
from bachbot.report.subject import Subject
from bachbot.runtime import Model, build_model

Filler = Literal["greedy", "beam"]

FILLERS: Mapping[Filler, DecodingOptions] = {
    "greedy": DecodingOptions("greedy", penalties=Penalties()),
    "beam": DecodingOptions("beam", penalties=Penalties()),
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

    def harmonized(self) -> list[Chorale]:
        """Alto, tenor and bass under the pieces' sopranos, as `bachbot harmonize` writes them."""
        return self._decoded(
            "harmonized", lambda advance: sets.harmonized(self.model, self.context.pieces,
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
            works = [fill_request(piece, given) for piece in self.context.pieces]
            return harmonize_pieces(self.model, works, FILLERS[filler], progress=advance)

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


Results = Mapping[str, Any]
"""What was computed, as plain data, by the checkpoint's name."""


def _whole(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Section:
    """One measure of every checkpoint.

    Parameters
    ----------
    name : str
        How it is asked for on the command line, and its key in ``report.json``.
    title : str
        Its heading.
    compute : callable
        Measures one checkpoint and gives plain data, without NaN.
    blocks : callable
        Shows what was computed, from that plain data alone.
    lasting : bool
        Whether what was computed is kept; if not, it takes no time and is computed each time.
    peers : bool
        Whether it hangs on the other chorales that the report stands beside.
    public : callable
        Of what was computed, what goes into ``report.json``: all, unless it would spell out
        music that may not be passed on.
    version : int
        Raised where what is computed changes while the measures beneath stay as they are.
    """

    name: str
    title: str
    compute: Callable[[Bench, Advance], Any]
    blocks: Callable[[Results, Asked], Sequence[Block]]
    lasting: bool = True
    peers: bool = False
    public: Callable[[Any], Any] = _whole
    version: int = 1
