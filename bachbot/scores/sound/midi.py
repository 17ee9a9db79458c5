"""A score as a standard MIDI file."""

import io
from collections.abc import Iterable
from fractions import Fraction

from bachbot.scores.grid import Bar, bar_offsets
from bachbot.scores.performance import Passage, Performance
from bachbot.scores.provenance import MARK
from bachbot.scores.score import Score, Sounding
from bachbot.scores.sheet import Sheet, sheet_soundings

TICKS = 480
"""Ticks in a quarter note."""

_VELOCITY = 80
_CHANNELS = 16
_PERCUSSION = 9
_MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")


def midi_bytes(
    score: Score | Sheet, tempo: float | Performance, *, program: int, marked: bool = True
) -> bytes:
    """Return a score as a MIDI file of format 1.

    The first track has title, tempo and signatures; each voice has its own track and channel, so
    that unisons and voice crossings are kept.

    Parameters
    ----------
    score : Score or Sheet
        Any number of voices; those of a sheet share the channels if there are more than 15.
    tempo : float or Performance
        Quarter notes per minute; or the tempo, articulation and loudness of passages.
    program : int
        General MIDI program of every voice, 0 to 127.
    marked : bool
        Whether a text names bachbot.

    Returns
    -------
    bytes
        The file.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="utf-8")
    plan = tempo if isinstance(tempo, Performance) else Performance((Passage(tempo),))
    file.tracks.append(_conductor_track(score, plan, marked=marked))
    if isinstance(score, Score):
        names = {int(voice): voice.label.capitalize() for voice in score.present}
    else:
        names = {index: voice.name for index, voice in enumerate(score.voices)}
    notes: dict[int, list[Sounding]] = {voice: [] for voice in names}
    for note in sheet_soundings(score):
        notes[note.voice].append(note)
    for voice, name in names.items():
        channel = channel_of(voice)
        messages = [
            mido.MetaMessage("track_name", name=name, time=0),
            mido.Message("program_change", channel=channel, program=min(program, 127), time=0),
        ]
        messages += _note_messages(notes[voice], channel, plan)
        file.tracks.append(_track(messages))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def channel_of(voice: int) -> int:
    """The MIDI channel of a voice, which is not that of percussion."""
    channel = voice % (_CHANNELS - 1)
    return channel + (channel >= _PERCUSSION)


def _conductor_track(score: Score | Sheet, plan: Performance, *, marked: bool):  # type: ignore[no-untyped-def]  # a mido track
    import mido

    document = score.document
    messages = [
        mido.MetaMessage("track_name", name=score.title, time=0),
        *([mido.MetaMessage("text", text=MARK, time=0)] if marked else []),
        *(
            mido.MetaMessage(
                "set_tempo", tempo=round(60_000_000 / one.tempo), time=round(one.start * TICKS)
            )
            for one in plan.passages
        ),
    ]
    before = None
    for index, bar in enumerate(document.bars):
        meter = _pickup(bar) if index == 0 and bar_offsets(document.bars)[0] else None
        meter = meter or (bar.beats, bar.unit)
        if meter != before and 1 <= meter[0] <= 255:
            before = meter
            messages.append(
                mido.MetaMessage(
                    "time_signature",
                    numerator=meter[0],
                    denominator=meter[1],
                    time=round(bar.start * TICKS),
                )
            )
    for signature in document.signatures:
        mode = signature.mode or (score.chorale.key.mode if isinstance(score, Score) else "major")
        names = _MINOR if mode == "minor" else _MAJOR
        if abs(signature.fifths) <= 7:
            key = names[signature.fifths + 7] + ("m" if mode == "minor" else "")
            messages.append(
                mido.MetaMessage("key_signature", key=key, time=round(signature.start * TICKS))
            )
    return _track(messages)


def _pickup(bar: Bar) -> tuple[int, int] | None:
    """Return the time signature of a short measure: MIDI cannot write a pickup otherwise."""
    for unit in (bar.unit, 8, 16):
        beats = bar.length * unit / 4
        if beats.denominator == 1:
            return int(beats), unit
    return None


def _note_messages(notes: Iterable[Sounding], channel: int, plan: Performance) -> list:
    import mido

    messages = []
    for note in notes:
        passage = plan.at(note.start)
        length = note.length * Fraction(passage.legato) if passage.legato < 1 else note.length
        start, stop = round(note.start * TICKS), round((note.start + length) * TICKS)
        # General MIDI squares the velocity.
        velocity = max(1, round(_VELOCITY * passage.gain**0.5))
        # At the same time a note ends before the next begins: `_track` sorts stably.
        for kind, at in (("note_on", start), ("note_off", stop)):
            messages.append(
                mido.Message(
                    kind,
                    channel=channel,
                    note=note.pitch,
                    velocity=velocity if kind == "note_on" else 0,
                    time=at,
                )
            )
    return messages


def _track(messages: list):  # type: ignore[no-untyped-def]  # a mido track
    """Sort messages by absolute time and convert to delta times."""
    import mido

    track = mido.MidiTrack()
    now = 0
    for message in sorted(messages, key=lambda m: m.time):
        track.append(message.copy(time=message.time - now))
        now = message.time
    track.append(mido.MetaMessage("end_of_track", time=0))
    return track
