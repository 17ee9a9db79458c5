"""Tables of the other measures, from figures that are made up."""

from types import SimpleNamespace

from bachbot.decoding.penalties import DEFAULT_PENALTIES, SAMPLING_PENALTIES
from bachbot.evaluation.fitting import RateMeasurement, Round
from bachbot.evaluation.harmonization import PUBLISHED
from bachbot.evaluation.novelty import STATISTICS
from bachbot.tables.decoding_tables import (
    PARALLELS,
    harmonization_table,
    partwriting_table,
    penalties_table,
    rates,
)
from bachbot.tables.detection_tables import MOST_FEATURES, accuracy_table, features_table
from bachbot.tables.music_tables import music_table
from bachbot.tables.novelty_tables import novelty_table, passages_table
from bachbot.tables.run_tables import longest_table, round_table
from bachbot.tables.style_tables import STYLE_DISTANCE, distances_table, medians_table

NOTHING = [None, None]


def find(table, name):
    return next(row for row in table.rows if len(row) > 1 and row[0].text == name)


def texts(row):
    return [cell.text for cell in row[1:]]


def test_harmonization_by_model_and_mask():
    share = {"rate": 0.25, "interval": [0.125, 0.5]}
    errors = dict.fromkeys(("ter", "fer", "onset_ter", "onset_fer", "equal_pitch"), share)
    found = {"a": {"S": errors | {"pieces": 1}, "AT": errors | {"pieces": 1}}}
    table = harmonization_table("t", found | {"b": {"AT": errors | {"pieces": 3}}})
    headings = [row[0].text for row in table.rows if len(row) == 1]
    assert headings == ["a, 1 piece", "b, 3 pieces", "BachBot, as published"]
    assert texts(table.rows[1]) == ["0.250", "0.250"]
    assert table.rows[1][1].interval_text == "0.125 to 0.500"
    # The second was measured with one mask only.
    assert texts(table.rows[7]) == ["", "0.250"]
    assert texts(table.rows[-1]) == [f"{PUBLISHED[mask][1]:.3f}" for mask in ("S", "AT")]


def test_penalties_by_decoder():
    lists = {"search": DEFAULT_PENALTIES.to_json(), "sampling": SAMPLING_PENALTIES.to_json()}
    table = penalties_table("t", lists)
    assert len(table.rows) == len(DEFAULT_PENALTIES.items)
    for penalty in DEFAULT_PENALTIES.items:
        weight, sampling, source = texts(find(table, penalty.name))
        assert float(weight) == penalty.weight
        assert (sampling == "") == (penalty not in SAMPLING_PENALTIES.items)
        assert source == penalty.source


def metrics(rules, likeness=None):
    rate = {"rate": 1.5, "rate_interval": [1.0, 2.0], "clean": 0.5, "clean_interval": [0.25, 1.0]}
    named = {name: rate | {"per": per, "unit": unit} for name, (per, unit) in rules.items()}
    figure = {"mean": 0.75, "interval": NOTHING}
    fields = ("onsets_per_beat", "repeated_notes", "leaps", "different_chords_per_beat",
              "chord_changes_per_beat")  # fmt: skip
    return {
        "partwriting": {
            "pieces": 4,
            "sums": {"parallels": rate | {"per": 1000, "unit": "pair"}},
            "rules": named,
        },
        "variety": dict.fromkeys(fields, figure),
        "harmonization_error": likeness,
    }


def test_partwriting_leaves_a_rule_that_was_not_checked_empty():
    both = {"hidden fifths": (1000, "note"), "seventh unresolved": (100, "seventh")}
    equal = {"equal_pitch": {"rate": 0.375, "interval": [0.25, 0.5]}}
    sets = {"Bach": metrics(both), "others": metrics({"hidden fifths": (1000, "note")}, equal)}
    table = partwriting_table("t", sets)
    assert texts(find(table, PARALLELS)) == ["1.50", "1.50"]
    assert texts(find(table, "seventh unresolved")) == ["1.50", ""]
    assert find(table, "seventh unresolved")[0].detail == "% of sevenths"
    assert find(table, "hidden fifths")[0].detail == "per 1000 notes"
    assert texts(find(table, "pieces without parallel fifths or octaves")) == ["50", "50"]
    assert texts(find(table, "pitches equal to Bach's")) == ["", "37.5"]
    assert texts(find(table, "chord changes")) == ["0.750", "0.750"]
    assert set(rates(sets["others"])) == {
        row[0].text for row in table.rows if row and row[0].text
    } - {"pieces", "pieces without parallel fifths or octaves", "pitches equal to Bach's",
         "seventh unresolved"}  # fmt: skip
    assert rates(sets["Bach"])[PARALLELS] == (1.5, [1.0, 2.0])


def test_style_beside_bach():
    def grades(median):
        return {"medians": {"notes": {"median": 0.25, "interval": [0.0, 1.0]},
                            "grade": {"median": median, "interval": NOTHING}}}  # fmt: skip

    distance = {"name": "onsets per beat", "unit": "onsets", "pieces": 3, "distance": 0.5,
                "interval": [0.25, 0.75], "floor": 0.125, "floor_interval": NOTHING}  # fmt: skip
    found = {"pieces": {"test": 3, "ours": 2}, "grade": {"bach": grades(5), "ours": grades(6)},
             "distances": [distance]}  # fmt: skip
    infinite = found | {"grade": {"bach": grades(5), "ours": grades(None)}}
    table = medians_table("t", {"ours": found, "far": infinite})
    assert texts(find(table, STYLE_DISTANCE)) == ["5.00", "6.00", "infinite", "4.91"]
    assert all(cell.emphasis for cell in find(table, STYLE_DISTANCE)[1:4])
    assert texts(find(table, "pieces")) == ["3", "2", "2", ""]
    assert texts(find(table, "notes")) == ["0.25", "0.25", "0.25", "0.24"]
    [row] = distances_table("t", {"ours": found}).rows
    assert texts(row) == ["0.125", "0.500"]
    assert row[2].interval_text == "0.250 to 0.750"


def test_novelty_of_sets():
    figure = {"mean": 0.5, "interval": [0.25, 0.75], "median": 0.5, "percentile_90": 1.0,
              "maximum": 1.0}  # fmt: skip
    source = {"piece": "bwv1", "bar": 2, "voices": ["alto"], "higher": -1}
    passage = {"piece": "mine", "bar": 1, "notes": 8, "beats": 1.0, "source": source}
    found = {"pieces": [1, 2], "figures": {"alto": dict.fromkeys(STATISTICS, figure)},
             "longest": {"alto": passage}}  # fmt: skip
    table = novelty_table("t", {"ours": found})
    assert texts(find(table, "pieces")) == ["2", ""]
    assert texts(find(table, "longest passage, notes")) == ["0.50", "0.5, 1, 1"]
    assert texts(find(table, "copied bars, %")) == ["50.0", "50, 100, 100"]
    plain = novelty_table("t", {"ours": found | {"pieces": 7}}, spread=False)
    assert texts(find(plain, "pieces")) == ["7"]
    assert texts(find(plain, "copied bars, %")) == ["50.0"]
    [row] = passages_table("t", {"ours": found}).rows
    assert texts(row) == [
        "ours", "mine, bar 1: 8 notes, 1 quarter", "bwv1, bar 2, alto, 1 semitone lower",
    ]  # fmt: skip


def test_classifiers_and_their_top_features():
    verdict = {"accuracy": 0.625, "interval": [0.5, 0.75], "chance": [0.375, 0.625], "p": 0.04}
    feature = {"feature": "leaps", "ours": 1.0, "bach": None, "above": 0.25, "p": 0.01}
    tasks = {task: {"majority": verdict} for task in ("pieces", "excerpts", "pairs")}
    found = {"pairs": 9, "tunes": 8, "level": "notes", "classifiers": tasks,
             "top_features": [feature] * (MOST_FEATURES + 1)}  # fmt: skip
    row = find(accuracy_table("t", {"ours": found}), "majority of the three")
    assert row[1].text == "62.5"
    assert row[1].small_print == ("50.0 to 75.0", "by chance 38 to 62, p 0.04")
    assert texts(find(accuracy_table("t", {"ours": found}), "compared by")) == ["notes only"]
    table = features_table("ours", found)
    assert len(table.rows) == MOST_FEATURES
    assert f"{MOST_FEATURES} of {MOST_FEATURES + 1} that differ" in table.title
    assert texts(table.rows[0]) == ["less", "1", "", "25", "0.0100"]


def test_a_round_of_a_fit_without_a_rate_of_bach():
    def reading(rate):
        return SimpleNamespace(rate=rate)

    targets: dict[str, RateMeasurement] = {"leaps": reading(0.5), "hidden": reading(0.0)}
    tried: Round = SimpleNamespace(
        readings={"leaps": reading(0.25), "hidden": reading(0.5)},
        weights={"leaps": 1.0, "hidden": 2.0},
        distance=1.5,
        equal_pitch=0.5,
    )
    leaps, hidden = round_table(3, targets, tried).rows
    assert texts(leaps)[:4] == ["1.000", "0.250", "0.500", "0.50"]
    assert texts(hidden)[:4] == ["2.000", "0.500", "0.000", ""]


def test_the_longest_measurements_come_first():
    rows = [{"what": str(n), "of": None, "seconds": float(n), "cached": n == 9} for n in range(10)]
    table = longest_table({"rows": rows, "seconds": 36.0})
    assert [row[0].text for row in table.rows if row] == ["8", "7", "6", "5", "4", "whole run"]
    assert texts(table.rows[-1]) == ["1 read from the cache", "36.0"]


def music_row(name, *, bach=True, star=False, rate=0.05):
    share = {"rate": rate, "interval": [0.02, 0.08]}
    return {
        "name": name, "unit": "per 100 notes", "per": 100, "ours": share,
        "bach": {"rate": 0.01, "interval": [0.0, 0.02]} if bach else None,
        "difference": [1.5, 6.25] if bach else None, "star": star,
    }  # fmt: skip


def test_music_beside_bach():
    rows = [music_row("swings", star=True), music_row("steps"), music_row("equal", bach=False)]
    found = {"pieces": 4, "compared": 2, "stars": 1, "rows": rows}
    table = music_table("t", {"a": found, "b": found})
    assert [column.heading for column in table.columns] == ["", "Bach", "a", "b"]
    assert texts(find(table, "swings")) == ["1.00", "5.00*", "5.00*"]
    assert find(table, "swings")[0].detail == "per 100 notes"
    assert find(table, "swings")[1].interval_text == "0.00 to 2.00"
    assert find(table, "swings")[2].small_print == ("+1.50 to +6.25",)
    assert texts(find(table, "steps")) == ["1.00", "5.00", "5.00"]
    assert texts(find(table, "equal")) == ["", "5.00", "5.00"]
    assert find(table, "equal")[2].interval_text == "2.00 to 8.00"
    assert texts(table.rows[-1]) == ["", "1 of 2, 50%", "1 of 2, 50%"]


def test_music_without_bach_has_no_stars():
    rows = [music_row("swings", bach=False), music_row("steps", bach=False, rate=None)]
    table = music_table("t", {"a": {"pieces": 4, "compared": 0, "stars": 0, "rows": rows}})
    assert [column.heading for column in table.columns] == ["", "a"]
    assert [texts(row) for row in table.rows if row] == [["4"], ["5.00"], [""]]
    assert not any("*" in note for note in table.footnotes)
