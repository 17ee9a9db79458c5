"""The engine: what the command line, a server and notebooks call."""

from bachbot.engine.engine import DEFAULT_CHECKPOINT, Engine, Progress
from bachbot.engine.mood import MoodResult
from bachbot.engine.one_call import compose_pieces, harmonize, mood, realize, slideshow
from bachbot.engine.requests import ComposeOptions, DecodingResult
from bachbot.engine.slides import Slide, SlideShow, read_slideshow
from bachbot.engine.slideshow import SlideShowResult

__all__ = [
    "DEFAULT_CHECKPOINT",
    "ComposeOptions",
    "DecodingResult",
    "Engine",
    "MoodResult",
    "Progress",
    "Slide",
    "SlideShow",
    "SlideShowResult",
    "compose_pieces",
    "harmonize",
    "mood",
    "read_slideshow",
    "realize",
    "slideshow",
]
