"""The user's config file: the choirs that they write for, and what they want by default.

The file is TOML, in the platform's folder of configurations, or where ``BACHBOT_CONFIG`` says::

    choir = "village"

    [choirs.village]
    tenor = "C3:F4"
    bass = "F2:C4"
    sound = "choir"
    staves = 2
    keys = ["F major", "G major"]
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bachbot.chorale import Choir, Key, VoiceRanges
from bachbot.chorale.voice_ranges import parse_voice
from bachbot.errors import OutputError, UsageError
from bachbot.files import write_atomically

_MAX_BYTES = 2**18
_MOST_CHOIRS = 1000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NUMBER = re.compile(r"-?\d{1,9}")
_PRINTED = ("sound", "staves")
_OF_A_CHOIR = ("soprano", "alto", "tenor", "bass", *_PRINTED, "keys")
_OF_THE_FILE = ("choir", *_PRINTED)
_KEYS_HELP = (
    "give choir, sound, staves, or choirs.NAME. and one of soprano, alto, tenor, bass, sound, "
    "staves, keys"
)


@dataclass(frozen=True)
class ChoirSettings:
    """What is set for a choir.

    Parameters
    ----------
    choir : Choir
        Its ranges and the keys that it prefers.
    sound : str, optional
        Instrument.
    staves : int, optional
        Staves of a page: 2 or 4.
    """

    choir: Choir = field(default_factory=Choir)
    sound: str | None = None
    staves: int | None = None

    def with_ranges(self, texts: Iterable[str]) -> "ChoirSettings":
        """The same with some other ranges, such as ``["tenor=C3:F4"]``.

        Raises
        ------
        UsageError
            If one cannot be read.
        """
        ranges = self.choir.ranges.updated(texts)
        return replace(self, choir=replace(self.choir, ranges=ranges))


@dataclass(frozen=True)
class Settings:
    """A config file that was read and checked.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    choirs : mapping of str to ChoirSettings
        Choirs by name.
    choir : str, optional
        The choir that counts if none is named.
    sound, staves
        As in `ChoirSettings`, where the choir has none.
    """

    path: Path
    choirs: Mapping[str, ChoirSettings] = field(default_factory=dict)
    choir: str | None = None
    sound: str | None = None
    staves: int | None = None

    def of(self, name: str | None = None) -> ChoirSettings:
        """The settings of a choir, completed by those of the file.

        Parameters
        ----------
        name : str, optional
            Default: the file's ``choir``; ``"none"`` for no choir.

        Raises
        ------
        UsageError
            If there is none of that name.
        """
        name = self.choir if name is None else name
        if name is None or name == "none":
            return ChoirSettings(sound=self.sound, staves=self.staves)
        if name not in self.choirs:
            known = ", ".join(self.choirs) or "no choir yet"
            raise UsageError(
                f"there is no choir '{name[:40]}' in {self.path} ({known}): add it with 'bachbot "
                f"config set choirs.{name[:40] or 'NAME'}.tenor C3:F4'"
            )
        found = self.choirs[name]
        return ChoirSettings(found.choir, found.sound or self.sound, found.staves or self.staves)


def config_path() -> Path:
    """Path of the config file: ``$BACHBOT_CONFIG``, or in the platform's folder."""
    named = os.environ.get("BACHBOT_CONFIG")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("bachbot", appauthor=False)) / "config.toml"


def load_settings(path: Path | None = None) -> Settings:
    """Read and check the config file.

    Parameters
    ----------
    path : Path, optional
        Default: `config_path`. A file that is not there counts as empty.

    Raises
    ------
    UsageError
        If it cannot be read, is no TOML, or has a key or value that bachbot does not know.
    """
    path = path or config_path()
    return _checked(_read(path), path)


def config_text(path: Path | None = None) -> str:
    """What the config file holds, as it is written; empty if there is none."""
    path = path or config_path()
    try:
        if not path.exists():
            return ""
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"the config file {path} cannot be read ({error.strerror}): mend it, or set "
            "BACHBOT_CONFIG to another one"
        ) from error
    if len(content) > _MAX_BYTES:
        raise UsageError(f"the config file {path} is larger than 256 kB: shorten it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the config file {path} is not UTF-8 text: save it as UTF-8") from error


def _read(path: Path) -> dict[str, Any]:
    text = config_text(path)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = " ".join(str(error).split())[:120]
        raise UsageError(
            f"the config file {path} is no TOML ({line}): mend it, or move it away"
        ) from error


def _checked(plain: Mapping[str, Any], path: Path) -> Settings:
    """Settings from the content of a file."""

    def wrong(key: str, what: str) -> UsageError:
        return UsageError(f"{key} in the config file {path}: {what}")

    for key in plain:
        if key not in (*_OF_THE_FILE, "choirs"):
            raise wrong(f"'{key[:40]}'", f"bachbot knows no such key: {_KEYS_HELP}")
    tables = plain.get("choirs", {})
    if not isinstance(tables, dict) or len(tables) > _MOST_CHOIRS:
        raise wrong("choirs", "wanted tables such as [choirs.village]")
    choirs = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise wrong(f"choirs.{name[:40]}", "wanted a table such as [choirs.village]")
        try:
            choirs[name] = _choir(table)
        except UsageError as error:
            raise wrong(f"choirs.{name[:40]}", str(error)) from error
    choir = plain.get("choir")
    if choir is not None and choir not in choirs:
        raise wrong("choir", f"there is no choir '{str(choir)[:40]}': add it under choirs")
    try:
        sound, staves = _printed(plain)
    except UsageError as error:
        raise wrong("sound or staves", str(error)) from error
    return Settings(path, choirs, choir, sound, staves)


def _choir(table: Mapping[str, Any]) -> ChoirSettings:
    ranges, keys = [], []
    for key, value in table.items():
        if key in _PRINTED:
            continue
        if key == "keys":
            if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
                raise UsageError('keys are a list of text: give one such as ["F major", "G minor"]')
            keys = [Key.parse(one) for one in value]
            continue
        try:
            voice = parse_voice(key)
        except UsageError:
            raise UsageError(f"'{key[:40]}' is no key of a choir: {_KEYS_HELP}") from None
        if isinstance(value, list) and len(value) == 2:
            value = ":".join(map(str, value))
        if not isinstance(value, str):
            raise UsageError(f'the {voice.label}\'s range is text: give one such as "C3:F4"')
        ranges.append(f"{voice.label}={value}")
    sound, staves = _printed(table)
    return ChoirSettings(Choir(VoiceRanges.parse(ranges), tuple(keys)), sound, staves)


def _printed(table: Mapping[str, Any]) -> tuple[str | None, int | None]:
    sound, staves = table.get("sound"), table.get("staves")
    if sound is not None and not (isinstance(sound, str) and sound):
        raise UsageError('the sound is text: give one such as "choir" or "organ"')
    if staves is not None and (isinstance(staves, bool) or staves not in (2, 4)):
        raise UsageError(f"staves are {staves!r}: give 2 or 4")
    return sound, staves


# Editing by key


def set_value(key: str, value: str, path: Path | None = None) -> Settings:
    """Set a key of the config file; comments and the rest of it stay as they are.

    Parameters
    ----------
    key : str
        Such as ``"choir"`` or ``"choirs.village.tenor"``.
    value : str
        Its value: a range, a name, a number, or keys separated by commas.
    path : Path, optional
        Default: `config_path`.

    Raises
    ------
    UsageError
        If there is no such key, the value is not of its kind, or the file is written in a way
        that cannot be edited line by line.
    OutputError
        If it cannot be written.
    """
    parts = _parts(key)
    name = parts[-1]
    if name == "keys":
        found = [word.strip() for word in value.split(",") if word.strip()]
        written = "[" + ", ".join(map(_quoted, found)) + "]"
    elif name == "staves" and _NUMBER.fullmatch(value.strip()):
        written = value.strip()
    else:
        written = _quoted(value.strip())
    return _edit(parts, f"{name} = {written}", path or config_path())


def unset(key: str, path: Path | None = None) -> Settings:
    """Remove a key of the config file, or a whole choir such as ``"choirs.village"``.

    Parameters and errors are those of `set_value`.
    """
    return _edit(_parts(key, table=True), None, path or config_path())


def _quoted(text: str) -> str:
    """A TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(c if c.isprintable() else "?" for c in escaped)}"'


def _parts(key: str, *, table: bool = False) -> list[str]:
    """A key in its parts; a voice gets its usual name."""
    parts = key.strip().split(".")
    if len(parts) == 1 and parts[0] in _OF_THE_FILE:
        return parts
    if parts[0] == "choirs" and len(parts) in ((2, 3) if table else (3,)):
        if not _NAME.fullmatch(parts[1]):
            raise UsageError(
                f"'{parts[1][:40]}' is no name of a choir: give letters, digits, - and _"
            )
        if len(parts) == 2 or parts[2] in _OF_A_CHOIR:
            return parts
        try:
            return [*parts[:2], parse_voice(parts[2]).label]
        except UsageError:
            pass
    raise UsageError(f"'{key[:60]}' is no key of the config file: {_KEYS_HELP}")


def _edit(parts: list[str], line: str | None, path: Path) -> Settings:
    """Replace, add or remove the line of a key, or remove a table."""
    plain = _read(path)
    lines = config_text(path).splitlines()
    wanted = _with(plain, parts, line)
    edited = _edited(lines, parts, line)
    text = "\n".join(edited).strip("\n") + "\n"
    try:
        same = tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise UsageError(
            f"{path} is written in a way that cannot be edited by key: edit it by hand"
        )
    found = _checked(wanted, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {path.parent} could not be made ({error.strerror}): set BACHBOT_CONFIG "
            "to a file elsewhere"
        ) from error
    write_atomically(path, text.encode())
    return found


def _with(plain: Mapping[str, Any], parts: list[str], line: str | None) -> dict[str, Any]:
    """The content that a file is to have after an edit."""
    if not isinstance(plain, dict):
        raise UsageError("choirs in the config file: wanted tables such as [choirs.village]")
    inner = dict(plain)
    if len(parts) == 1:
        inner = {k: v for k, v in plain.items() if not _same_key(k, parts[0], of_a_choir=True)}
        return inner if line is None else inner | tomllib.loads(line)
    rest = _with(inner.get(parts[0], {}), parts[1:], line)
    if rest or line is not None or parts[0] in plain:
        inner[parts[0]] = rest
    if not inner.get(parts[0]) and parts[0] == "choirs":
        inner.pop(parts[0], None)
    return inner


_HEADER = re.compile(r"\s*\[\s*([^\[\]]*?)\s*\]\s*(?:#.*)?")


def _edited(lines: list[str], parts: list[str], line: str | None) -> list[str]:
    """Lines of a file after an edit."""
    table, name = ".".join(parts[:-1]), parts[-1]
    if len(parts) == 2:  # the whole table
        table, name = ".".join(parts), ""
    sections: list[tuple[str, int]] = [("", 0)]
    for number, text in enumerate(lines):
        header = _HEADER.fullmatch(text[:200])
        if header:
            sections.append((re.sub(r"\s*\.\s*", ".", header[1]).replace('"', ""), number))
    starts = [start for _, start in sections] + [len(lines)]
    for index, (title, start) in enumerate(sections):
        if title != table:
            continue
        stop = starts[index + 1]
        if not name:
            return lines[:start] + lines[stop:]
        for number in range(start, stop):
            head, sign, _ = lines[number].partition("=")
            if sign and _same_key(head, name, of_a_choir=bool(table)):
                return lines[:number] + ([line] if line else []) + lines[number + 1 :]
        if line is None:
            return lines
        while stop > start + bool(title) and not lines[stop - 1].strip():
            stop -= 1
        return [*lines[:stop], line, *lines[stop:]]
    return lines if line is None else [*lines, "", f"[{table}]", line]


def _same_key(head: str, name: str, *, of_a_choir: bool) -> bool:
    """Whether what stands before a ``=`` is a key, in any spelling of a voice."""
    plain = head.strip().strip("\"'")
    if plain == name:
        return True
    try:
        return of_a_choir and parse_voice(plain).label == name
    except UsageError:
        return False
