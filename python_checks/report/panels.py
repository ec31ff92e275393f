"""What a view is made of: panels, each with one picture or table, its words, and where the docs explain it."""

from dataclasses import dataclass, field

Words = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Panel:
    """One picture, or table, of a view.

    `chart` names a chart, and a table stands below it. `choose` are columns of which the reader picks a value;
    `keep` are rows that stay whatever is picked. `repeat` makes a picture for each value of a column. `needs` is a
    column without whose values there is nothing to draw; `empty` says so.
    """

    key: str
    title: str
    text: str
    block: str
    docs: Words
    chart: str = ""
    choose: tuple[str, ...] = ()
    prefer: dict[str, str] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    repeat: str = ""
    prepare: str = ""
    needs: str = ""
    only: dict[str, object] = field(default_factory=dict)
    empty: str = "There are no rows. The part may be off for this table."
    link: str = ""
    # the columns of the table; all of the block where none is named
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A view, with its panels; `of` says what it is about: a monitor, a column or a cleaning set."""

    key: str
    title: str
    of: str
    panels: tuple[Panel, ...]
    # terms of the glossary
    terms: tuple[str, ...] = ()
