"""Sets of rules: built-in, from TOML, with exceptions, and what is refused."""

import numpy as np
import pytest

from bachbot.chorale import Chorale
from bachbot.errors import UsageError
from bachbot.theory.explanation import explain
from bachbot.theory.rules import LESSONS, RuleSet
from bachbot.theory.rules.rule_set import GROUPS, rule_names


def crossed(*, bars=2, fermata=()):
    """Two bars of whole notes in which the tenor lies below the bass, after a parallel fifth."""
    rows = [[67, 64, 60, 48], [69, 64, 62, 50], [67, 64, 47, 48], [67, 64, 47, 48]][: 2 * bars]
    pitch = np.repeat(np.array(rows, dtype=np.int16), 8, axis=0)
    tied = np.tile((np.arange(len(pitch)) % 8 > 0)[:, None], (1, 4))
    held = np.isin(np.arange(len(pitch)) // 8, fermata)
    return Chorale(pitch, tied, held)


def rules_of(rules, **options):
    return {f.rule: f.severity for f in explain(crossed(**options), rules=rules).faults}


def written(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return RuleSet.named(path)


def test_severities(tmp_path):
    assert rules_of(RuleSet.named("bach"))["crossing"] == "warning"
    assert rules_of(RuleSet.named("strict"))["crossing"] == "error"
    mine = written(tmp_path, 'base = "strict"\n[severity]\ncrossing = "remark"\n"overlap" = "off"')
    assert rules_of(mine)["crossing"] == "remark"
    assert rules_of(mine)["parallel fifths"] == "error"
    assert "overlap" not in mine.rules
    assert mine.name == "mine.toml"


@pytest.mark.parametrize(
    ("exception", "stays"),
    [
        ('rule = "crossing"', False),
        ('rule = "crossing"\nvoices = "tenor,bass"', False),
        ('rule = "crossing"\nvoices = "alto,tenor"', True),
        ('rule = "crossing"\nbars = "2"', False),
        ('rule = "crossing"\nbars = "1-1"', True),
        ('voices = "T,B"', False),
        ('rule = "gaps"', True),
        ('rule = "crossing"\nphrase-ends = true', True),
    ],
)
def test_exceptions(tmp_path, exception, stays):
    mine = written(tmp_path, f"[[exceptions]]\n{exception}\n")
    assert ("crossing" in rules_of(mine)) is stays
    assert "parallel fifths" in rules_of(mine)


def test_an_exception_between_phrases(tmp_path):
    mine = written(tmp_path, '[[exceptions]]\nrule = "parallels"\nphrase-ends = true\n')
    assert "parallel fifths" in rules_of(mine)
    assert "parallel fifths" not in rules_of(mine, fermata=[0, 1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base = 3", "no rules '3'"),
        ('colour = "red"', "'colour' is not known"),
        ('[severity]\n"parallel fiths" = "off"', "no rule 'parallel fiths'"),
        ('[severity]\noverlap = "bad"', "'bad' of overlap is no severity"),
        ("severity = 3", "severity is no table"),
        ("[exceptions]\nrule = 3", "write [[exceptions]]"),
        ("[[exceptions]]", "an exception has ''"),
        ("[[exceptions]]\nkey = 3", "an exception has 'key'"),
        ("[[exceptions]]\nrule = 3", "an exception is written"),
        ('[[exceptions]]\nbars = "a-b"', "'a-b' is not a range of bars"),
        ('[[exceptions]]\nvoices = "violin"', "'violin' is not a voice"),
        ("severity = [", "is not TOML"),
        ("x = 1\n" * 20000, "more than"),
    ],
)
def test_what_is_refused(tmp_path, text, said):
    with pytest.raises(UsageError) as caught:
        written(tmp_path, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_names():
    assert rule_names(["Parallel-Fifths", " overlap "]) == ("parallel fifths", "overlap")
    assert rule_names(["parallels", "parallel fifths"]) == ("parallel fifths", "parallel octaves")
    assert rule_names(["wide soprano-alto"]) == ("wide soprano-alto",)
    for members in GROUPS.values():
        assert set(members) <= set(LESSONS)
    with pytest.raises(UsageError, match="no rule is named"):
        rule_names([])
    with pytest.raises(UsageError, match="there is no rule 'fun'"):
        rule_names(["fun"])


def test_some_of_a_set():
    some = RuleSet.named("bach").only(["overlap", "parallels"])
    assert some.severities == {
        "overlap": "remark", "parallel fifths": "error", "parallel octaves": "error",
    }  # fmt: skip
