"""Music for a slide show: one piece whose sections begin when their slides do.

Each slide takes the phrases of the tune that come next, in its own mood and key. How many they are
follows from the mood's tempo; then the tempo is set so that the next section begins exactly on
time. Between two moods a few chords modulate. The last section ends as the tune ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Key, Voice
from bachbot.engine.mood import MoodResult, tempo_mark
from bachbot.engine.section_plan import Plan, Span, plan_sections
from bachbot.engine.slides import Slide, SlideShow
from bachbot.scores import Score, soundings
from bachbot.scores.interval import key_words
from bachbot.scores.musicxml.complete import creators_of
from bachbot.scores.musicxml.directions import TempoMark
from bachbot.scores.musicxml.sections import Section, from_sections
from bachbot.scores.performance import FASTEST, SLOWEST, Passage, Performance
from bachbot.scores.sound.timing import tempo_map
from bachbot.theory.modulation import MOST_CHORDS, link_chords


@dataclass(frozen=True)
class SlideTime:
    """The music of one slide.

    Parameters
    ----------
    slide : Slide
        What was asked.
    wanted, begins : float
        When the slide begins and when its music does, in seconds.
    key : Key
        Key of its music.
    tempo : float
        Quarter notes per minute.
    bar : int
        Bar in which it begins, as it is numbered on the page.
    """

    slide: Slide
    wanted: float
    begins: float
    key: Key
    tempo: float
    bar: int

    @property
    def beats_off(self) -> float:
        """How many quarter notes the music begins after its slide (below 0: before it)."""
        return (self.begins - self.wanted) * self.tempo / 60

    def to_json(self) -> dict[str, object]:
        """Convert to plain data, times in seconds."""
        return {
            "title": self.slide.title,
            "mood": self.slide.mood,
            "seconds": self.slide.seconds,
            "slide_begins": round(self.wanted, 3),
            "music_begins": round(self.begins, 3),
            "key": key_words(self.key),
            "tempo": round(self.tempo, 2),
            "bar": self.bar,
        }


@dataclass(frozen=True, eq=False)
class SlideShowResult:
    """The music of a slide show.

    Parameters
    ----------
    score : Score
        One piece, with its performance.
    times : tuple of SlideTime
        One for each slide.
    seconds : float
        When the last note ends.
    """

    score: Score
    times: tuple[SlideTime, ...]
    seconds: float

    def _repr_html_(self) -> str:
        """A picture and a player, for a notebook."""
        from bachbot.scores.notebook import html_of

        return html_of(self.score)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data, such as a video editor needs."""
        return {
            "title": self.score.title,
            "seconds": round(self.seconds, 3),
            "slides": [one.to_json() for one in self.times],
        }


def assemble(show: SlideShow, tune: Score, moods: Mapping[str, MoodResult]) -> SlideShowResult:
    """Make one piece of a tune in several moods.

    Parameters
    ----------
    show : SlideShow
        The slides.
    tune : Score
        The tune as it was loaded.
    moods : mapping of str to MoodResult
        The tune in each mood of the show.

    Returns
    -------
    SlideShowResult
    """
    slides = show.slides
    loops = {name: _Loop(_without_fermatas(found.score.chorale)) for name, found in moods.items()}
    plan = Plan.of(tune, {name: found.tempo for name, found in moods.items()})
    spans = plan_sections(plan, slides)
    sections = []
    for index, (slide, span) in enumerate(zip(slides, spans, strict=True)):
        music = loops[slide.mood].music(span)
        following = None
        if index + 1 < len(slides):
            following = loops[slides[index + 1].mood].music(spans[index + 1])
        music, link = _joined_to(music, following, span)
        sections.append(Section(music, link))
    tempos = [
        min(FASTEST, max(SLOWEST, section.frames / FRAMES_PER_QUARTER * 60 / slide.seconds))
        for slide, section in zip(slides, sections, strict=True)
    ]
    title = show.title or tune.title
    creators = creators_of(tune.document.root)
    bare = from_sections(sections, title, creators)
    tempos[-1] = _last_tempo(bare, sections, tempos, slides, moods)
    performance = _performance(sections, tempos, slides, moods)
    marked = [
        replace(section, mark=_mark(slides, index, tempos[index], section, moods))
        for index, section in enumerate(sections)
    ]
    score = replace(from_sections(marked, title, creators), performance=performance)
    return SlideShowResult(score, *_times(score, sections, slides, performance))


@dataclass(frozen=True, eq=False)
class _Loop:
    """A tune in a mood that can be played again and again."""

    chorale: Chorale

    def music(self, span: Span) -> Chorale:
        """The frames of a span; the tune begins again when it has ended."""
        whole, frames = self.chorale, self.chorale.frames + span.gap
        pitch, tied = whole.pitch, whole.tied
        if span.gap:
            # The last chord is held until the next beginning.
            pitch = np.concatenate([pitch, np.repeat(pitch[-1:], span.gap, axis=0)])
            held = np.repeat(pitch[whole.frames - 1 : whole.frames] != REST, span.gap, axis=0)
            tied = np.concatenate([tied, held])
        bar = whole.meter.bar_frames
        position = np.append(whole.position, (whole.position[-1] + 1 + np.arange(span.gap)) % bar)
        at = np.arange(span.start, span.stop) % frames
        tied = tied[at].copy()
        tied[0] = False
        return Chorale(
            pitch[at],
            tied,
            np.zeros(len(at), dtype=np.bool_),
            meter=replace(whole.meter, pickup=0),
            key=whole.key,
            name=whole.name,
            position=position[at],
        )


def _without_fermatas(chorale: Chorale) -> Chorale:
    """A slide does not wait for a fermata."""
    return replace(chorale, fermata=np.zeros(chorale.frames, dtype=np.bool_))


def _joined_to(
    music: Chorale, following: Chorale | None, span: Span
) -> tuple[Chorale, Chorale | None]:
    """The music of a section, and the link to the next one.

    A gap before music in the same key is filled by holding the last chord.
    """
    if following is None or not span.link:
        return music, None
    position = (int(music.position[-1]) + 1 + np.arange(span.link)) % music.meter.bar_frames
    last = music.pitch[-1]
    if following.key == music.key:
        held = np.repeat(last[None], span.link, axis=0)
        return replace(
            music,
            pitch=np.concatenate([music.pitch, held]),
            tied=np.concatenate([music.tied, held != REST]),
            fermata=np.zeros(music.frames + span.link, dtype=np.bool_),
            position=np.concatenate([music.position, position]),
        ), None
    chords = link_chords(
        _sounding(music.pitch[::-1]),
        _sounding(following.pitch),
        music.key,
        following.key,
        span.chords(music.meter.beat_frames, MOST_CHORDS),
    )
    lengths = _chord_lengths(span.link, len(chords), music.meter.beat_frames)
    pitch = np.repeat(chords, lengths, axis=0)
    tied = np.ones(pitch.shape, dtype=np.bool_)
    tied[np.cumsum([0, *lengths[:-1]])] = False
    link = Chorale(
        pitch,
        tied,
        np.zeros(len(pitch), dtype=np.bool_),
        meter=music.meter,
        key=following.key,
        position=position.astype(np.int16),
    )
    return music, link


def _sounding(pitch: NDArray[np.int16]) -> list[int]:
    """The first pitch of each voice; a voice that never sounds gets the middle of its range."""
    found = []
    for voice in Voice:
        column = pitch[:, voice][pitch[:, voice] != REST]
        found.append(int(column[0]) if len(column) else sum(voice.range) // 2)
    return found


def _chord_lengths(frames: int, count: int, beat: int) -> list[int]:
    """Frames of each chord of a link: a beat, and the first one takes what is over."""
    short = min(beat, frames // count)
    return [frames - short * (count - 1), *[short] * (count - 1)]


def _performance(
    sections: Sequence[Section],
    tempos: Sequence[float],
    slides: Sequence[Slide],
    moods: Mapping[str, MoodResult],
) -> Performance:
    starts = np.cumsum([0, *(section.frames for section in sections)]).tolist()
    return Performance(
        tuple(
            Passage(
                tempo,
                Fraction(start, FRAMES_PER_QUARTER),
                moods[slide.mood].mood.legato,
                moods[slide.mood].mood.loudness,
            )
            for tempo, start, slide in zip(tempos, starts, slides, strict=False)
        )
    )


def _last_tempo(
    score: Score,
    sections: Sequence[Section],
    tempos: Sequence[float],
    slides: Sequence[Slide],
    moods: Mapping[str, MoodResult],
) -> float:
    """Tempo of the last section: it slows down at its end, and still ends on time."""
    performance = _performance(sections, tempos, slides, moods)
    frames = sum(section.frames for section in sections)
    bounds = [(frames - sections[-1].frames) / FRAMES_PER_QUARTER, frames / FRAMES_PER_QUARTER]
    begin, end = tempo_map(soundings(score), performance).at(bounds)
    # Its seconds are inversely proportional to its tempo.
    return min(FASTEST, max(SLOWEST, tempos[-1] * float(end - begin) / slides[-1].seconds))


def _mark(
    slides: Sequence[Slide],
    index: int,
    tempo: float,
    section: Section,
    moods: Mapping[str, MoodResult],
) -> TempoMark:
    slide = slides[index]
    label = f"{index + 1}. {slide.title}" if slide.title else str(index + 1)
    return tempo_mark(moods[slide.mood].mood, tempo, section.music, label)


def _times(
    score: Score,
    sections: Sequence[Section],
    slides: Sequence[Slide],
    performance: Performance,
) -> tuple[tuple[SlideTime, ...], float]:
    """When the music of each slide begins as it is played, and when it ends."""
    starts = np.cumsum([0, *(section.frames for section in sections)]) / FRAMES_PER_QUARTER
    begins = tempo_map(soundings(score), performance).at(starts.tolist())
    wanted = np.cumsum([0, *(slide.seconds for slide in slides)])
    numbers = _bar_numbers(score, starts)
    times = tuple(
        SlideTime(
            slide,
            float(wanted[index]),
            float(begins[index]),
            sections[index].music.key,
            performance.passages[index].tempo,
            numbers[index],
        )
        for index, slide in enumerate(slides)
    )
    return times, float(begins[-1])


def _bar_numbers(score: Score, starts: NDArray[np.float64]) -> list[int]:
    """The printed number of the bar that begins at each time."""
    measures = score.document.part(0).findall("measure")
    numbers = {
        float(bar.start): int(measure.get("number", "0"))
        for measure, bar in zip(measures, score.document.bars, strict=True)
    }
    return [numbers[float(start)] for start in starts[:-1]]
