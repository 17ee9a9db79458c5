"""The domain: chorales, voices, metre, key and what is given. numpy only."""

from bachbot.chorale.chorale import REST, Chorale
from bachbot.chorale.given import Given
from bachbot.chorale.key import STANDARD, Key, Mode, line_of_fifths, note_name
from bachbot.chorale.metre import FRAMES_PER_QUARTER, Metre
from bachbot.chorale.pulse import Pulse
from bachbot.chorale.voices import VOICES, Voice, parse_voices

__all__ = [
    "FRAMES_PER_QUARTER",
    "REST",
    "STANDARD",
    "VOICES",
    "Chorale",
    "Given",
    "Key",
    "Metre",
    "Mode",
    "Pulse",
    "Voice",
    "line_of_fifths",
    "note_name",
    "parse_voices",
]
