"""A section of the report, what it is made of, and the checkpoint that it measures."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from bachbot.chorale import VOICES, Chorale
from bachbot.corpus.store import Piece, PreparedCorpus
from bachbot.decoding import DecodingOptions, Penalties, fill_request
from bachbot.encoding import encode
from bachbot.evaluation import generated as sets
from bachbot.evaluation.generated import harmonize_pieces
from bachbot.evaluation.harmonization import MASKS
from bachbot.report.context import Advance, Context, Request, Subject
from bachbot.report.figures import Figure
from bachbot.runtime import Model, build_decoding_model, build_model
from bachbot.tables import Table


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text.

    Parameters
    ----------
    text : str
        What it says.
    error : bool
        Whether it says that something could not be measured.
    """

    text: str
    error: bool = False


Block = Paragraph | Table | Figure

Filler = Literal["greedy", "beam"]

FILLERS: Mapping[Filler, DecodingOptions] = {
    "greedy": DecodingOptions("greedy", penalties=Penalties()),
    "beam": DecodingOptions("beam", beam=10, penalties=Penalties()),
}
"""How masked voices are filled: without penalties, so that only the model is measured."""


@dataclass(frozen=True, eq=False)
class Bench:
    """A checkpoint ready to be measured.

    Parameters
    ----------
    context : Context
        What the measurements of all checkpoints share.
    subject : Subject
        The checkpoint.
    """

    context: Context
    subject: Subject

    @cached_property
    def model(self) -> Model:
        """The model in float32."""
        return build_model(self.subject.checkpoint)

    @cached_property
    def decoding_model(self) -> Model:
        """What beam search runs."""
        return build_decoding_model(self.subject.checkpoint)

    def check(self) -> None:
        """Check that the model can read every piece before any work is done.

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
            "harmonized", lambda advance: sets.harmonized(
                self.decoding_model, self.context.pieces, progress=advance
            )
        )  # fmt: skip

    def composed(self) -> list[Chorale]:
        """A new piece for each of the pieces, as `bachbot compose` writes them."""
        exact = build_decoding_model(self.subject.checkpoint, "sample")
        return self._decoded(
            "composed", lambda advance: sets.composed(
                exact, self.context.pieces, search=self.decoding_model, progress=advance
            )
        )  # fmt: skip

    def filled(self, mask: str, filler: Filler) -> list[Chorale]:
        """The pieces with the voices of a mask (`MASKS`) written again."""
        given = [voice for voice in VOICES if voice not in MASKS[mask]]

        def decode(advance: Advance) -> Sequence[Chorale]:
            requests = [fill_request(piece, given) for piece in self.context.pieces]
            return harmonize_pieces(
                self.decoding_model, requests, FILLERS[filler], progress=advance
            )

        return self._decoded(f"{mask} filled by {filler}", decode)

    def _decoded(self, what: str, decode: Callable[[Advance], Sequence[Chorale]]) -> list[Chorale]:
        kept = self.context.cached(what, lambda a: _packed(decode(a)), subject=self.subject)
        return _unpacked(kept.content)


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
"""What was computed, as plain data, by the name of the checkpoint."""


def _whole(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Section:
    """One measurement of every checkpoint.

    Parameters
    ----------
    name : str
        Its name on the command line, and its key in ``report.json``.
    title : str
        Its heading.
    compute : callable
        Measures one checkpoint and returns plain data, without NaN.
    blocks : callable
        Presents what was computed, from that plain data alone.
    cached : bool
        Whether the result is cached; if not, it takes no time and is computed each time.
    peers : bool
        Whether the result depends on the chorales of others that the report compares with.
    public : callable
        The part of the result that goes into ``report.json``: all, unless it would contain music
        that may not be passed on.
    version : int
        Raised when what is computed changes while the measures themselves stay as they are.
    """

    name: str
    title: str
    compute: Callable[[Bench, Advance], Any]
    blocks: Callable[[Results, Request], Sequence[Block]]
    cached: bool = True
    peers: bool = False
    public: Callable[[Any], Any] = _whole
    version: int = 1
