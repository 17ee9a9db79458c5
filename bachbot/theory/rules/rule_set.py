"""Sets of rules to judge by: which rules, how severe, and where they do not apply."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from bachbot.chorale import Voice, parse_voices
from bachbot.errors import UsageError
from bachbot.theory.rules.lessons import LESSONS
from bachbot.theory.rules.rule import Rule

Severity = Literal["error", "warning", "remark"]
"""An error is wrong, a warning is to be avoided, a remark is worth a look."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
OFF = "off"

GROUPS: Mapping[str, tuple[str, ...]] = {
    "parallels": ("parallel fifths", "parallel octaves"),
    "contrary": ("contrary fifths", "contrary octaves"),
    "hidden": ("hidden fifths", "hidden octaves"),
    "gaps": ("wide soprano-alto", "wide alto-tenor"),
    "range": ("out of range",),
    "leaps": ("tritone leaps", "seventh leaps", "leaps beyond an octave",
              "leap outside the harmony"),
    "leading-note": ("leading note unresolved", "leading note doubled"),
    "leading-tone": ("leading note unresolved", "leading note doubled"),
    "seventh": ("seventh unresolved",),
    "third": ("missing third",),
}  # fmt: skip
"""Short names of several rules, or of one."""

_BACH: Mapping[str, Severity] = {
    "parallel fifths": "error", "parallel octaves": "error",
    "contrary fifths": "remark", "contrary octaves": "remark",
    "hidden fifths": "remark", "hidden octaves": "remark",
    "crossing": "warning", "overlap": "remark",
    "wide soprano-alto": "warning", "wide alto-tenor": "warning",
    "out of range": "error",
    "tritone leaps": "warning", "seventh leaps": "warning", "leaps beyond an octave": "error",
    "augmented second": "warning",
    "leading note unresolved": "warning", "leading note doubled": "error",
    "seventh unresolved": "warning", "leap outside the harmony": "warning",
    "cross relation": "remark", "missing third": "warning",
}  # fmt: skip
_STRICT: Mapping[str, Severity] = {
    **dict.fromkeys(LESSONS, "error"),
    "hidden fifths": "warning", "hidden octaves": "warning", "contrary fifths": "warning",
    "contrary octaves": "warning", "overlap": "warning",
}  # fmt: skip

_MAX_BYTES = 65536
_EXCEPTION_KEYS = ("rule", "voices", "bars", "phrase-ends")


@dataclass(frozen=True)
class RuleException:
    """Where rules do not apply.

    Parameters
    ----------
    rules : tuple of str
        Names of the rules; empty for all.
    voices : tuple of Voice
        A fault is excused if all its voices are among these; empty for any.
    bars : tuple of int
        First and last bar; empty for any.
    phrase_ends : bool
        Whether it is for motion from one phrase to the next only.
    """

    rules: tuple[str, ...] = ()
    voices: tuple[Voice, ...] = ()
    bars: tuple[int, ...] = ()
    phrase_ends: bool = False

    def excuses(self, rule: str, voices: Iterable[Voice], bar: int, between_phrases: bool) -> bool:
        """Whether a fault is none.

        Parameters
        ----------
        rule : str
            The rule that is broken.
        voices : iterable of Voice
            The voices that break it.
        bar : int
            Where.
        between_phrases : bool
            Whether a phrase ended right before.
        """
        return (
            (not self.rules or rule in self.rules)
            and (not self.voices or set(voices) <= set(self.voices))
            and (not self.bars or self.bars[0] <= bar <= self.bars[-1])
            and (not self.phrase_ends or between_phrases)
        )


@dataclass(frozen=True)
class RuleSet:
    """The rules that a piece is judged by.

    Parameters
    ----------
    name : str
        ``"bach"``, ``"strict"`` or the name of a file.
    severities : mapping of str to Severity
        By rule; a rule that is not in it is off.
    exceptions : tuple of RuleException
        Where they do not apply.
    """

    name: str
    severities: Mapping[str, Severity] = field(default_factory=dict)
    exceptions: tuple[RuleException, ...] = ()

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The rules that are on, by name, in the order of reports."""
        return {n: lesson.rule for n, lesson in LESSONS.items() if n in self.severities}

    def only(self, names: Iterable[str]) -> "RuleSet":
        """The set with some of its rules.

        Parameters
        ----------
        names : iterable of str
            Names of rules or groups; a rule that was off is a warning.

        Raises
        ------
        UsageError
            If there is no such rule.
        """
        chosen = rule_names(names)
        kept: dict[str, Severity] = {n: self.severities.get(n, "warning") for n in chosen}
        return RuleSet(self.name, kept, self.exceptions)

    @classmethod
    def named(cls, text: str | Path) -> "RuleSet":
        """The set of a name, or of a TOML file.

        The file may have ``base = "bach"`` or ``"strict"`` (the rules that it starts from; default:
        bach), a table ``[severity]`` with a line such as ``"overlap" = "off"`` a rule (error,
        warning, remark or off), and tables ``[[exceptions]]`` with some of ``rule``, ``voices``,
        ``bars`` and ``phrase-ends``.

        Raises
        ------
        UsageError
            If there is no such set, or the file cannot be read or has something else in it.
        """
        known = BUILT_IN.get(str(text))
        if known is not None:
            return known
        path = Path(text)
        if path.suffix.lower() != ".toml":
            raise UsageError(
                f"there are no rules '{str(text)[:80]}': give bach, strict or a file that ends in "
                ".toml"
            )
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
            if len(content) > _MAX_BYTES:
                raise UsageError(f"{path.name} has more than {_MAX_BYTES} bytes: shorten it")
            table = tomllib.loads(content.decode("utf-8"))
        except OSError as error:
            raise UsageError(
                f"the rules {path} cannot be read ({error.strerror}): give a TOML file"
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = " ".join(str(error).split())[:100]
            raise UsageError(f"{path.name} is not TOML ({reason}): correct it") from error
        try:
            return cls.of_table(table, path.name)
        except UsageError as error:
            raise UsageError(f"{path.name}: {error}") from error

    @classmethod
    def of_table(cls, table: Mapping[str, Any], name: str) -> "RuleSet":
        """The set that a TOML table describes; `named` says what it may have.

        Raises
        ------
        UsageError
            If it has something else.
        """
        unknown = set(table) - {"base", "severity", "exceptions"}
        if unknown:
            raise UsageError(
                f"'{min(unknown)}' is not known: give base, [severity] or [[exceptions]]"
            )
        base = table.get("base", "bach")
        if base not in BUILT_IN:
            raise UsageError(f"there are no rules '{base}' to start from: give bach or strict")
        severities: dict[str, Severity] = dict(BUILT_IN[base].severities)
        given = table.get("severity", {})
        if not isinstance(given, dict):
            raise UsageError('severity is no table: write [severity], then "overlap" = "off"')
        for rule, severity in given.items():
            if severity not in (*SEVERITIES, OFF):
                raise UsageError(
                    f"'{severity}' of {rule} is no severity: give {', '.join(SEVERITIES)} or off"
                )
            for one in rule_names([rule]):
                severities.pop(one, None)
                if severity != OFF:
                    severities[one] = severity
        entries = table.get("exceptions", [])
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            raise UsageError("exceptions are no tables: write [[exceptions]] above each")
        return cls(name, severities, tuple(map(_exception, entries)))


def _exception(entry: Mapping[str, Any]) -> RuleException:
    unknown = set(entry) - set(_EXCEPTION_KEYS)
    if unknown or not entry:
        raise UsageError(
            f"an exception has '{min(unknown, default='')}': give some of "
            f"{', '.join(_EXCEPTION_KEYS)}"
        )
    rule, voices, bars = (entry.get(k, "") for k in ("rule", "voices", "bars"))
    ends = entry.get("phrase-ends", False)
    if not isinstance(rule, str) or not isinstance(voices, str) or not isinstance(ends, bool):
        raise UsageError(
            'an exception is written rule = "overlap", voices = "tenor,bass", bars = "5-8", '
            "phrase-ends = true"
        )
    return RuleException(
        rules=rule_names([rule]) if rule else (),
        voices=parse_voices(voices) if voices else (),
        bars=_bars(str(bars)),
        phrase_ends=ends,
    )


def _bars(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split("-")] if text else []
    if len(words) > 2 or not all(w.isascii() and w.isdigit() and len(w) < 6 for w in words):
        raise UsageError(f"{text[:40]!r} is not a range of bars: give one such as 5-8")
    return tuple(map(int, words))


def rule_names(words: Iterable[str]) -> tuple[str, ...]:
    """The rules of some names: each a rule, one with hyphens for spaces, or a group such as leaps.

    Raises
    ------
    UsageError
        If there is no such rule, or none is named.
    """
    found: list[str] = []
    for word in words:
        plain = word.strip().lower()
        if plain in GROUPS:
            found += GROUPS[plain]
            continue
        own = next((n for n in LESSONS if n.replace("-", " ") == plain.replace("-", " ")), None)
        if own is None:
            raise UsageError(
                f"there is no rule '{word[:40]}': 'bachbot explain --rules' lists them, and "
                f"{', '.join(GROUPS)} stand for several"
            )
        found.append(own)
    if not found:
        raise UsageError("no rule is named: give some, such as parallels,leading-note")
    return tuple(dict.fromkeys(found))


BUILT_IN: Mapping[str, RuleSet] = {
    "bach": RuleSet("bach", _BACH),
    "strict": RuleSet("strict", _STRICT),
}
"""Rules by Bach's own practice, and those of the textbooks."""
