"""The bytes of a MIDI file: its tracks and what happens in them.

mido makes an object of each event, five seconds for a file of 1 MB, and refuses a file for one
damaged byte. This reader makes nothing of what it passes over, counts what it makes, and reads a
damaged track up to the damage.
"""

from dataclasses import dataclass, field

from bachbot.errors import ScoreError
from bachbot.scores.readers.budget import MAX_BARS, MAX_QUARTERS, Budget

_PERCUSSION = 9
_TEXT, _NAME, _LYRIC, _END, _TEMPO, _METER, _KEY = 0x01, 0x03, 0x05, 0x2F, 0x51, 0x58, 0x59
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_LONGEST_TEXT = 200


@dataclass
class TickNote:
    """A note: channel, MIDI pitch, start and stop in ticks."""

    channel: int
    pitch: int
    start: int
    stop: int


@dataclass
class MidiTrack:
    """A track.

    Parameters
    ----------
    name : bytes
        Its first name.
    notes : list of TickNote
        In the order in which they begin, without percussion.
    lyrics, texts : list of (int, bytes)
        Tick and content of its lyric events, and of its other texts.
    """

    name: bytes = b""
    notes: list[TickNote] = field(default_factory=list)
    lyrics: list[tuple[int, bytes]] = field(default_factory=list)
    texts: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass
class MidiFile:
    """The content of a MIDI file.

    Parameters
    ----------
    ticks : int
        In a quarter note.
    meters : dict of int to (int, int)
        Time signatures by tick.
    keys : dict of int to (int, bool)
        Key signatures by tick: sharps or minus flats, and whether it is minor.
    tempos : dict of int to int
        Microseconds a quarter note, by tick.
    percussion, damaged : bool
        Whether there were notes on the percussion channel, and whether a track is damaged.
    """

    ticks: int
    tracks: list[MidiTrack] = field(default_factory=list)
    meters: dict[int, tuple[int, int]] = field(default_factory=dict)
    keys: dict[int, tuple[int, bool]] = field(default_factory=dict)
    tempos: dict[int, int] = field(default_factory=dict)
    percussion: bool = False
    damaged: bool = False


def parse_midi(content: bytes, budget: Budget) -> MidiFile:
    """Parse a MIDI file of any of its formats.

    Raises
    ------
    ScoreError
        If it is not a MIDI file, counts time in seconds, or is too long.
    """
    if content[:4] != b"MThd" or len(content) < 14:
        raise ScoreError("it cannot be read as MIDI (it has no header): export it again")
    division = int.from_bytes(content[12:14])
    if division >= 0x8000:
        raise ScoreError("its MIDI counts time in seconds: export it with time in beats")
    if not division:
        raise ScoreError("its MIDI has no ticks in a beat: export it again")
    file = MidiFile(division)
    position = 8 + int.from_bytes(content[4:8])
    while position + 8 <= len(content):
        end = position + 8 + int.from_bytes(content[position + 4 : position + 8])
        if content[position : position + 4] == b"MTrk" and end > position + 8:
            if end > len(content):
                file.damaged = True
            _Track(file, budget).read(content[position + 8 : end])
        position = end
    return file


class _Track:
    """Reads the events of one track."""

    def __init__(self, file: MidiFile, budget: Budget) -> None:
        self.file = file
        self.budget = budget
        self.track = MidiTrack()
        self.now = 0
        self.sounding: dict[int, list[TickNote]] = {}

    def read(self, data: bytes) -> None:
        try:
            self._events(data)
        except IndexError:  # it ends within an event
            self.file.damaged = True
        track = self.track
        # A note that is never ended lasts to the end of the others, and a beat at least.
        last = max((note.stop for note in track.notes), default=0)
        for notes in self.sounding.values():
            for note in notes:
                note.stop = max(last, note.start + self.file.ticks)
        if track.notes or track.name or track.lyrics or track.texts:
            self.file.tracks.append(track)

    def _events(self, data: bytes) -> None:
        position, status, now, length = 0, 0, 0, len(data)
        while position < length:
            byte = data[position]
            position += 1
            delta = byte & 0x7F
            size = 1
            while byte & 0x80:
                byte = data[position]
                position += 1
                delta = delta << 7 | byte & 0x7F
                size += 1
                if size > 4:
                    self.file.damaged = True
                    return
            now += delta
            byte = data[position]
            if byte >= 0xF0:
                position = self._system(data, position, now)
                if position < 0:
                    return
                continue
            if byte & 0x80:
                status = byte
                position += 1
            kind = status & 0xF0
            if not status:  # data without a status
                self.file.damaged = True
                return
            first = data[position]
            second = data[position + 1] if _DATA_BYTES[kind] == 2 else 0
            position += _DATA_BYTES[kind]
            if (first | second) & 0x80:
                self.file.damaged = True
                return
            if kind == 0x90 or kind == 0x80:
                self._note(status & 0x0F, first, now, sounds=kind == 0x90 and second > 0)

    def _note(self, channel: int, pitch: int, now: int, *, sounds: bool) -> None:
        if channel == _PERCUSSION:
            self.file.percussion = self.file.percussion or sounds
            return
        key = channel << 7 | pitch
        others = self.sounding.get(key)
        if (others or sounds) and now > MAX_QUARTERS * self.file.ticks:
            self.budget.reach(now // self.file.ticks + 1)
        if others and (not sounds or others[-1].start < now):
            # A note that begins again ends first; two that begin together are a unison.
            others.pop().stop = now
            if not others:
                del self.sounding[key]
        if sounds:
            self.budget.note()
            note = TickNote(channel, pitch, now, now)
            self.sounding.setdefault(key, []).append(note)
            self.track.notes.append(note)

    def _system(self, data: bytes, position: int, now: int) -> int:
        """Read a meta event or pass over a system message; return where it ends, or -1."""
        status = data[position]
        position += 1
        kind = -1
        if status == 0xFF:
            kind = data[position]
            position += 1
        elif status not in (0xF0, 0xF7):
            return position + _SYSTEM_BYTES.get(status, 0)
        length = 0
        for _ in range(5):
            byte = data[position]
            position += 1
            length = length << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        end = position + length
        if end > len(data):
            self.file.damaged = True
            return -1
        if kind == _END:
            return -1
        if kind >= 0:
            self._meta(kind, data[position : min(end, position + _LONGEST_TEXT)], now)
        return end

    def _meta(self, kind: int, value: bytes, now: int) -> None:
        file, track = self.file, self.track
        if kind == _NAME:
            track.name = track.name or value
        elif kind == _LYRIC and value:
            self._text(track.lyrics, value, now)
        elif kind == _TEXT and value:
            self._text(track.texts, value, now)
        elif kind == _TEMPO and len(value) == 3:
            if any(value):
                self._sign(file.tempos, now, int.from_bytes(value))
        elif kind == _METER and len(value) >= 2 and value[0] and value[1] <= 6:
            self._sign(file.meters, now, (value[0], 2 ** value[1]))
        elif kind == _KEY and len(value) == 2:
            fifths = int.from_bytes(value[:1], signed=True)
            if abs(fifths) <= 7 and value[1] <= 1:
                self._sign(file.keys, now, (fifths, value[1] == 1))

    def _text(self, texts: list[tuple[int, bytes]], value: bytes, now: int) -> None:
        self.budget.note()  # a syllable counts as a note
        texts.append((now, value))

    def _sign(self, signs: dict, now: int, sign: tuple | int) -> None:
        if now <= MAX_QUARTERS * self.file.ticks:
            signs[now] = sign
        if len(signs) > MAX_BARS:
            raise ScoreError(f"it has more than {MAX_BARS} signatures: export it again")
