"""The domain: chorales, voices, meter, key and what is given; needs only numpy."""

from bachbot.chorale.chorale import REST, Chorale
from bachbot.chorale.given import Given
from bachbot.chorale.given_chord import GivenChord, GivenHarmony
from bachbot.chorale.key import (
    FINAL_TRIAD,
    STANDARD,
    TONIC_TRIAD,
    Key,
    Mode,
    line_of_fifths,
    note_name,
)
from bachbot.chorale.meter import FRAMES_PER_QUARTER, Meter
from bachbot.chorale.pulse import Pulse
from bachbot.chorale.voice_ranges import BACH_RANGES, Choir, VoiceRanges
from bachbot.chorale.voices import VOICES, Voice, parse_voices

__all__ = [
    "BACH_RANGES",
    "FINAL_TRIAD",
    "FRAMES_PER_QUARTER",
    "REST",
    "STANDARD",
    "TONIC_TRIAD",
    "VOICES",
    "Choir",
    "Chorale",
    "Given",
    "GivenChord",
    "GivenHarmony",
    "Key",
    "Meter",
    "Mode",
    "Pulse",
    "Voice",
    "VoiceRanges",
    "line_of_fifths",
    "note_name",
    "parse_voices",
]
