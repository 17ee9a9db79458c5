"""Key finding: the key of a tune."""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Key, Mode, note_name

# Albrecht and Shanahan, "The use of large corpora to train a new type of key-finding algorithm",
# Music Perception 31, 2013: share of a piece's
# duration that each scale degree has, by semitones above the tonic.
_PROFILES: dict[Mode, tuple[float, ...]] = {
    "major": (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    "minor": (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
}
_MODES: tuple[Mode, Mode] = ("major", "minor")

_FINAL_BONUS = 0.1
"""Bonus of the tonic that is the last note, in units of correlation."""

_SIGNATURE_BONUS: tuple[tuple[int, int, float], ...] = (
    (0, 0, 0.20),  # major
    (1, 9, 0.20),  # minor
    (1, 2, 0.16),  # dorian: minor, one flat fewer
    (0, 7, 0.10),  # mixolydian: major, one sharp fewer
)
"""Bonuses by key signature: mode, semitones of the tonic above the major tonic, bonus."""

_CHURCH_MODES: dict[str, tuple[int, Mode]] = {
    "ionian": (0, "major"),
    "mixolydian": (1, "major"),
    "dorian": (2, "minor"),
    "aeolian": (3, "minor"),
    "phrygian": (4, "minor"),
    "lydian": (-1, "major"),
}
"""Church modes: fifths of the tonic above the major tonic of the signature, and nearest mode."""


def estimate_key(
    pitch: NDArray[np.int16], fifths: int | None = None, mode: str | None = None
) -> Key:
    """Estimate the key of a tune.

    The durations of its pitch classes are correlated with profiles of the 24 keys, and the keys
    that fit the last note of the lowest line and the key signature get a bonus. Modal tunes get
    the nearest of major and minor on their own final: dorian is minor, mixolydian is major. If
    the signature names a church mode, that decides.

    ``tests/scores/test_keys.py`` measures it on the corpus: the soprano alone against what
    music21 finds in all four voices, with and without the signature.

    Parameters
    ----------
    pitch : ndarray of int, shape [T, n]
        MIDI pitch of each line in each frame, the lowest line last; -1 is a rest.
    fifths : int, optional
        Key signature: sharps, or minus flats.
    mode : str, optional
        The mode written with it. Major and minor are ignored, since most programs write one of
        them whatever the tune.

    Returns
    -------
    Key
        Spelled to be nearest to the key signature; without one, with at most six accidentals.

    Examples
    --------
    >>> dorian = np.array([[62], [69], [69], [64], [65], [64], [62]])  # Scarborough Fair
    >>> str(estimate_key(dorian, fifths=0))
    'D minor'
    """
    if fifths is not None and mode in _CHURCH_MODES:
        above, found = _CHURCH_MODES[mode]
        return Key(note_name(fifths + above), found)
    scores = _correlations(pitch)
    last = pitch[:, -1][pitch[:, -1] != REST]
    if last.size:
        scores[:, int(last[-1]) % 12] += _FINAL_BONUS
    if fifths is not None:
        for row, above, bonus in _SIGNATURE_BONUS:
            scores[row, (fifths * 7 + above) % 12] += bonus
    best, tonic = divmod(int(scores.argmax()), 12)
    return _spell_key(tonic, _MODES[best], fifths)


_FOREIGN = 0.1
"""Share of a tune's length outside the scale of a key from which it is not in that key."""


def contradicts(pitch: NDArray[np.int16], key: Key, estimated: Key) -> str | None:
    """Why a key that a user names is hardly that of the notes; None if it may be.

    Parameters
    ----------
    pitch : ndarray of int, shape [T, n]
        As in `estimate_key`.
    key : Key
        The key that is named.
    estimated : Key
        What `estimate_key` finds.

    Returns
    -------
    str or None
        In words, such as ``"19% of the tune is outside its scale"``.
    """
    sounding = pitch[pitch != REST].astype(np.int64)
    last = pitch[:, -1][pitch[:, -1] != REST]
    if not sounding.size or (key.pitch_class, key.mode) == (
        estimated.pitch_class, estimated.mode,
    ):  # fmt: skip
        return None
    outside = [_outside_scale(sounding, one) for one in (key, estimated)]
    if outside[0] > max(_FOREIGN, outside[1]):
        return f"{outside[0]:.0%} of the notes by length are outside its scale"
    final = int(last[-1]) % 12 if last.size else None
    if final == estimated.pitch_class != key.pitch_class:
        return f"the tune ends on {estimated.tonic}"
    return None


def _outside_scale(sounding: NDArray[np.int64], key: Key) -> float:
    """Share of pitches that are not in the scale of a key; in minor its raised degrees are."""
    scale = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11)}[key.mode]
    return float((~np.isin((sounding - key.pitch_class) % 12, scale)).mean())


def _correlations(pitch: NDArray[np.int16]) -> NDArray[np.float64]:
    """Correlation of the pitch classes' durations with each key's profile, shape [2, 12]."""
    durations = np.bincount(pitch[pitch != REST] % 12, minlength=12).astype(np.float64)
    durations -= durations.mean()
    norm = float(np.linalg.norm(durations)) or 1.0
    out = np.zeros((2, 12))
    for row, mode in enumerate(_MODES):
        profile = np.array(_PROFILES[mode])
        profile = profile - profile.mean()
        for tonic in range(12):
            rolled = np.roll(profile, tonic)
            out[row, tonic] = durations @ rolled / (norm * np.linalg.norm(profile))
    return out


def _spell_key(tonic: int, mode: Mode, fifths: int | None) -> Key:
    """Spell a tonic so that its signature is near the written one, or else has few accidentals."""
    relative = (tonic * 7 - (3 if mode == "minor" else 0)) % 12
    center = fifths if fifths is not None else (0 if mode == "major" else -1)
    position = (relative - center + 5) % 12 + center - 5
    return Key(note_name(position + (3 if mode == "minor" else 0)), mode)
