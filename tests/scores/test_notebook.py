"""A score shows itself in a notebook, with whatever is there to show."""

import base64
import io
import re
import subprocess
import sys

import pytest
import soundfile
from tunes import note, tune

from bachbot import load_score, load_sheet
from bachbot.scores import notebook
from bachbot.scores.sound import audio

QUICK = '<sound tempo="240"/>'
FOUR = "".join(note(pitch, 4) for pitch in ("C5", "D5", "E5", "F5"))


def data(html, kind):
    return [base64.b64decode(found) for found in re.findall(f'data:{kind};base64,([^"]+)', html)]


@pytest.mark.slow
@pytest.mark.parametrize("load", [load_score, load_sheet])
def test_a_picture_and_a_player_are_within_the_page(load):
    html = load(tune(QUICK + FOUR, FOUR).encode())._repr_html_()
    [svg] = data(html, "image/svg\\+xml")
    [sound] = data(html, "audio/mpeg")
    assert svg.startswith(b"<svg")
    assert svg.count(b'class="note"') == 8
    assert 2 < soundfile.info(io.BytesIO(sound)).duration < 4
    assert "http" not in re.sub(r"base64,[^\"]+", "", html)


@pytest.mark.slow
def test_of_a_long_piece_the_first_pages_are_shown_and_its_beginning_is_heard(monkeypatch):
    monkeypatch.setattr(notebook, "MOST_QUARTERS", 16)
    sheet = load_sheet(tune(QUICK + FOUR, *[FOUR] * 199).encode())
    html = sheet._repr_html_()
    assert len(data(html, "image/svg\\+xml")) == 2
    assert re.search(r"2 of \d+ pages", html)
    [sound] = data(html, "audio/mpeg")
    length = soundfile.info(io.BytesIO(sound)).duration
    assert 4 < length < 8
    assert "the beginning" in html
    assert len(html) < 12_000_000


@pytest.mark.slow
def test_a_page_without_notes_is_shown_without_a_player():
    html = load_sheet(tune(note(None, 16, "whole")).encode())._repr_html_()
    assert len(data(html, "image/svg\\+xml")) == 1
    assert "no sound: the score has no notes to play" in html


def test_what_cannot_be_made_is_said_and_nothing_fails(monkeypatch):
    def missing(*_, **__):
        raise ModuleNotFoundError("No module named 'verovio'")

    monkeypatch.setattr(notebook, "_pictures", missing)
    monkeypatch.setattr(notebook, "_player", missing)
    html = load_sheet(tune(FOUR).encode())._repr_html_()
    assert html.count("No module named &#x27;verovio&#x27;") == 2


@pytest.mark.slow
def test_another_format_is_tried_where_mp3_cannot_be_written(monkeypatch):
    formats = []
    encode = audio.audio_bytes

    def without_mp3(notes, suffix, **options):
        formats.append(suffix)
        if suffix == ".mp3":
            raise RuntimeError("unknown format")
        return encode(notes, suffix, **options)

    monkeypatch.setattr(audio, "audio_bytes", without_mp3)
    html = load_sheet(tune(QUICK + FOUR).encode())._repr_html_()
    assert formats == [".mp3", ".ogg"]
    assert len(data(html, "audio/ogg")) == 1


def test_titles_cannot_leave_the_picture(monkeypatch):
    sheet = load_sheet(
        tune(FOUR)
        .replace("<part-list>", "<work><work-title>&lt;b&gt;\"'x</work-title></work><part-list>")
        .encode()
    )
    assert sheet.title == "<b>\"'x"
    monkeypatch.setattr(notebook, "_player", lambda music: "")
    html = sheet._repr_html_()
    assert "<b>" not in html
    assert 'alt="&lt;b&gt;&quot;&#x27;x"' in html


def test_a_score_is_one_line_in_a_terminal():
    assert repr(load_score(tune(FOUR, FOUR).encode())).endswith(": soprano; 2 bars in C major>")
    assert repr(load_sheet(tune(FOUR).encode())).endswith(": Soprano; 1 bar>")


def test_nothing_heavy_is_imported_before_a_score_is_shown():
    code = (
        "import sys, bachbot\n"
        "bachbot.load_sheet(sys.argv[1].encode())\n"
        "print([m for m in ('verovio', 'scipy', 'soundfile', 'music21') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tune(FOUR)], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
