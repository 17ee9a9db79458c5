import copy
from pathlib import Path

import pytest

from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval
from bachbot.evaluation.detection import ClassifierAccuracy, Detection, InformationLevel
from bachbot.evaluation.harmonization import PUBLISHED
from bachbot.report.readme import TABLES, regenerate, regenerated

README = """# Something

Words before.

<!-- results:begin losses -->
what stood here
<!-- results:end losses -->

Words between.

<!-- results:begin masked -->
<!-- results:end masked -->
<!-- results:begin partwriting -->

<!-- results:end partwriting -->

<!-- results:begin summary -->
| old |
<!-- results:end summary -->
Words after.
"""


def told(accuracy):
    verdicts = {"majority": ClassifierAccuracy(accuracy, Interval(0.25, 0.75), p=0.04)}
    return Detection(12, 9, 20, InformationLevel.SCORE, verdicts, verdicts, verdicts, ()).to_json()


@pytest.fixture(scope="module")
def report(whole_report):
    found = whole_report.to_json()
    # A detector wants more pieces than these: its verdicts are made up.
    sets = {"harmonized": told(0.625), "composed": told(0.875), "Bach and Bach": told(0.5)}
    found["sections"]["detection"] = {"results": {"small": sets, "ahead": sets}, "errors": {}}
    return found


def test_a_readme_is_written_anew_between_its_marks_alone(report, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(README, encoding="utf-8")
    assert regenerate(path, report) == ["losses", "masked", "partwriting", "summary"]
    once = path.read_text(encoding="utf-8")
    kept = [line for line in README.splitlines() if line.startswith(("Words", "#", "<!--"))]
    assert [x for x in once.splitlines() if x.startswith(("Words", "#", "<!--"))] == kept
    assert "what stood here" not in once
    assert "| old |" not in once
    # The same report again changes nothing.
    regenerate(path, report)
    assert path.read_text(encoding="utf-8") == once
    # What another report left is gone.
    other = copy.deepcopy(report)
    loss = other["sections"]["losses"]["results"]["small"]["tasks"]["ATB|S"]["test"]
    loss["nats_per_frame"] = 7.654321
    regenerate(path, other)
    assert "7.654" in path.read_text(encoding="utf-8")
    regenerate(path, report)
    assert path.read_text(encoding="utf-8") == once


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_whole(report, name):
    lines = TABLES[name](report).splitlines()
    columns = lines[0].count("|")
    assert len(lines) > 3
    assert all(line.count("|") == columns for line in lines)
    assert set(lines[1]) == {"|", "-"}


def cells(table, name):
    [line] = [x for x in table.splitlines() if x.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_tables_say_what_the_report_says(report):
    losses = report["sections"]["losses"]["results"]
    row = cells(TABLES["losses"](report), "`small`")
    task = losses["small"]["tasks"]
    wanted = [task["ATB|S"][part]["nats_per_frame"] for part in ("validation", "test")]
    assert row[1:3] == [f"{value:.3f}" for value in wanted]
    assert float(row[4]) == pytest.approx(task["SATB"]["validation"]["nats_per_token"], abs=5e-4)
    # One that looks ahead pays for no frame end: its nats a token are not told.
    assert cells(TABLES["losses"](report), "`ahead`")[-2:] == ["", ""]
    masked = TABLES["masked"](report)
    rate = report["sections"]["harmonization"]["results"]["small"]["beam"]["AT"]["fer"]["rate"]
    assert float(cells(masked, "`small`, beam of 10, FER")[5]) == pytest.approx(rate, abs=5e-4)
    assert cells(masked, "BachBot as published, TER")[1] == f"{PUBLISHED['S'][0]:.3f}"[1:]
    summary = TABLES["summary"](report)
    row = cells(summary, "told from Bach by classifiers, whole pieces, %; a coin gets 50")
    assert row[1:4] == ["50 (25 to 75)", "62 (25 to 75)", "88 (25 to 75)"]
    clean = report["sections"]["partwriting"]["results"]["small"]["Bach"]["partwriting"]
    share = clean["sums"]["parallels"]["clean"]
    found = cells(TABLES["partwriting"](report), "pieces without any, %")[1]
    assert found.split()[0] == f"{100 * share:.0f}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no marks", "README.md has no place for results"),
        ("<!-- results:begin losses -->\n", "no other that fits"),
        ("<!-- results:end losses -->\n", "no other that fits"),
        ("<!-- results:begin losses -->\n<!-- results:end masked -->\n", "no other that fits"),
        ("<!-- results:begin x -->\n<!-- results:end x -->\n", "there is no table 'x'"),
    ],
)
def test_marks_that_do_not_fit_are_refused(report, text, told, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=told) as caught:
        regenerate(path, report)
    assert "\n" not in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_a_report_that_lacks_something_writes_nothing(report):
    some = copy.deepcopy(report)
    del some["sections"]["style"]
    with pytest.raises(UsageError, match="no whole section 'style'"):
        regenerated(README, some, "README.md")
    some = copy.deepcopy(report)
    some["sections"]["losses"]["errors"] = {"ahead": "a fault"}
    with pytest.raises(UsageError, match="no whole section 'losses'"):
        regenerated(README, some, "README.md")
    some = copy.deepcopy(report)
    some["asked"]["limit"] = 3
    with pytest.raises(UsageError, match="quick look at 3 pieces"):
        regenerated(README, some, "README.md")
    with pytest.raises(UsageError, match="cannot be read"):
        regenerate(Path("not there.md"), report)
