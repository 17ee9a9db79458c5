"""The engine: the one object that the command line, a server and notebooks call."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bachbot.chorale import Voice
from bachbot.decoding import DecodingOptions, fill, try_fill_all
from bachbot.engine.charges import LARGEST, Charges, score_charges
from bachbot.engine.compose_scores import compose_scores
from bachbot.engine.given_harmony import Chords, given_figures, given_harmony
from bachbot.engine.mood import MoodResult, MoodTune
from bachbot.engine.requests import ComposeOptions, DecodingResult, HarmonizeRequest
from bachbot.engine.slides import SlideShow
from bachbot.engine.slideshow import SlideShowResult, assemble
from bachbot.errors import BachbotError, UsageError
from bachbot.files import DEFAULT_CHECKPOINT
from bachbot.runtime import (
    Checkpoint,
    Model,
    build_decoding_model,
    load_checkpoint,
)
from bachbot.scores import BarRange, Score, load_score
from bachbot.scores.stretches import Kept, kept

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


class Engine:
    """A loaded model that composes and harmonizes.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model, as `bachbot.runtime.load_checkpoint` gives it.

    Examples
    --------
    >>> from bachbot import Engine, load_score, save_score  # doctest: +SKIP
    >>> tune = load_score("corpus/examples/twinkle.musicxml")  # doctest: +SKIP
    >>> [best] = Engine.load().harmonize(tune)  # doctest: +SKIP
    >>> save_score(best.score, "twinkle.musicxml")  # doctest: +SKIP
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._models: dict[str, Model] = {}

    @classmethod
    def load(cls, checkpoint: str | Path = DEFAULT_CHECKPOINT) -> "Engine":
        """Load a checkpoint.

        Parameters
        ----------
        checkpoint : str or Path
            Name of a shipped one, or a directory.

        Raises
        ------
        CheckpointError
            If it is missing, damaged, or of another format or vocabulary.
        """
        return cls(load_checkpoint(checkpoint))

    def harmonize(
        self,
        score: Score,
        *,
        given: Kept = (Voice.SOPRANO,),
        bars: BarRange | None = None,
        chords: Chords | None = None,
        cadences: str | None = None,
        phrases: str | tuple[int, ...] | None = None,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[DecodingResult]:
        """Write the voices that are missing, or rewrite some bars.

        The tune is transposed to C major or A minor, decoded and transposed back (Liang and
        others, 2017, section 5, with beam search in place of their greedy search).

        Parameters
        ----------
        score : Score
            From `load_score`; it has the given voices.
        given : sequence of Voice, str, sequence of str, or ndarray of bool, shape [T, 4]
            What comes back unchanged: voices; voices and bars such as
            ``"soprano,alto:5-6,bass:1-8"`` or a list of such text; or any cells. A bar of which
            only some cells are given is written anew on the grid of sixteenths.
        bars : BarRange, optional
            From `bachbot.scores.bars_of`: only these bars are rewritten, in the voices that are
            not given. With ``given=()`` all four are rewritten there.
        chords : str, Path or GivenHarmony, optional
            Chords that the result has on their beats: text such as ``"I | V6 I | IV V7 | I"``
            (`bachbot.theory.given.given_chords`), a file of such text, or ``"score"`` for the chord
            symbols, numerals or figured bass that the score has itself.
        cadences : str, optional
            How phrases end, such as ``"4:HC 8:PAC"`` (`bachbot.theory.given.given_cadences`). It
            comes before `chords` where both give a chord.
        phrases : str or tuple of int, optional
            Where the phrases of the soprano end: bars, or bars and beats, such as ``"4,8,12.3"``,
            or ``"none"`` to leave that to the model; or a frame of the last note of each. Default:
            predicted from the tune and its words, unless it has fermatas.
        options : DecodingOptions, optional
            Method, beam, temperature, seed, number. Default: a beam of 5.
        progress : callable, optional
            Called with the frames done and the number of frames.

        Returns
        -------
        list of DecodingResult
            `options.number` of them, best first.

        Raises
        ------
        UsageError
            If everything is given, nothing, or a voice or bar that the score lacks; if chords or
            cadences cannot be read.
        DecodingError
            If no music keeps what is given.
        """
        options = options or DecodingOptions()
        voices, cells = kept(score, given)
        request = HarmonizeRequest(score, voices, bars, phrases=phrases, mask=cells)
        if chords is not None or cadences is not None:
            harmony = given_harmony(score, request.cells, chords, cadences)
            request = replace(request, harmony=harmony)
        filled = request.fill_request
        found = fill(self._model(options), filled.chorale, filled.given, options, progress=progress)
        return [request.result(candidate, options.difficulty) for candidate in found]

    def realize(
        self,
        score: Score,
        *,
        figures: str | Path | None = None,
        cadences: str | None = None,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[DecodingResult]:
        """Write soprano, alto and tenor over a figured or an unfigured bass.

        Parameters
        ----------
        score : Score
            From ``load_score(..., voices=[Voice.BASS])``.
        figures : str or Path, optional
            Figures such as ``"5 6 | 7 | 5"`` (`bachbot.theory.given.figured_bass.parse_figures`),
            a file of them, or ``"none"``. Default: those in the score, if it has any.
        cadences, options, progress
            As in `harmonize`.

        Returns
        -------
        list of DecodingResult
            As `harmonize`.

        Raises
        ------
        UsageError
            If the score lacks the bass, or figures or cadences cannot be read.
        DecodingError
            If no music keeps what is given.
        """
        if Voice.BASS not in score.present:
            raise UsageError("the score lacks the bass: load it with that voice")
        return self.harmonize(
            score,
            given=(Voice.BASS,),
            chords=given_figures(score, figures),
            cadences=cadences,
            options=options,
            progress=progress,
        )

    def mood(
        self,
        score: Score,
        name: str,
        *,
        tempo: float | None = None,
        phrases: str | None = None,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[MoodResult]:
        """Change a tune until it sounds joyful, solemn, tender, grieving, restless or serene.

        Mode, tempo, register, articulation, loudness, density and contour follow experiments on
        musical emotion (`bachbot.theory.moods` names them); the tune stays recognizable.

        Parameters
        ----------
        score : Score
            From `load_score`, with a soprano; other voices are not used.
        name : str
            ``"joyful"``, ``"solemn"``, ``"tender"``, ``"grieving"``, ``"restless"`` or
            ``"serene"``.
        tempo : float, optional
            Quarter notes per minute. Default: the mood's.
        phrases : str, optional
            As in `harmonize`.
        options, progress
            As in `harmonize`.

        Returns
        -------
        list of MoodResult
            `options.number` of them, best first. `save_score` plays them as the mood wants it.

        Raises
        ------
        UsageError
            If there is no such mood, or the score has no soprano.
        DecodingError
            If no music keeps the tune.
        """
        tune = MoodTune.of(score, name, tempo=tempo, phrases=phrases)
        found = self.harmonize(
            tune.score, phrases=tune.phrase_ends, options=options, progress=progress
        )
        return [tune.result(one) for one in found]

    def slideshow(
        self,
        show: SlideShow,
        tune: Score | None = None,
        *,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> SlideShowResult:
        """Make music for a slide show: each slide in its mood, beginning when the slide does.

        Parameters
        ----------
        show : SlideShow
            From `bachbot.read_slideshow`.
        tune : Score, optional
            The tune. Default: the show's file is loaded.
        options : DecodingOptions, optional
            As in `harmonize`; the first version of each mood is taken.
        progress : callable, optional
            Called with the moods done and the number of moods.

        Returns
        -------
        SlideShowResult
            One score, with its performance, and when the music of each slide begins.

        Raises
        ------
        ScoreError, UsageError
            If the tune cannot be loaded, or has no soprano.
        DecodingError
            If no music keeps the tune.
        """
        if tune is None:
            if show.tune is None:
                raise UsageError("the slide show names no tune: give one")
            tune = load_score(show.tune)
        names = list(dict.fromkeys(slide.mood for slide in show.slides))
        tunes = {name: MoodTune.of(tune, name) for name in names}
        moods: dict[str, MoodResult] = {}
        for done, name in enumerate(names):
            if progress is not None:
                progress(done, len(names))
            one = tunes[name]
            moods[name] = one.result(
                self.harmonize(one.score, phrases=one.phrase_ends, options=options)[0]
            )
        if progress is not None:
            progress(len(names), len(names))
        return assemble(show, tune, moods)

    def harmonize_all(
        self,
        scores: Sequence[Score],
        *,
        given: Kept = (Voice.SOPRANO,),
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[list[DecodingResult] | BachbotError]:
        """Write the missing voices of many scores, several at a time.

        Parameters
        ----------
        scores : sequence of Score
            Any number.
        given, options
            As in `harmonize`.
        progress : callable, optional
            Called with the scores done and the number of scores.

        Returns
        -------
        list
            For each score what `harmonize` returns, or the error that it raises.
        """
        options = options or DecodingOptions()
        done: dict[int, list[DecodingResult] | BachbotError] = {}
        requests: dict[int, HarmonizeRequest] = {}
        for index, score in enumerate(scores):
            try:
                voices, cells = kept(score, given)
                request = HarmonizeRequest(score, voices, mask=cells)
                _ = request.fill_request
                requests[index] = request
            except BachbotError as error:
                done[index] = error
        failed = len(done)

        def advance(decoded: int, _: int) -> None:
            if progress is not None:
                progress(failed + decoded, len(scores))

        found = try_fill_all(
            self._model(options),
            [request.fill_request for request in requests.values()],
            options,
            progress=advance,
        )
        for (index, request), candidates in zip(requests.items(), found, strict=True):
            try:
                if isinstance(candidates, BachbotError):
                    raise candidates
                done[index] = [
                    request.result(candidate, options.difficulty) for candidate in candidates
                ]
            except BachbotError as error:
                done[index] = error
        return [done[index] for index in range(len(scores))]

    def compose(
        self,
        request: ComposeOptions | None = None,
        *,
        options: DecodingOptions | None = None,
        progress: Progress | None = None,
    ) -> list[DecodingResult]:
        """Compose a new piece, or continue an opening.

        Parameters
        ----------
        request : ComposeOptions, optional
            Length, meter, key, opening; form, cadences, keys and words. Default: a piece in C
            major, 4/4.
        options : DecodingOptions, optional
            Temperature, top-p, seed, number. Default: sampling at a temperature of 0.9, as in the
            original.
        progress : callable, optional
            Called with the frames done and the most frames there can be.

        Returns
        -------
        list of DecodingResult
            `options.number` pieces, each of which says how it ended.

        Raises
        ------
        UsageError
            If the request contradicts itself.
        """
        options = options or DecodingOptions(method="sample", temperature=0.9)
        search = self._model(DecodingOptions())
        request = request or ComposeOptions()
        return compose_scores(self._model(options), search, request, options, progress)

    def charges(
        self,
        score: Score,
        *,
        given: Sequence[Voice] = (Voice.SOPRANO,),
        options: DecodingOptions | None = None,
        largest: int = LARGEST,
    ) -> Charges:
        """What the search's penalties and learned features charge a score, bar by bar.

        Parameters
        ----------
        score : Score
            Of all four voices, from `load_score`.
        given, options, largest
            As in `bachbot.engine.charges.score_charges`.

        Raises
        ------
        UsageError
            If the score lacks a voice, or all or none are given.
        """
        return score_charges(score, self._checkpoint, given=given, options=options, largest=largest)

    def _model(self, options: DecodingOptions) -> Model:
        name = "sample" if options.method == "sample" else "beam"
        if name not in self._models:
            self._models[name] = build_decoding_model(self._checkpoint, name)
        return self._models[name]
