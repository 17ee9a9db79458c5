"""The expected penalty of a finished piece, computed from the piece itself.

Written without the search: the rules count over the whole piece, and the rest is plain Python.
"""

import numpy as np

from bachbot.chorale import REST
from bachbot.theory.harmony import chords_of
from bachbot.theory.rules import RULES, Moves


def expected_penalty(music, given, penalties):
    """Sum of the penalties of the chosen notes of a piece, in nats."""
    weights = penalties.weights
    cost = sum(
        w * chosen_faults(music, given, name) for name, w in weights.items() if name in RULES
    )
    for position in range(4):
        weight = weights.get(f"onset bonus {position}", 0.0)
        cost -= weight * onsets_at(music, given, position)
    cost += weights.get("repeated note", 0.0) * repeated_notes(music, given)
    cost -= weights.get("leap bonus", 0.0) * leaps(music, given)
    cost -= weights.get("new-chord bonus", 0.0) * new_chords(music, given)
    cost += weights.get("final chord", 0.0) * wrong_final_notes(music, given)
    cost += weights.get("chord at fermata", 0.0) * restless_fermatas(music, given)
    cost += weights.get("final cadence", 0.0) * unprepared_final_notes(music, given)
    cost += weights.get("above the soprano", 0.0) * above_the_soprano(music, given)
    cost += weights.get("opening chord", 0.0) * strange_openings(music, given)
    return cost


def strange_openings(music, given):
    """1 if the first beat, in part chosen, has a chord of neither tonic nor dominant, else 0."""
    beats = np.flatnonzero(music.position % 4 == 0)
    if not len(beats) or given.cells[beats[0]].all():
        return 0
    root = int(chords_of(music.pitch[beats[:1]]).root[0])
    sounding = {int(p - root) % 12 for p in music.pitch[beats[0]] if p != REST}
    if root == music.key.pitch_class and music.key.mode == "minor" and 4 in sounding:
        return int(8 not in sounding)  # an augmented triad is no major chord
    return int(root < 0 or (root - music.key.pitch_class) % 12 not in (0, 7))


def above_the_soprano(music, given):
    """Sixteenths of lower voices above the soprano, one of the two of them chosen."""
    soprano, lower = music.pitch[:, :1], music.pitch[:, 1:]
    chosen = ~given.cells[:, 1:] | ~given.cells[:, :1]
    return int(((lower > soprano) & (soprano != REST) & chosen).sum())


def chosen_faults(music, given, name):
    """Faults in which a note takes part that was not given."""
    faults = RULES[name].count(Moves.of(music))  # [T, K]
    return int((faults & of_chosen_notes(RULES[name], given)).sum())


def of_chosen_notes(rule, given):
    """In which frames and columns of a rule some note looked at was chosen, [T, K].

    A rule about the chord looks at all four voices; one about a step looks at the frame before
    as well.
    """
    now = ~np.asarray(given.cells)
    before = np.zeros_like(now)
    before[1:] = now[:-1]
    looked_at = now if rule.state else now | before
    groups = [
        range(4) if rule.needs_all_voices else [int(v) for v in group] for group in rule.voices
    ]
    return np.stack([looked_at[:, list(group)].any(axis=1) for group in groups], axis=1)


def onsets_at(music, given, position):
    """Chosen notes that start at a position in the beat."""
    frames = np.nonzero(~given.cells & music.onset)[0]
    return int((music.position[frames] % 4 == position).sum())


def repeated_notes(music, given):
    """Chosen notes that start on what their voice has sounded in the frame before."""
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
    seen, new = [], 0
    for frame in range(music.frames):
        if music.position[frame] % 4:
            continue
        chord = {int(p) % 12 for p in music.pitch[frame] if p != REST}
        new += bool(chord) and not given.cells[frame].all() and chord not in seen
        seen.append(chord)
    return new


CLOSES = {
    "major": {1: (9, 4), 2: (7, 4), 3: (0, 3), 5: (5, 4), 6: (2, 4), 8: (4, 4), 9: (9, 3),
              10: (10, 4), 11: (7, 4)},
    "minor": {1: (9, 4), 2: (7, 4), 4: (0, 4), 5: (5, 3), 6: (2, 4), 8: (8, 4), 9: (5, 4),
              10: (3, 4), 11: (7, 4)},
}  # fmt: skip
"""Root above the tonic, and third above the root, by the last note above the tonic."""


def wrong_final_notes(music, given):
    """Chosen notes outside the last chord where it begins, and 1 if it lacks its third.

    The bass has the root.
    """
    if not given.final_chord:
        return 0
    frame = given.final_chord[0]
    root, triad = 0, {0, 4, 7} if music.key.mode == "major" else {0, 3, 4, 7}
    if not closes_on_tonic(music, given):
        last = (int(music.pitch[frame, 0]) - music.key.pitch_class) % 12
        root, third = CLOSES[music.key.mode][last]
        triad = {root, (root + third) % 12, (root + 7) % 12}
    above = (music.pitch[frame].astype(int) - music.key.pitch_class) % 12
    sounds = [voice for voice in range(4) if music.pitch[frame, voice] != REST]
    chosen = [voice for voice in range(4) if not given.cells[frame, voice]]
    wrong = [v for v in chosen if v in sounds and above[v] not in ({root} if v == 3 else triad)]
    bare = not {above[voice] for voice in sounds} & {(root + 3) % 12, (root + 4) % 12}
    return len(wrong) + bool(bare and chosen)


def closes_on_tonic(music, given):
    frame = given.final_chord[0]
    if not given.cells[frame, 0] or music.pitch[frame, 0] == REST:
        return True
    above = (int(music.pitch[frame, 0]) - music.key.pitch_class) % 12
    return above in ({0, 4, 7} if music.key.mode == "major" else {0, 3, 7})


def is_root_triad(pitch):
    """Whether some notes are a root, its major or minor third, and perhaps its fifth."""
    sounding = [int(p) for p in pitch if p != REST]
    classes = {(p - min(sounding)) % 12 for p in sounding} if sounding else set()
    return classes in ({0, 4}, {0, 3}, {0, 4, 7}, {0, 3, 7})


def restless_fermatas(music, given):
    """Fermatas that begin, on notes in part chosen, on no major or minor triad on its root."""
    found = 0
    for frame in np.flatnonzero(music.fermata):
        begins = frame == 0 or not music.fermata[frame - 1] or not music.tied[frame, 0]
        if begins and not given.cells[frame].all():
            found += not is_root_triad(music.pitch[frame])
    return found


def unprepared_final_notes(music, given):
    """Chosen notes before the last chord that do not prepare it, and chords that do not."""
    if not given.final_chord:
        return 0
    first = given.final_chord[0]
    if not closes_on_tonic(music, given):
        if given.cells[first].all():
            return 0
        before, now = chords_of(music.pitch[max(first - 1, 0) : first + 1]).root[[0, -1]].tolist()
        if first == 0:
            before = -1
        return int(before == -1 or (before - now) % 12 not in (7, 5, 11, 2, 10))
    minor = music.key.mode == "minor"
    found = 0
    for frame in (first - 4, first - 2):
        late = frame == first - 2
        if frame < 0:
            continue
        above = [(int(p) - music.key.pitch_class) % 12 if p != REST else None
                 for p in music.pitch[frame]]  # fmt: skip
        if above[0] not in (0, 2, 3, 4, 5, 7, 8, 9, 10, 11):
            continue
        plagal, modal = above[0] in (0, 8, 9), above[0] == 10
        upper = {7, 10 if modal else 11, 2, 5}
        bass = {7, 10} if modal else {7}
        if plagal:
            upper |= {5, 8 if minor else 9, 0, 2}
            bass |= {5}
        if not late:
            upper |= {0, 3, 4, 7} if minor else {0, 4, 7}
        for voice in range(4):
            if given.cells[frame, voice]:
                continue
            strange = above[voice] not in (bass if voice == 3 else upper | {None})
            if voice == 3 and above[3] is None:
                strange = False
            lacks = not {11} & set(above[:3]) if late else not {11, 0} & set(above[:3])
            if voice == 2:
                lacks &= not plagal
            elif voice == 3:
                lacks &= (plagal or bool(given.cells[frame, 2])) and above[3] == 7
            else:
                lacks = False
            found += strange or (lacks and not modal)
    return found
