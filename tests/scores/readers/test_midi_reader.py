"""MIDI files: performances quantized, spelled and barred."""

import io
from fractions import Fraction

import mido
import pytest
from pieces import EXAMPLES, load_clean, notes_of, notices_of

from bachbot.chorale import Meter
from bachbot.errors import ScoreError
from bachbot.scores import load_score
from bachbot.scores.readers.document import read_document
from bachbot.scores.readers.midi.midi_reader import midi_tree


def midi(*messages, ticks=480):
    return tracks(messages, ticks=ticks)


def tracks(*lists, ticks=480):
    """A file of several tracks of messages."""
    file = mido.MidiFile(ticks_per_beat=ticks)
    file.tracks += [mido.MidiTrack(messages) for messages in lists]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def played(*rows, channel=0):
    """Messages of notes, each (pitch, start, stop) in ticks."""
    events = []
    for pitch, start, stop in rows:
        events += [(start, 1, pitch), (stop, 0, pitch)]
    out, now = [], 0
    for at, on, pitch in sorted(events, key=lambda e: (e[0], e[1])):
        kind = "note_on" if on else "note_off"
        out.append(mido.Message(kind, note=pitch, channel=channel, velocity=64, time=at - now))
        now = at
    return out


def lengths(score):
    return [row[3] for row in notes_of(score)]


def test_a_performance_is_quantized(put):
    # Early, late, detached and overlapping by a little.
    content = midi(*played((60, 0, 470), (62, 484, 950), (64, 955, 1450), (65, 1438, 1915)))
    score = load_clean(put("played.mid", content))
    assert lengths(score) == [1, 1, 1, 1]
    assert score.chorale.pitch[::4, 0].tolist() == [60, 62, 64, 65]


def test_triplets_are_written_as_triplets(put):
    content = midi(*played((60, 0, 160), (62, 160, 320), (64, 320, 480), (65, 480, 1920)))
    score = load_score(put("triplets.mid", content))
    assert [notice.kind for notice in score.notices] == ["off grid"]
    assert lengths(score) == [Fraction(1, 3)] * 3 + [3]
    assert len(list(score.document.part(0).iter("time-modification"))) == 3


def test_a_note_over_the_bar_line_is_tied(put):
    content = midi(*played((60, 0, 1440), (62, 1440, 2400), (64, 2400, 3840)))
    score = load_clean(put("tied.mid", content))
    assert lengths(score) == [3, 1, 1, 3]
    assert [row[4] for row in notes_of(score)] == [[], ["start"], ["stop"], []]


def test_notes_are_spelled_for_the_key(put):
    leading = midi(
        mido.MetaMessage("key_signature", key="Am"),
        *played((69, 0, 480), (68, 480, 960), (69, 960, 1920)),
    )
    assert [row[:2] for row in notes_of(load_clean(put("am.mid", leading)))][1] == ("G", 1)
    flat = midi(*played((65, 0, 480), (70, 480, 960), (69, 960, 1440), (65, 1440, 1920)))
    score = load_clean(put("f.mid", flat))
    assert notes_of(score)[1][:2] == ("B", -1)
    # Without a written signature the estimated one is written.
    assert score.document.signatures[0].fifths == score.chorale.key.fifths == -1


def test_silence_before_the_first_note_makes_a_pickup(put):
    late = played((60, 1440, 1920), (65, 1920, 3840), (64, 3840, 5280))
    score = load_clean(put("late.mid", midi(*late)))
    assert score.chorale.meter == Meter(4, 4, pickup=4)
    assert score.chorale.position[:5].tolist() == [12, 13, 14, 15, 0]
    assert score.chorale.frames == 4 + 16 + 12
    # As other programs write it: a short bar of its own meter.
    short = [
        mido.MetaMessage("time_signature", numerator=1, denominator=4),
        *played((60, 0, 480))[:2],
        mido.MetaMessage("time_signature", numerator=4, denominator=4),
        *played((65, 0, 1920)),
    ]
    score = load_clean(put("short.mid", midi(*short)))
    assert score.chorale.meter == Meter(4, 4, pickup=4)


def test_chords_percussion_and_seconds(put):
    chord = midi(*played((60, 0, 480), (64, 480, 960), (67, 480, 960)))
    found = load_score(put("chord.mid", chord))
    assert [note.pitch for note in found.lines[0].notes] == [60, 67]
    assert [notice.kind for notice in found.notices] == ["chords"]
    # A note that is held below others is a voice of its own.
    held = load_score(put("held.mid", midi(*played((60, 0, 1920), (64, 0, 480), (65, 480, 1920)))))
    assert [(n.pitch, n.length) for n in held.lines[0].notes] == [(64, 1), (65, 3)]
    assert [(n.pitch, n.length) for n in held.document.lines[1].notes] == [(60, 4)]
    drums = midi(*played((36, 0, 480), channel=9))
    with pytest.raises(ScoreError, match="percussion"):
        load_score(put("drums.mid", drums))
    band = midi(*played((36, 0, 480), channel=9), *played((60, 0, 480)))
    assert notices_of(put("band.mid", band)) == {"percussion": "its percussion is ignored"}
    with pytest.raises(ScoreError, match="in seconds"):
        load_score(put("smpte.mid", midi(*played((60, 0, 480)), ticks=-7400)))


def test_midi_ends_with_a_final_bar_line():
    score = load_clean(EXAMPLES / "auld-lang-syne.mid")
    styles = [b.text for b in score.document.root.iter("bar-style")]
    assert styles == ["light-heavy"]


def lines_of(score, part=0):
    """Pitch, start and length of each note of each line of a part."""
    return [
        [(n.pitch, n.start, n.length) for n in line.notes] for line in score.document.lines_of(part)
    ]


def test_a_lone_note_of_two_voices_is_their_unison():
    rows = [(72, 0, 960), (64, 0, 480), (65, 480, 960), (67, 960, 1440), (71, 1440, 1920),
            (67, 1440, 1920)]  # fmt: skip
    upper, lower = lines_of(load_score(midi(*played(*rows))))
    assert upper == [(72, 0, 2), (67, 2, 1), (71, 3, 1)]
    assert lower == [(64, 0, 1), (65, 1, 1), (67, 2, 1), (67, 3, 1)]


def test_a_unison_that_is_struck_twice_is_two_notes():
    on, off = ("note_on", "note_off")
    messages = [
        mido.Message(on, note=67), mido.Message(on, note=67), mido.Message(off, note=67, time=480),
        mido.Message(on, note=65), mido.Message(off, note=67, time=480),
        mido.Message(off, note=65),
    ]  # fmt: skip
    upper, lower = lines_of(load_score(midi(*messages)))
    assert (upper, lower) == ([(67, 0, 2)], [(67, 0, 1), (65, 1, 1)])


def test_notes_that_overlap_a_little_are_one_line():
    rows = [(60 + i, 480 * i, 480 * i + 560) for i in range(8)]
    assert len(lines_of(load_clean(midi(*played(*rows))))) == 1


def test_a_hymn_with_two_voices_in_each_track_has_two_lines_a_staff():
    high = played((72, 0, 480), (71, 480, 960), (72, 960, 1920), (67, 0, 960), (64, 960, 1920))
    low = played((55, 0, 960), (55, 960, 1440), (53, 1440, 1920), (48, 0, 480), (50, 480, 960),
                 (48, 960, 1920))  # fmt: skip
    document = read_document(midi_tree(tracks(high, low))[0])
    found = [[len(line.notes) for line in document.lines_of(part)] for part in (0, 1)]
    assert found == [[3, 2], [3, 3]]


def test_words_of_a_track_of_their_own_go_to_the_track_they_fit():
    words = [mido.MetaMessage("lyrics", text=t, time=480) for t in ("one ", "two ", "three ")]
    bass = played((48, 0, 1920))
    tune = played((60, 0, 480), (62, 480, 960), (64, 960, 1440), (65, 1440, 1920))
    document = load_score(tracks(words, bass, tune)).document
    sung = [[y.findtext("text") for y in document.part(p).iter("lyric")] for p in (0, 1)]
    assert sung == [[], ["one", "two", "three"]]


def test_a_damaged_track_is_read_up_to_the_damage():
    whole = midi(*played((60, 0, 480), (62, 480, 960), (64, 960, 1440), (65, 1440, 1920)))
    score = load_score(whole[:-12])
    assert score.chorale.pitch[::4, 0].tolist()[:3] == [60, 62, 64]
    assert "not read" in [notice.kind for notice in score.notices]
