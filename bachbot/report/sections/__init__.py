"""The sections of a report, in their order."""

from collections.abc import Iterable

from bachbot.errors import UsageError
from bachbot.report.section import Section
from bachbot.report.sections.basses import BASSES
from bachbot.report.sections.detection import DETECTION
from bachbot.report.sections.harmonization import HARMONIZATION
from bachbot.report.sections.losses import LOSSES
from bachbot.report.sections.music import MUSIC
from bachbot.report.sections.novelty import NOVELTY
from bachbot.report.sections.partwriting import PARTWRITING
from bachbot.report.sections.pianoroll import PIANOROLL
from bachbot.report.sections.style import STYLE
from bachbot.report.sections.training import TRAINING

SECTIONS: tuple[Section, ...] = (
    LOSSES,
    HARMONIZATION,
    BASSES,
    PARTWRITING,
    MUSIC,
    STYLE,
    NOVELTY,
    DETECTION,
    PIANOROLL,
    TRAINING,
)


def sections(names: Iterable[str] = ()) -> tuple[Section, ...]:
    """The sections with some names, in the order of the report; all if there are no names.

    Raises
    ------
    UsageError
        If there is no section of a name.
    """
    wanted = list(names)
    known = [section.name for section in SECTIONS]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(f"there is no section '{unknown[0]}': give some of {', '.join(known)}")
    return tuple(section for section in SECTIONS if not wanted or section.name in wanted)
