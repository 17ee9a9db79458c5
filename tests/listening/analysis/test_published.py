import pytest

from bachbot.listening.analysis import published
from bachbot.listening.answers import AGES, CONDITIONS, EXPERIENCES, UNDISCLOSED


@pytest.mark.parametrize(
    ("whole", "split"),
    [
        (published.BY_EXPERIENCE, published.BY_EXPERIENCE_AND_CONDITION),
        (published.BY_AGE, published.BY_AGE_AND_CONDITION),
    ],
)
def test_the_groups_agree_with_the_conditions(whole, split):
    # Every participant gave five answers, of these one AT, one ATB and two compositions: those
    # three are the groups' mean. A single voice was drawn, so for the others only about.
    answers = {group: found.answers for group, found in whole.items()}
    assert sum(answers.values()) == 5 * published.PARTICIPANTS
    for condition in CONDITIONS:
        mean = sum(answers[g] * split[g][condition] for g in split) / (5 * published.PARTICIPANTS)
        about = 0.01 if condition in ("AT", "ATB", "composition") else 0.04
        assert mean == pytest.approx(published.BY_CONDITION[condition].proportion, abs=about)


def test_names_are_those_of_answers():
    assert tuple(published.BY_CONDITION) == CONDITIONS
    assert (*published.BY_EXPERIENCE, UNDISCLOSED) == EXPERIENCES
    assert (*published.BY_AGE, UNDISCLOSED) == AGES


def test_experience_raised_accuracy_in_the_original_study():
    values = [found.proportion for found in published.BY_EXPERIENCE.values()]
    assert values == sorted(values)


def test_proportions_with_counts_have_intervals():
    found = published.BY_CONDITION["composition"]
    assert found.answers == 1442
    assert found.interval.low < 0.59 < found.interval.high
    assert found.interval.high - found.interval.low == pytest.approx(0.051, abs=0.001)
    assert published.PublishedProportion(0.57).interval is None
    assert published.PublishedProportion(0.57).to_json()["interval"] is None


def test_related_results_name_their_source_and_a_flaw():
    assert all(result.source for result in published.RELATED_RESULTS)
    (faulty,) = [result for result in published.RELATED_RESULTS if result.result.proportion == 0.51]
    assert "Bach came first" in faulty.remark
    assert {result.result.answers for result in published.RELATED_RESULTS} == {1442, 4048, None}
