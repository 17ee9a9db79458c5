"""What harmonize, realize and compose say of the pieces that they write."""

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from bachbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bachbot.cli.paths import ScoreOutput
    from bachbot.decoding import DecodingOptions
    from bachbot.engine import DecodingResult
    from bachbot.scores import Layout

_SEEDS = 10**6
"""Seeds are drawn below this, so that they are short to type."""


def drawn_seed(seed: int | None, *, used: bool, needs: str) -> int:
    """The seed that a user gave, or one that is drawn where it matters.

    Parameters
    ----------
    seed : int or None
        What ``--seed`` says.
    used : bool
        Whether the music depends on it.
    needs : str
        The options with which it would, for the message.

    Raises
    ------
    UsageError
        If a seed is given and has no effect.
    """
    if not used and seed is not None:
        raise UsageError(f"--seed has no effect without {needs}: give both or neither")
    if seed is None:
        return secrets.randbelow(_SEEDS) if used else 0
    return seed


def print_result(plain: "Mapping[str, object]", text: str, *, as_json: bool) -> None:
    """Print what a command did: as one JSON object, or in words."""
    typer.echo(json.dumps(plain, ensure_ascii=False, default=str) if as_json else text)


@dataclass(frozen=True)
class Report:
    """Writes the pieces of one command, and says what they are.

    Parameters
    ----------
    as_json : bool
        Whether one JSON object takes the place of the lines.
    verbose : bool
        Whether log-probability and penalties are printed.
    began : float
        When the command began, by `time.perf_counter`.
    """

    as_json: bool
    verbose: bool
    began: float = field(default_factory=time.perf_counter)

    def check(self, target: "ScoreOutput") -> None:
        """Check that the lines have somewhere to go.

        Raises
        ------
        UsageError
            If JSON and a score would both go to standard output.
        """
        if self.as_json and target.is_standard:
            raise UsageError(
                "--json and the score would both go to standard output: write the score to a file "
                "with -o"
            )

    def write(
        self,
        target: "ScoreOutput",
        found: "Sequence[DecodingResult]",
        layout: "Layout",
        options: "DecodingOptions",
        *,
        numerals: bool = False,
        notices: Sequence[str] = (),
    ) -> None:
        """Write pieces and say for each its key, bars, cadence and faults.

        Of several it is said in what each further one differs from the first.

        Parameters
        ----------
        target : ScoreOutput
            Where.
        found : sequence of DecodingResult
            What.
        layout : Layout
            How it is engraved or sounds.
        options : DecodingOptions
            How it was made: the seed is said where the music depends on it.
        numerals : bool
            Whether Roman numerals stand under the bass.
        notices : sequence of str
            What was said before of the score that was read, for JSON.
        """
        from bachbot.engine.difference import diff

        plain, names = [], []
        for name, one in target.save(found, layout, numerals=numerals):
            names.append(name)
            if self.as_json:
                plain.append({"file": name} | one.to_json())
                continue
            parts = [f"{name}: {one.summary}"]
            if self.verbose:
                parts.append(_nats(one))
            if options.is_random:
                parts.append(f"seed {one.seed}")
            if len(found) == 1:
                parts.append(self._seconds)
            target.say("; ".join(parts))
        for index, one in enumerate(found[1:], start=1):
            differs = diff(found[0].score, one.score)
            if self.as_json:
                plain[index]["differs_from_first"] = differs.to_json()
            else:
                target.say(f"{names[0]} and {names[index]}: {differs}")
        if self.as_json:
            said = [*notices, *found[0].notices]
            seconds = round(time.perf_counter() - self.began, 3)
            whole = {"results": plain, "notices": said, "seconds": seconds}
            typer.echo(json.dumps(whole, ensure_ascii=False))
        elif len(found) > 1:
            target.say(f"{len(found)} versions in {self._seconds}")

    @property
    def _seconds(self) -> str:
        return f"{time.perf_counter() - self.began:.1f} s"


def _nats(one: "DecodingResult") -> str:
    """Log-probability and the sum of penalties and bonuses in words."""
    text = f"log-probability {one.log_probability:.1f} nats"
    if abs(one.penalty) < 0.05:
        return text
    more, less = ("penalties", "bonuses") if one.penalty > 0 else ("bonuses", "penalties")
    return f"{text}, {more} less {less} {abs(one.penalty):.1f} nats"
