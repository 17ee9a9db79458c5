import pytest

from bachbot.listening.analysis import published
from bachbot.listening.answers import AGES, EXPERIENCES, KINDS, NOT_TOLD


@pytest.mark.parametrize(
    ("whole", "split"),
    [
        (published.BY_EXPERIENCE, published.BY_EXPERIENCE_AND_KIND),
        (published.BY_AGE, published.BY_AGE_AND_KIND),
    ],
)
def test_the_groups_make_up_the_types(whole, split):
    # Every participant gave five answers, of these one AT, one ATB and two compositions: those
    # three are the groups' mean. A single voice was drawn, so for the others only about.
    answers = {group: found.answers for group, found in whole.items()}
    assert sum(answers.values()) == 5 * published.PEOPLE
    for kind in KINDS:
        mean = sum(answers[g] * split[g][kind] for g in split) / (5 * published.PEOPLE)
        about = 0.01 if kind in ("AT", "ATB", "composition") else 0.04
        assert mean == pytest.approx(published.BY_KIND[kind].proportion, abs=about)


def test_the_names_are_those_of_our_answers():
    assert tuple(published.BY_KIND) == KINDS
    assert (*published.BY_EXPERIENCE, NOT_TOLD) == EXPERIENCES
    assert (*published.BY_AGE, NOT_TOLD) == AGES


def test_experience_tells_in_the_originals_test():
    values = [found.proportion for found in published.BY_EXPERIENCE.values()]
    assert values == sorted(values)


def test_intervals_are_there_where_answers_were_counted():
    found = published.BY_KIND["composition"]
    assert found.answers == 1442
    assert found.interval.low < 0.59 < found.interval.high
    assert found.interval.high - found.interval.low == pytest.approx(0.051, abs=0.001)
    assert published.Published(0.57).interval is None
    assert published.Published(0.57).to_json()["interval"] is None


def test_peers_name_their_source_and_the_faulty_figure_its_fault():
    assert all(peer.source for peer in published.PEERS)
    (faulty,) = [peer for peer in published.PEERS if peer.figure.proportion == 0.51]
    assert "Bach came first" in faulty.remark
    assert {peer.figure.answers for peer in published.PEERS} == {1442, 4048, None}
