"""The interpretations and bar lines of Humdrum kern, as marks of a part."""

import re
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import line_of_fifths
from bachbot.scores.musicxml.parts import key_element
from bachbot.scores.readers.kern.kern_part import KernBar, KernPart

_RECORD = re.compile(r"\*([A-Ga-g][#-]?):(ion|dor|phr|lyd|mix|aeo|loc)?")
_METER = re.compile(r"\*M(\d{1,3}(?:\+\d{1,3}){0,7})/(\d{1,2})")
_CLEF = re.compile(r"\*clef([GFC])([v^]{0,2})([1-5])")
_TEMPO = re.compile(r"\*MM~?(\d{1,3})(?:\.\d*)?")
_LABEL = re.compile(r"\*>([A-Za-z]*)(\d{1,2})?")
_STAFF = re.compile(r"\*staff(\d{1,2})")
_CODE = re.compile(r"\*I([a-z][a-z0-9]{1,20})")
_BAR = re.compile(r"=+\d*[a-z]?([-;:|!'`.,=]{0,12})")
_NAMES = {
    "soprn": "Soprano", "cant": "Cantus", "mezz": "Mezzo-soprano", "calto": "Alto",
    "alto": "Alto", "tenor": "Tenor", "barit": "Baritone", "bass": "Bass", "vox": "Voice",
    "violn": "Violin", "viola": "Viola", "cello": "Violoncello", "cbass": "Double bass",
    "flt": "Flute", "flt1": "Flute", "oboe": "Oboe", "clars": "Clarinet", "fagot": "Bassoon",
    "cor": "Horn", "tromp": "Trumpet", "tromb": "Trombone", "piano": "Piano", "organ": "Organ",
    "cemba": "Harpsichord", "guitr": "Guitar", "lute": "Lute", "recor": "Recorder",
}  # fmt: skip
_MODES = {"ion": ("ionian", 0), "mix": ("mixolydian", 1), "dor": ("dorian", 2),
          "aeo": ("aeolian", 3), "phr": ("phrygian", 4), "lyd": ("lydian", -1)}  # fmt: skip
"""Names of the modes, and fifths of their final above the tonic of the major key."""

_MAJOR = ("ion", "mix", "lyd")
_MINOR = ("aeo", "dor", "phr")


def read_interpretation(part: KernPart, cell: str) -> None:
    """Read an interpretation of a kern spine; those that are not known are passed over."""
    if cell.startswith("*k["):
        _key_signature(part, cell)
    elif found := _METER.match(cell):
        _meter(part, found[1], int(found[2]))
    elif cell.startswith("*met("):
        _meter_symbol(part, cell)
    elif found := _CLEF.match(cell):
        _clef(part, *found.groups())
    elif cell.startswith("*clefX"):
        part.percussion = True
    elif cell.startswith("*>"):
        _label(part, cell)
    elif found := _TEMPO.fullmatch(cell):
        if not part.bar.voices and int(found[1]):
            part.bar.marks.tempo = ("", found[1])
    elif found := _STAFF.match(cell):
        part.staff = int(found[1])
    elif cell.startswith(('*I"', "*I:")):
        part.name = part.name or " ".join(cell[3:].strip(" []").split())[:80]
    elif found := _CODE.fullmatch(cell):
        part.code = _NAMES.get(found[1], found[1].capitalize())
    elif found := _RECORD.fullmatch(cell):
        part.record = cell
        if not part.bar.voices and (
            part.fifths is None or any(e.tag == "key" for e in part.bar.marks.new)
        ):
            _sign_key(part)


def _key_signature(part: KernPart, cell: str) -> None:
    altered = cell[3:].partition("]")[0]
    fifths = altered.count("#") - altered.count("-")
    if abs(fifths) <= 7 and (fifths != part.fifths or not part.bar.voices):
        changed = fifths != part.fifths
        part.fifths = fifths
        if changed:
            _sign_key(part)


def _sign_key(part: KernPart) -> None:
    fifths, mode = _key(part)
    part.sign(key_element(fifths, mode))


def _key(part: KernPart) -> tuple[int, str | None]:
    """Key signature, and the mode of the key record if both agree.

    As a church mode, since `bachbot.scores.keys.estimate_key` ignores major and minor, which many
    programs write whatever the tune.
    """
    found = _RECORD.fullmatch(part.record)
    if found is None:
        return part.fifths or 0, None
    letter = found[1].replace("-", "b")
    final = line_of_fifths(letter[0].upper() + letter[1:])
    modes = [found[2]] if found[2] else list(_MAJOR if letter[0].isupper() else _MINOR)
    for name in modes:
        if name in _MODES:
            mode, above = _MODES[name]
            if part.fifths is None and abs(final - above) <= 7:
                return final - above, mode
            if part.fifths == final - above:
                return part.fifths, mode
    return part.fifths or 0, None


def _meter(part: KernPart, upper: str, unit: int) -> None:
    beats = sum(int(number) for number in upper.split("+"))
    if unit == 0:  # a breve
        beats, unit = 2 * beats, 1
    if not beats or unit not in (1, 2, 4, 8, 16, 32, 64):
        return
    part.beats, part.unit, part.metered = beats, unit, True
    time = Element("time")
    SubElement(time, "beats").text = str(beats)
    SubElement(time, "beat-type").text = str(unit)
    part.sign(time)


def _meter_symbol(part: KernPart, cell: str) -> None:
    symbol = {"*met(c)": "common", "*met(c|)": "cut", "*met(C)": "common", "*met(C|)": "cut"}
    for time in part.bar.marks.new:
        if time.tag == "time" and cell in symbol:
            time.set("symbol", symbol[cell])


def _clef(part: KernPart, sign: str, octaves: str, line: str) -> None:
    clef = Element("clef")
    SubElement(clef, "sign").text = sign
    SubElement(clef, "line").text = line
    change = octaves.count("^") - octaves.count("v")
    if change:
        SubElement(clef, "clef-octave-change").text = str(change)
    part.sign(clef)


def _label(part: KernPart, cell: str) -> None:
    """Read the label of a section: with a number, ``A1`` after ``A``, it is an ending."""
    found = _LABEL.fullmatch(cell)
    if found is None:  # such as a list of sections in their order
        return
    section, number = found[1], found[2]
    if number is None or (section and section not in part.labels):
        part.labels.add(section + (number or ""))
        return
    bar = part.bar
    if part.ending and len(part.bars) > 1:
        part.end_ending(part.bars[-2], "stop")
    bar.marks.left = [e for e in bar.marks.left if e.tag != "ending"]
    bar.marks.left.append(Element("ending", {"number": str(int(number)), "type": "start"}))
    part.ending = str(int(number))


def read_bar_line(part: KernPart, cell: str) -> bool:
    """Read a bar line at the end of the current bar; return whether it repeats what comes."""
    found = _BAR.match(cell)
    signs = found[1].replace(";", "").replace(",", "") if found else ""
    lines = [index for index, sign in enumerate(signs) if sign in "|!"]
    backward = bool(lines) and signs.startswith(":")
    forward = bool(lines) and signs.endswith(":")
    ended = next((bar for bar in part.bars[-1:-3:-1] if bar.voices), None)
    if ended is not None:
        _end_bar(part, ended, cell, signs, backward=backward)
    return forward


def _end_bar(part: KernPart, bar: KernBar, cell: str, signs: str, *, backward: bool) -> None:
    style = Element("bar-style")
    final = cell.startswith("==") or "|!" in signs
    if backward or final:
        style.text = "light-heavy"
    elif "||" in signs:
        style.text = "light-light"
    elif signs.startswith("-"):
        style.text = "none"
    elif signs.startswith("!"):
        style.text = "heavy-light" if "|" in signs else "heavy"
    elif signs in (".", ":"):
        style.text = "dashed" if signs == "." else "dotted"
    right = bar.marks.right
    if style.text and style.text != "heavy-light":
        bar.marks.right = [e for e in right if e.tag != "bar-style"] + [style]
    if backward and not any(e.tag == "repeat" for e in bar.marks.right):
        bar.marks.right.append(Element("repeat", {"direction": "backward"}))
    if backward or final or style.text == "light-light":
        part.end_ending(bar, "stop" if backward or final else "discontinue")
        part.labels.discard("")


def begin_repeat(part: KernPart) -> None:
    """Add the sign of a repeat to the beginning of the current bar."""
    left = part.bar.marks.left
    if not any(e.tag == "repeat" for e in left):
        style = Element("bar-style")
        style.text = "heavy-light"
        left += [style, Element("repeat", {"direction": "forward"})]
