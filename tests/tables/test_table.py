import math
from html.parser import HTMLParser

import pytest

from bachbot.tables.table import (
    Cell,
    Column,
    Table,
    figures,
    number,
    percent,
    to_html,
    to_markdown,
)

TABLE = Table(
    "losses <now>",
    [Column("model", align="left"), Column("nats", "per frame", explanation="lower is better")],
    [
        [Cell("test part")],
        [Cell("a|b", detail="3 pieces"), number(0.5, 2, (0.25, 0.75), emphasis=True)],
        [],
        [Cell("none"), number(None)],
    ],
    ["A note."],
    "bachbot evaluate losses",
)


def test_cells_are_written_by_their_format():
    assert number(0.5).text == "0.500"
    assert percent(0.5, 0, [0.25, 0.75]).interval_text == "25 to 75"
    assert number(0.5, 3, [None, None]).interval_text == ""
    assert Cell(12).text == "12"
    assert Cell("text", ".3f").text == "text"
    assert number(math.inf, 2).text == "infinite"
    for missing in (None, math.nan):
        assert number(missing, 2, [1.0, 2.0]).text == ""
        assert number(missing, 2, [1.0, 2.0]).small_print == ()
    assert percent(None).text == ""
    assert number(1.0, 1, (0.5, 1.5), detail="p 0.01").small_print == ("0.5 to 1.5", "p 0.01")


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="'t' has 2 cells, not 3"):
        Table("t", figures(["a", "b"]), [[Cell("x"), number(1.0)]])


def test_markdown():
    assert to_markdown(TABLE) == (
        "**losses <now>**\n"
        "\n"
        "| model | nats (per frame) |\n"
        "| --- | ---: |\n"
        "| **test part** |  |\n"
        "| a\\|b (3 pieces) | **0.50** (0.25 to 0.75) |\n"
        "| none |  |\n"
        "\n"
        "nats: lower is better. A note.\n"
        "\n"
        "Printed by `bachbot evaluate losses`."
    )


def test_html_is_well_nested_and_escaped():
    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.text = [], []

        def handle_starttag(self, tag, attrs):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

        def handle_data(self, data):
            self.text.append(data.strip())

    html = to_html(TABLE)
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    assert [text for text in reader.text if text] == [
        "losses <now>", "model", "nats", "per frame", "test part", "a|b", "3 pieces", "0.50",
        "0.25 to 0.75", "none", "nats: lower is better. A note.", "Printed by",
        "bachbot evaluate losses",
    ]  # fmt: skip
    assert '<td class="strong">0.50<small>0.25 to 0.75</small></td>' in html
    assert '<th scope="rowgroup" colspan="2">test part</th>' in html
