"""What a finished piece ought to have been charged, reckoned from the piece itself.

Written without the search: the rules count over the whole piece, and the rest is plain Python.
"""

import numpy as np

from bachbot.chorale import REST
from bachbot.theory.harmony import chords_of
from bachbot.theory.rules import RULES, Moves


def reckoned(music, given, charges):
    """Nats that the choices in a piece were worth."""
    cost = sum(w * chosen_faults(music, given, name) for name, w in charges.rules.items())
    cost -= sum(earned(music, given, charges.strikes))
    cost += charges.still * struck_again(music, given)
    cost -= charges.leaps * leaps(music, given)
    cost -= charges.fresh * new_chords(music, given)
    cost += charges.astray * ends_astray(music, given)
    cost += charges.unsettled * unsettled_ends(music, given)
    return cost


def chosen_faults(music, given, name):
    """Faults in which a note takes part that was not given."""
    faults = RULES[name].count(Moves.of(music))  # [T, K]
    return int((faults & of_chosen_notes(RULES[name], given)).sum())


def of_chosen_notes(rule, given):
    """In which frames and columns of a rule some note looked at was chosen, [T, K].

    A rule that reads the chord looks at all four voices; one that tells of a step looks at the
    frame before as well.
    """
    now = ~np.asarray(given.cells)
    before = np.zeros_like(now)
    before[1:] = now[:-1]
    looked_at = now if rule.state else now | before
    groups = [range(4) if rule.whole else [int(v) for v in group] for group in rule.voices]
    return np.stack([looked_at[:, list(group)].any(axis=1) for group in groups], axis=1)


def earned(music, given, strikes):
    """Of each chosen note what it earned by being struck where it was."""
    for frame in np.nonzero(~given.cells & music.onset)[0]:
        yield strikes.get(int(music.position[frame]) % 4, 0.0)


def struck_again(music, given):
    """Chosen notes that strike what their voice has sounded in the frame before."""
    again = 0
    for frame, voice in zip(*np.nonzero(~given.cells & music.onset), strict=True):
        again += frame > 0 and music.pitch[frame, voice] == music.pitch[frame - 1, voice]
    return again


def leaps(music, given):
    """Chosen notes a third or more from what their voice has sounded in the frame before."""
    found = 0
    for frame, voice in zip(*np.nonzero(~given.cells & music.onset), strict=True):
        before = int(music.pitch[frame - 1, voice]) if frame else REST
        found += before != REST and abs(int(music.pitch[frame, voice]) - before) > 2
    return found


def new_chords(music, given):
    """Beats with a chord, in part chosen, that had not sounded on a beat before."""
    heard, new = [], 0
    for frame in range(music.frames):
        if music.position[frame] % 4:
            continue
        chord = {int(p) % 12 for p in music.pitch[frame] if p != REST}
        new += bool(chord) and not given.cells[frame].all() and chord not in heard
        heard.append(chord)
    return new


def ends_astray(music, given):
    """How many chosen notes of the last chord are none of the tonic's; the bass has the root."""
    if not given.close:
        return 0
    frame, triad = given.close[0], {0, 4, 7} if music.key.mode == "major" else {0, 3, 4, 7}
    above = (music.pitch[frame].astype(int) - music.key.pitch_class) % 12
    return sum(
        above[voice] not in ({0} if voice == 3 else triad)
        for voice in range(4)
        if not given.cells[frame, voice] and music.pitch[frame, voice] != REST
    )


def unsettled_ends(music, given):
    """Fermatas that begin, by notes in part chosen, on a chord in inversion."""
    found = 0
    for frame in np.flatnonzero(music.fermata):
        begins = frame == 0 or not music.fermata[frame - 1] or not music.tied[frame, 0]
        if begins and not given.cells[frame].all():
            [inversion] = chords_of(music.pitch[frame][None]).inversion
            found += int(inversion) > 0
    return found
