"""Tables of results: one for each measure, shown alike on a terminal, in a page and in a document.

A module for each group of measures builds its `Table` from the plain data that the measure gives
(``to_json``), so labels, units and number formats are written once. `table` renders one as Markdown
and as HTML; the command line renders it on a terminal.
"""

from bachbot.tables.table import Cell, Column, Table, to_html, to_markdown

__all__ = ["Cell", "Column", "Table", "to_html", "to_markdown"]
