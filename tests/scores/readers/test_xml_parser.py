"""MusicXML in any encoding is read, and small files that would cost much are refused early."""

import io
import json
import subprocess
import sys
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pieces import EVERYTHING
from small_musicxml import bars, pitches, read, score, voice

from bachbot.errors import ScoreError
from bachbot.scores import load_score
from bachbot.scores.readers.musicxml import musicxml_tree
from bachbot.scores.readers.xml_parser import parse_xml

TUNE = bars(voice("G4 A4 B4 C5"))
PITCHES = [67, 69, 71, 72]
PLAIN = score(TUNE).decode()


def titled(title, encoding="", **more):
    declared = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    return declared + PLAIN.replace(
        "<part-list>", f"<movement-title>{title}</movement-title><part-list>", 1
    )


ENCODINGS = {
    "utf-8": "Größe Żółw",
    "UTF8": "Größe Żółw",
    "utf8": "Größe Żółw",
    "windows-1250": "Żółw",
    "windows-1251": "Ёлка",
    "windows-1252": "Größe “quoted”",
    "ISO-8859-1": "Größe",
    "latin1": "Größe",
    "iso-8859-15": "Œuvre",
    "koi8-r": "Ёлка",
    "macintosh": "Größe",
    "shift_jis": "さくら",
    "EUC-JP": "さくら",
    "gb18030": "茉莉花",
    "big5": "茉莉花",
    "us-ascii": "Plain",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_declared_encoding_is_read(encoding):
    text = titled(ENCODINGS[encoding], encoding)
    loaded = load_score(text.encode(encoding), format="musicxml")
    assert loaded.title == ENCODINGS[encoding]
    assert pitches(loaded) == PITCHES


@pytest.mark.parametrize("declared", ["", "UTF-16", "utf-8"])
@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-8-sig"]
)
def test_wide_encodings_are_read_with_and_without_mark_and_declaration(encoding, declared):
    loaded = load_score(titled("Größe", declared).encode(encoding), format="musicxml")
    assert loaded.title == "Größe"


def test_a_file_that_was_changed_to_utf8_and_still_declares_utf16_is_read():
    assert load_score(titled("Größe", "UTF-16").encode(), format="musicxml").title == "Größe"


@pytest.mark.parametrize("declared", ["", "utf-8"])
@pytest.mark.parametrize("encoding", ["windows-1252", "latin-1"])
def test_text_of_one_byte_a_letter_that_says_nothing_of_it_is_read(encoding, declared):
    loaded = load_score(titled("Größe", declared).encode(encoding), format="musicxml")
    assert loaded.title == "Größe"
    assert pitches(loaded) == PITCHES


@pytest.mark.parametrize(
    "encoding", ["utf-7", "rot13", "punycode", "idna", "unicode_escape", "hex", "zlib", "no-such"]
)
def test_what_is_no_plain_encoding_of_text_is_refused(encoding):
    with pytest.raises(ScoreError, match=f"in {encoding}, which is not supported"):
        load_score(titled("x", encoding).encode(), format="musicxml")


NAMESPACE = "http://www.musicxml.org/xsd/MusicXML"


def test_a_namespace_is_taken_off():
    text = PLAIN.replace("<score-partwise>", f'<score-partwise xmlns="{NAMESPACE}">')
    assert pitches(load_score(text.encode(), format="musicxml")) == PITCHES
    prefixed = PLAIN.replace("</", "</m:").replace("<", "<m:").replace("<m:/m:", "</m:")
    prefixed = prefixed.replace("<m:score-partwise>", f'<m:score-partwise xmlns:m="{NAMESPACE}">')
    root = musicxml_tree(prefixed.encode())
    assert {element.tag for element in root.iter()} == {
        element.tag for element in musicxml_tree(PLAIN.encode()).iter()
    }
    assert pitches(load_score(prefixed.encode(), format="musicxml")) == PITCHES


def test_what_is_in_another_namespace_is_left_out():
    other = '<x:note xmlns:x="http://example.org/x"><x:pitch>C</x:pitch><b/></x:note>'
    link = '<credit xml:lang="de" xlink:href="a"/>'
    text = PLAIN.replace("</measure>", other + "</measure>").replace(
        "<part-list>", link + "<part-list>"
    )
    root = musicxml_tree(text.encode())
    assert len(list(root.iter("note"))) == 4
    assert root.find("credit").attrib == {"{http://www.w3.org/XML/1998/namespace}lang": "de"}


DOCTYPE = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "a.dtd"{}>'


@pytest.mark.parametrize("subset", ["", " []", "[ \n ]", "[<!-- nothing -->]", "[<?p i?>]"])
def test_an_empty_document_type_is_read(subset):
    text = DOCTYPE.format(subset) + PLAIN
    assert pitches(load_score(text.encode(), format="musicxml")) == PITCHES


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "b">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a "b">',
        '<!ENTITY % a SYSTEM "http://example.org/">',
        '<!ATTLIST note a CDATA "b">',
        "<!ELEMENT note ANY>",
        '<!NOTATION a SYSTEM "b">',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_that_declares_is_refused(declaration, encoding):
    text = DOCTYPE.format(f"[{declaration}]") + PLAIN
    with pytest.raises(ScoreError, match="declares entities"):
        load_score(text.encode(encoding), format="musicxml")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    with suppress(ScoreError):
        assert parse_xml(io.BytesIO(content)).tag


@given(st.data())
def test_any_damage_of_a_file_is_read_or_refused(data):
    content = bytearray(zipped(PLAIN) if data.draw(st.booleans()) else EVERYTHING.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(2, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ScoreError):
        assert musicxml_tree(bytes(content)).tag == "score-partwise"


def zipped(text, method=zipfile.ZIP_DEFLATED, name="score.xml"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_compressions_than_those_of_musicxml_are_refused_whole_or_damaged(method):
    content = zipped(PLAIN, method)
    for damaged in (content, content[:45] + bytes(20) + content[65:]):
        with pytest.raises(ScoreError, match=r"by deflation|damaged"):
            load_score(damaged, format="mxl")


def test_the_sign_that_repeats_a_measure_is_written_out():
    def sign(kind, text=""):
        return (
            f'<attributes><measure-style><measure-repeat type="{kind}">{text}</measure-repeat>'
            "</measure-style></attributes>"
        )

    rest = "<note><rest measure='yes'/><duration>16</duration></note>"
    found = read(
        bars(voice("G4 A4 B4 C5"), sign("start", "1"), rest, sign("stop") + voice("D5:4"), rest)
    )
    assert pitches(found) == [*PITCHES * 3, 74]
    assert found.chorale.frames == 80
    two = read(bars(voice("G4:4"), voice("A4:4"), sign("start", "2"), "", sign("stop") + rest))
    assert pitches(two) == [67, 69, 67, 69]


# Small files that once took long or filled the memory

NOTE = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>1</duration>{}</note>"
HEAD = (
    "<score-partwise><part-list/><part><measure><attributes><divisions>99</divisions></attributes>"
)
TAIL = "</measure></part></score-partwise>"


def _bar(notes):
    return (HEAD + notes + TAIL).encode()


def _primes():
    found = []
    number = 101
    while len(found) < 4000:
        if all(number % prime for prime in range(3, int(number**0.5) + 1, 2)):
            found.append(number)
        number += 2
    return "".join(
        f"<attributes><divisions>{prime}</divisions></attributes>{NOTE.format('')}"
        for prime in found
    )


MB = 10**6
COSTLY = {
    "a document type again and again": lambda: b"<!DOCTYPE " * (MB // 10),
    "elements in elements": lambda: b"<a>" * (MB // 3),
    "elements beside elements": lambda: b"<score-partwise>" + b"<a/>" * (MB // 4),
    "attributes": lambda: b"<a " + b" ".join(b'a%d=""' % i for i in range(MB // 12)) + b"/>",
    "a long attribute": lambda: b'<a b="' + b"c" * MB,
    "a voice for every note": lambda: _bar(
        "".join(NOTE.format(f"<voice>{i}</voice>") for i in range(MB // 100))
    ),
    "prime divisions for every note": lambda: _bar(_primes()),
    "rests": lambda: _bar("<note><rest/><duration>1</duration></note>" * (MB // 42)),
    "notes": lambda: _bar(NOTE.format("") * (MB // 80)),
    "one chord": lambda: _bar(NOTE.format("") + NOTE.format("<chord/>") * (MB // 90)),
    "notes of one time": lambda: _bar(
        (NOTE.format("") + "<backup><duration>1</duration></backup>") * (MB // 115)
    ),
    "notes that overlap": lambda: _bar(
        (NOTE.format("").replace("n>1<", "n>9<") + "<backup><duration>8</duration></backup>")
        * (MB // 115)
    ),
    "as many voices as may be": lambda: _bar(
        "".join(NOTE.format(f"<voice>{i % 31}</voice>") for i in range(MB // 100))
    ),
    "bars": lambda: HEAD.encode() + b"</measure><measure>" * (MB // 20) + TAIL.encode(),
    "parts": lambda: (
        ("<score-partwise>" + f"<part><measure>{NOTE}</measure></part>" * (MB // 110)).encode()
        + b"</score-partwise>"
    ),
    "measures that repeat a long one": lambda: (
        HEAD
        + '<attributes><measure-style><measure-repeat type="start">1</measure-repeat>'
        + "</measure-style></attributes>"
        + NOTE * 5000
        + "</measure>"
        + "<measure/>" * 4000
        + "</part></score-partwise>"
    ).encode(),
    "spaces, compressed": lambda: zipped(b"<score-partwise>" + b" " * (40 * MB)),
    "elements, compressed": lambda: zipped(b"<score-partwise>" + b"<a/>" * (8 * MB)),
    "notes, compressed": lambda: zipped(_bar(NOTE.format("") * 49_000)),
    "a comment, compressed": lambda: zipped(b"<score-partwise><!--" + b"x" * (31 * MB)),
}

_MEASURE = """
import json, re, resource, sys
from pathlib import Path
from bachbot.errors import ScoreError
from bachbot.scores import load_score
content = sys.stdin.buffer.read()
def peak():
    # getrusage would count the process that this one was started from.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def spent():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime
begin = spent()
try:
    load_score(content, format="mxl" if content[:2] == b"PK" else "musicxml")
except ScoreError as error:
    assert len(str(error)) < 300 and "\\n" not in str(error), str(error)
memory = peak()
print(json.dumps([spent() - begin, memory]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", COSTLY)
def test_a_small_file_takes_little_time_and_memory(kind):
    content = COSTLY[kind]()
    assert len(content) < 1.1 * MB
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE], input=content, capture_output=True, check=True
    )
    seconds, megabytes = json.loads(done.stdout)
    assert seconds < 20  # ten times the two seconds that are allowed: machines differ
    assert megabytes < 300
