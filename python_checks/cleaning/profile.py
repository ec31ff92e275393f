"""A column while rules for it are looked for, and what is found."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from data_health.cleaning.counted import Counted, as_written
from data_health.cleaning.numbers import NUMBER
from data_health.cleaning.rewriting import rewritten


@dataclass(frozen=True)
class Suggestion:
    """
    A rule for a column: its kind, the rule as cleaning configuration (a mapping), the evidence in words, and how many
    of the rows looked at it would change, or fail. `looked_at` is the number of these rows, None for the sample. The
    kind `question` has no rule: the evidence says what only a person can decide, and `affected` how many rows it is.
    """

    column: str
    kind: str
    rule: dict[str, Any] | None
    evidence: str
    affected: int
    looked_at: int | None = None

    def as_yaml(self) -> str | None:
        """The rule on one line, to paste below `rules:`; None for a question."""
        if self.rule is None:
            return None
        return yaml.safe_dump(
            self.rule, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
        ).strip()


@dataclass
class Profile:
    """
    A column while it is looked at: rows per value that is still unexplained, and the suggestions so far. `counted` is
    what a monitor knows of it; where that is every value with its rows, `rows` are over the whole table. They are so
    too where the sample `is_all` of it. `is_difference` where the column is the days between two others.
    """

    name: str
    rows: Counter[str]
    is_typed: bool = False
    is_all: bool = True
    is_difference: bool = False
    counted: Counted | None = None
    found: list[Suggestion] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Are the rows those of the whole table?"""
        return self.counted is not None and self.counted.is_complete and bool(self.counted.rows)

    def suggest(self, kind: str, rule: dict[str, Any], evidence: str, affected: int, by_monitor: bool = False) -> None:
        """Add a suggestion for the column; `by_monitor`, from counts of all rows."""
        full_rule = rule if "repair" in rule else {"column": self.name, **rule}
        source = self.counted if self.is_whole or by_monitor else None
        evidence, looked_at = (evidence, None) if source is None else (evidence + source.source, source.total)
        self.found.append(Suggestion(self.name, kind, full_rule, evidence, int(affected), looked_at))

    def ask(self, question: str, affected: int) -> None:
        """Add what only a person can decide."""
        source = self.counted if self.is_whole else None
        question, looked_at = (question, None) if source is None else (question + source.source, source.total)
        self.found.append(Suggestion(self.name, "question", None, question, int(affected), looked_at))

    def rewrite(self, change: Callable[[str], str]) -> None:
        """Count the rows of what the values become; of what becomes empty, none."""
        rows: Counter[str] = Counter()
        for value, count in self.rows.items():
            rows[change(value)] += count
        del rows[""]
        self.rows = rows

    def without(self, values: Sequence[str]) -> None:
        """Take values as explained."""
        explained = set(values)
        self.rows = Counter({value: rows for value, rows in self.rows.items() if value not in explained})


def missing(profile: Profile, sentinels: list[str], reason: str) -> None:
    """Values that stand for none. A column of numbers is compared with numbers, not with texts."""
    if sentinels:
        rows = {value: profile.rows[value] for value in sentinels}
        listed = [
            as_written(float(value)) if profile.is_typed and NUMBER.fullmatch(value) else value for value in sentinels
        ]
        profile.suggest("sentinel", {"null_values": listed}, f"{values_with_rows(rows)} {reason}", sum(rows.values()))
        profile.without(sentinels)


def cast(profile: Profile, kind: str, rules: list[dict[str, Any]], evidence: str, failing: Counter[str]) -> None:
    """Suggest to read the values as another type, if all can be: a rule must not lose what a person may still need."""
    if failing:
        rule = ", ".join(f"{key}: {value}" for key, value in rules[-1].items())
        profile.ask(f"{evidence}{except_for(failing)}. What are these? {rule} would lose them", failing.total())
        return
    for rule in rules:
        changed = {value: rows for value, rows in profile.rows.items() if rewritten(rule, value) != value}
        profile.suggest(kind if "cast" not in rule else "type", rule, evidence, sum(changed.values()))
        if changed:
            profile.rewrite(lambda value, rule=rule: rewritten(rule, value) or "")


def values_with_rows(rows: dict[str, int], most: int = 5) -> str:
    """Values with their rows, as '12 x 'N/A', 3 x '?''."""
    ordered = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{count} x {value[:40]!r}" for value, count in ordered[:most])
    return listed + (f" and {len(ordered) - most} more" if len(ordered) > most else "")


def except_for(failing: Counter[str]) -> str:
    """The rest of a sentence about all values: those that it is not true of."""
    return f", all but {values_with_rows(failing)}" if failing else ""
