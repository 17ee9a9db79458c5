"""``bachbot explain``: a score's chords, cadences and part-writing faults."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from bachbot.cli import options as shared
from bachbot.cli.charges import show_charges
from bachbot.cli.explain_view import REASON, SENTENCE, WORD
from bachbot.cli.paths import STANDARD, ScoreInput, ScoreOutput
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Key
    from bachbot.scores import Score
    from bachbot.scores.score import NoticeKind
    from bachbot.theory.rules import RuleSet

LIST = "list"
"""What --rules stands for without a value."""

_QUIET: "tuple[NoticeKind, ...]" = (
    "chord symbols", "range", "missing voices", "shared chords", "parts", "chords", "voices",
    "passed over",
)  # fmt: skip
"""Notices that are no warnings here: the findings tell them."""


class OptionalRules(TyperCommand):
    """A command whose --rules may stand alone, to list the rules."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give --rules its value where another option or nothing follows."""
        found: list[str] = []
        for index, word in enumerate(args):
            found.append(word)
            following = args[index + 1] if index + 1 < len(args) else "--"
            if word == "--rules" and following.startswith("-") and "--" not in args[:index]:
                found.append(LIST)
        return super().parse_args(ctx, found)


RulesOption = Annotated[
    str | None,
    typer.Option(
        "--rules",
        metavar="NAME",
        help="Rules to judge by: bach (Bach's practice), strict (textbooks) or a TOML file. Alone "
        "it lists the rules. [default: bach]",
        show_default=False,
    ),
]


def explain(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="Score: MusicXML, .mxl, MIDI, ABC or kern; - for standard input.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Key, such as 'F# minor'. [default: estimated]",
            show_default=False,
        ),
    ] = None,
    rules: RulesOption = None,
    depth: Annotated[
        int,
        typer.Option(
            "--depth",
            metavar="N",
            help="How much is told of a fault: 1 a word, 2 a sentence with its notes, 3 the reason "
            "with an example too.",
        ),
    ] = SENTENCE,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="OTHER",
            help="Compare with another version: chords, faults and notes, bar by bar.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON instead of tables.")
    ] = False,
    numerals: Annotated[
        list[str] | None,
        typer.Option(
            "--numerals",
            metavar="FILE",
            help="Also write the score with Roman numerals under the bass, as .musicxml .pdf .png "
            "or .svg; repeatable.",
        ),
    ] = None,
    marks: Annotated[
        list[str] | None,
        typer.Option(
            "--marks",
            metavar="FILE",
            help="Also write the score with the notes of faults in color and a label at each, as "
            ".musicxml .pdf .png or .svg; repeatable.",
        ),
    ] = None,
    charges: Annotated[
        bool,
        typer.Option(
            "--charges",
            help="Also print what the search's penalties and learned features charge each bar.",
        ),
    ] = False,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    tune: shared.Tune = None,
    read_as: shared.From = None,
    force: shared.Force = False,
) -> None:
    """Print the chords, cadences and part-writing faults of a score.

    Chords are Roman numerals in the local key; the remarks name the nonharmonic notes. A phrase
    ends at each fermata and at the end of the piece, with a cadence or without one; in a score
    without fermatas, or with one at the end alone, phrase ends are predicted from its melody and
    words. From one phrase to the next no note has to resolve. Places are bar.beat, as
    --phrases and --cadences of harmonize read them: 12.3.5 is half a beat after beat 3 of bar 12.
    A pickup is bar 0. A beat of 6/8, 9/8 and 12/8 is three eighths. A score
    with missing voices, chords on staves or notes out of range is explained as far as it goes.
    """
    from bachbot.cli.explain_view import show, show_comparison, show_rules
    from bachbot.scores import Layout
    from bachbot.scores.musicxml.roman_numerals import add_roman_numerals
    from bachbot.teaching import compare, explain_score, mark_faults
    from bachbot.theory.rules import RuleSet

    chosen = RuleSet.named("bach" if rules in (None, LIST) else rules)
    if rules == LIST or (file is None and rules is not None):
        if as_json:
            _print_json({"rules": chosen.name, "list": _rule_list(chosen)})
        else:
            show_rules(chosen)
        return
    if file is None:
        raise UsageError("no FILE is given: name a score, or give --rules alone to list the rules")
    if not WORD <= depth <= REASON:
        raise UsageError(f"a depth of {depth}: give --depth 1, 2 or 3")
    source = ScoreInput.of(file, read_as)
    other = None if against is None else ScoreInput.of(against)
    read = [source.path, None if other is None else other.path]
    targets = {}
    for option, names in (("--numerals", numerals), ("--marks", marks)):
        if STANDARD in (names or ()):
            raise UsageError(f"{option} writes beside what is printed: give a file")
        if names:
            targets[option] = ScoreOutput.of(names, ("", ""), force=force, inputs=read)
    if set(numerals or ()) & set(marks or ()):
        raise UsageError("--numerals and --marks name one file: give two")
    tonality = key_of(key)
    score = read_any_score(source, tonality, shared.tune_number(tune))
    found = explain_score(score, rules=chosen)
    comparison = None
    if other is not None:
        second = read_any_score(other, tonality, None)
        comparison = compare(found, explain_score(second, rules=chosen))
    pages = {}
    if numerals:
        pages["--numerals"] = add_roman_numerals(score, found.harmonies)
    if marks:
        pages["--marks"] = mark_faults(score, found.faults)
    written = [
        name for option, page in pages.items() for name in targets[option].write([page], Layout())
    ]
    charged = None
    if charges:
        from bachbot.engine import Engine

        charged = Engine.load(checkpoint).charges(score)
    if as_json:
        data: dict[str, object] = {"file": file, "title": score.title} | found.to_json()
        if depth == REASON:
            broken = {fault.rule for fault in found.faults}
            data["lessons"] = [r for r in _rule_list(chosen) if r["rule"] in broken]
        if comparison is not None:
            data["against"] = {"file": against} | comparison.to_json()
        if charged is not None:
            data["charges"] = charged.to_json()
        _print_json(data)
        return
    if comparison is None:
        show(found, score.title, depth)
    else:
        label = "" if other is None else other.label
        show_comparison(comparison, (source.label, label), depth=depth)
    if charged is not None:
        show_charges(charged)
    for name in written:
        typer.echo(name)


def key_of(text: str | None) -> "Key | None":
    """The key that --key names; None if it is not given."""
    from bachbot.chorale import Key

    return Key.parse(text) if text is not None else None


def read_any_score(source: ScoreInput, key: "Key | None", tune: int | None) -> "Score":
    """Read whatever voices a score has, and print what its reader says, findings left out."""
    from bachbot.cli.show import print_notices
    from bachbot.scores import load_any_score

    score = load_any_score(source.source, format=source.format, key=key, tune=tune)
    print_notices(score, source.label, _QUIET)
    return score


def _rule_list(rules: "RuleSet") -> list[dict[str, str]]:
    from bachbot.theory.rules import LESSONS

    return [
        {
            "rule": name,
            "severity": rules.severities.get(name, "off"),
            "sentence": lesson.sentence,
            "reason": lesson.reason,
            "wrong": lesson.wrong,
            "right": lesson.right,
        }
        for name, lesson in LESSONS.items()
    ]


def _print_json(data: dict[str, object]) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False))
