import copy
from pathlib import Path

import pytest

from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval
from bachbot.evaluation.detection import ClassifierAccuracy, Detection, InformationLevel
from bachbot.evaluation.harmonization import PUBLISHED
from bachbot.report.readme import TABLES, regenerate, regenerated
from bachbot.tables import to_markdown
from bachbot.tables.detection_tables import CLASSIFIER_ACCURACY, CONTROL
from bachbot.tables.style_tables import STYLE_DISTANCE

RESULTS = Path(__file__).parents[2] / "checkpoints" / "RESULTS.md"

DOCUMENT = """# Something

Text before.

<!-- results:begin losses -->
an old table
<!-- results:end losses -->

Text between.

<!-- results:begin harmonization -->
<!-- results:end harmonization -->
<!-- results:begin partwriting -->

<!-- results:end partwriting -->

<!-- results:begin headline -->
| old |
<!-- results:end headline -->
Text after.
"""


def detection(accuracy):
    verdicts = {"majority": ClassifierAccuracy(accuracy, Interval(0.25, 0.75), p=0.04)}
    return Detection(12, 9, 20, InformationLevel.SCORE, verdicts, verdicts, verdicts, ()).to_json()


@pytest.fixture(scope="module")
def report(whole_report):
    found = whole_report.to_json()
    # Classifiers need more pieces than these: the accuracies are made up.
    sets = {"harmonized": detection(0.625), "composed": detection(0.875), CONTROL: detection(0.5)}
    found["sections"]["detection"] = {"results": {"small": sets, "ahead": sets}, "errors": {}}
    return found


def kept_lines(text):
    return [line for line in text.splitlines() if line.startswith(("Text", "#", "<!--"))]


@pytest.mark.slow
def test_only_the_text_between_marks_changes(report, tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text(DOCUMENT, encoding="utf-8")
    names = ["losses", "harmonization", "partwriting", "headline"]
    assert regenerate([path], report) == {path: names}
    once = path.read_text(encoding="utf-8")
    assert kept_lines(once) == kept_lines(DOCUMENT)
    assert "an old table" not in once
    assert "| old |" not in once
    # The same report again changes nothing.
    regenerate([path], report)
    assert path.read_text(encoding="utf-8") == once
    # Another report replaces every figure.
    other = copy.deepcopy(report)
    loss = other["sections"]["losses"]["results"]["small"]["tasks"]["ATB|S"]["test"]
    loss["nats_per_frame"] = 7.654321
    regenerate([path], other)
    assert "7.654" in path.read_text(encoding="utf-8")
    regenerate([path], report)
    assert path.read_text(encoding="utf-8") == once


@pytest.mark.slow
def test_documents_are_written_together_or_not_at_all(report, tmp_path):
    results, readme = tmp_path / "RESULTS.md", tmp_path / "README.md"
    results.write_text(DOCUMENT, encoding="utf-8")
    readme.write_text("# No marks\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"README\.md has no marks for results"):
        regenerate([results, readme], report)
    assert results.read_text(encoding="utf-8") == DOCUMENT
    marks = "<!-- results:begin headline -->\n<!-- results:end headline -->\n"
    readme.write_text(f"# A project\n{marks}", encoding="utf-8")
    assert regenerate([results, readme], report)[readme] == ["headline"]
    assert "an old table" not in results.read_text(encoding="utf-8")
    rows = grid(readme.read_text(encoding="utf-8"))[2:]
    assert 0 < len(rows) <= 8


@pytest.mark.slow
def test_the_results_page_has_a_place_for_every_table(report):
    text = RESULTS.read_text(encoding="utf-8")
    written, names = regenerated(text, report, "RESULTS.md")
    assert sorted(names) == sorted(TABLES.keys() - {"headline"})
    marks = [line for line in text.splitlines() if line.startswith(("#", "<!--"))]
    assert [x for x in written.splitlines() if x.startswith(("#", "<!--"))] == marks


def grid(text):
    return [line for line in text.splitlines() if line.startswith("|")]


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_rectangular(report, name):
    lines = grid(to_markdown(TABLES[name](report)))
    columns = lines[0].replace("\\|", "").count("|")
    assert len(lines) > 3
    assert all(line.replace("\\|", "").count("|") == columns for line in lines)
    assert set(lines[1]) <= set("| -:")


def cells(table, name, heading=None):
    """The cells of the row with a name, of the first such row below a heading."""
    rows = list(table.rows)
    if heading is not None:
        start = next(i for i, row in enumerate(rows) if len(row) == 1 and row[0].text == heading)
        rows = rows[start + 1 :]
    return next(row for row in rows if len(row) > 1 and row[0].text == name)


@pytest.mark.slow
def test_tables_have_the_figures_of_the_report(report):
    losses = report["sections"]["losses"]["results"]
    row = cells(TABLES["losses"](report), "small")
    task = losses["small"]["tasks"]
    wanted = [task["ATB|S"][part]["nats_per_frame"] for part in ("validation", "test")]
    assert [cell.text for cell in row[1:3]] == [f"{value:.2f}" for value in wanted]
    assert row[4].value == task["SATB"]["validation"]["nats_per_token"]
    # A model that reads ahead predicts no frame end: its nats per token are left out.
    assert [c.text for c in cells(TABLES["losses"](report), "ahead")[-2:]] == ["", ""]
    errors = report["sections"]["harmonization"]["results"]["small"]["beam"]["AT"]
    table = TABLES["harmonization"](report)
    row = cells(table, "frame error rate (FER)", "small, beam of 10, 3 pieces")
    assert row[5].value == errors["fer"]["rate"]
    row = cells(table, "token error rate (TER)", "BachBot, as published")
    assert row[1].value == PUBLISHED["S"][0]
    row = cells(TABLES["headline"](report), CLASSIFIER_ACCURACY)
    assert [c.text for c in row[1:]] == ["50", "62", "62"]
    assert [c.interval_text for c in row[1:]] == ["25 to 75"] * 3
    row = cells(TABLES["detection"](report), "majority of the three", "whole pieces")
    assert [c.text for c in row[1:]] == ["50.0", "62.5", "87.5", "62.5", "87.5"]
    clean = report["sections"]["partwriting"]["results"]["small"]["Bach"]["partwriting"]
    share = clean["sums"]["parallels"]["clean"]
    for name in ("headline", "partwriting"):
        table = TABLES[name](report)
        [row] = [r for r in table.rows if r and r[0].text.startswith("pieces without parallel")]
        assert row[1].value == 100 * share
    style = report["sections"]["style"]["results"]["ahead"]["composed"]["grade"]["ours"]
    row = cells(TABLES["style"](report), STYLE_DISTANCE)
    assert row[5].value == style["medians"]["grade"]["median"]
    shared = report["sections"]["novelty"]["results"]["small"]["composed"]["ours"]["figures"]
    row = cells(TABLES["novelty"](report), "longest passage, notes", "four voices")
    assert row[3].value == shared["four voices"]["longest_notes"]["mean"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no marks", "README.md has no marks for results"),
        ("<!-- results:begin losses -->\n", "has no counterpart"),
        ("<!-- results:end losses -->\n", "has no counterpart"),
        ("<!-- results:begin losses -->\n<!-- results:end style -->\n", "has no counterpart"),
        ("<!-- results:begin x -->\n<!-- results:end x -->\n", "there is no table 'x'"),
    ],
)
def test_marks_that_do_not_match_are_refused(report, text, said, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said) as caught:
        regenerate([path], report)
    assert "\n" not in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.slow
def test_a_report_that_lacks_a_section_writes_nothing(report):
    some = copy.deepcopy(report)
    del some["sections"]["style"]
    with pytest.raises(UsageError, match="no complete section 'style'"):
        regenerated(DOCUMENT, some, "README.md")
    some = copy.deepcopy(report)
    some["sections"]["losses"]["errors"] = {"ahead": "an error"}
    with pytest.raises(UsageError, match="no complete section 'losses'"):
        regenerated(DOCUMENT, some, "README.md")
    some = copy.deepcopy(report)
    some["request"]["limit"] = 3
    with pytest.raises(UsageError, match="limited to 3 pieces"):
        regenerated(DOCUMENT, some, "README.md")
    with pytest.raises(UsageError, match="cannot be read"):
        regenerate([Path("not there.md")], report)
