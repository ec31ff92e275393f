"""Repairing cells without labels: spelling variants first, then cells that contradict what other columns decide."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from data_health.cleaning.dependencies import Determinant, Nearness, determinants
from data_health.cleaning.meant import meant_values
from data_health.cleaning.parts import Contradiction, contradictions
from data_health.cleaning.settings import DEFAULTS, Settings
from data_health.cleaning.text import Column, encoded
from numpy.typing import NDArray


@dataclass(frozen=True)
class RepairRule:
    """
    In `column`, `from_value` becomes `to_value`: everywhere (method `spelling`), or where `determinant_column`
    holds `determinant_value` (method `dependency`). There is one rule for a row and column at most, and rules of
    dependencies look at the row as spelling rules leave it.
    """

    column: str
    method: str
    determinant_column: str | None
    determinant_value: str | None
    from_value: str
    to_value: str
    confidence: float
    support: int


@dataclass(frozen=True)
class _Change:
    """A cell that its determinants contradict, and the value that they agree on."""

    row: int
    to_code: int


def repair_rules(
    names: Sequence[str],
    values: NDArray[np.object_],
    targets: Sequence[str] | None = None,
    settings: Settings = DEFAULTS,
) -> list[RepairRule]:
    """
    The repairs of a table of texts (n rows, one column per name, None or '' for missing), in `targets` only where
    that is given. Missing values are neither evidence nor filled in.
    """
    wanted = names if targets is None else targets
    of_values, columns = value_rules(names, values, wanted, settings)
    return of_values + dependency_rules(names, columns, wanted, settings)


def value_rules(
    names: Sequence[str], values: NDArray[np.object_], targets: Sequence[str], settings: Settings
) -> tuple[list[RepairRule], list[Column]]:
    """The rules of the targets that look at a value alone, and all columns as those rules leave them."""
    rules, columns = [], []
    for number, name in enumerate(names):
        texts = values[:, number]
        meant = meant_values(Counter(text for text in texts if text), settings) if name in targets else {}
        column = encoded([meant[text].value if text in meant else text for text in texts])
        rules += [
            RepairRule(name, found.method, None, None, text, found.value, found.confidence, found.support)
            for text, found in sorted(meant.items())
        ]
        columns.append(column)
    return rules, columns


def dependency_rules(
    names: Sequence[str], columns: list[Column], targets: Sequence[str], settings: Settings
) -> list[RepairRule]:
    """The rules of method `dependency` of the targets, on columns without misspellings."""
    rules = _rules_of_parts(names, columns, targets, settings)
    told = {(rule.column, rule.from_value) for rule in rules}
    for number, name in enumerate(names):
        near = Nearness(columns[number], settings)
        deciding = determinants(columns, number, near, settings) if name in targets else []
        if deciding:
            changes = list(_contradicted_cells(columns[number], deciding, near, settings))
            found = _rules_of_changes(names, columns, number, deciding, changes)
            # a row must not meet two rules
            rules += [rule for rule in found if (name, rule.from_value) not in told]
    return rules


def _rules_of_parts(
    names: Sequence[str], columns: list[Column], targets: Sequence[str], settings: Settings
) -> list[RepairRule]:
    """The rules for values that stand twice in a row, once as a part of another one. All rows of a rule agree."""
    found: dict[tuple[int, int, int], dict[int, Contradiction]] = defaultdict(dict)
    for item in contradictions(columns, settings):
        if names[item.column] in targets:
            found[item.column, item.witness, int(columns[item.column].codes[item.row])][item.row] = item
    rules, witness_of = [], {}
    for (column, witness, code), changes in found.items():
        if witness_of.setdefault((column, code), witness) != witness:
            continue
        by_value = defaultdict(set)
        for row in np.flatnonzero(columns[column].codes == code):
            item = changes.get(int(row))
            by_value[int(columns[witness].codes[row])].add(item and (item.text, item.confidence, item.support))
        for value, goals in sorted(by_value.items()):
            goal = goals.pop()
            if value >= 0 and goal is not None and not goals:
                text = columns[column].values[code]
                witness_text = columns[witness].values[value]
                rules.append(RepairRule(names[column], "dependency", names[witness], witness_text, text, *goal))
    return rules


def _contradicted_cells(
    column: Column, deciding: list[Determinant], near: Nearness, settings: Settings
) -> Iterator[_Change]:
    """
    The cells to repair. The determinants of a row vote: at least half of those that know something must agree on a
    value, at most half as many may confirm the cell, and one vote alone is enough only for a slip of the pen or
    against all others of a group. A value that is itself the rule in some group is real and never replaced.
    """
    codes, counts = column.codes, column.counts
    is_established = np.zeros(len(counts), bool)
    for found in deciding:
        confirmed = found.is_informed & (found.prediction.value == codes) & (found.prediction.same >= 2)
        is_established |= np.bincount(codes[confirmed], minlength=len(counts)) > 0
    present = codes >= 0
    is_closed = is_established[codes[present]].mean() >= settings.min_established
    informed = sum(found.is_informed.astype(int) for found in deciding)
    confirming = sum((found.is_informed & (found.prediction.value == codes)).astype(int) for found in deciding)
    candidates = np.logical_or.reduce([found.is_deviating for found in deciding]) & ~is_established[codes]
    for row in np.flatnonzero(candidates & present):
        code = int(codes[row])
        votes = Counter(int(found.prediction.value[row]) for found in deciding if found.is_deviating[row])
        (winner, agreeing), *rest = votes.most_common(2)
        if rest and rest[0][1] == agreeing:
            continue
        if 2 * agreeing < informed[row] or agreeing < 2 * confirming[row]:
            continue
        is_slip = near(code, winner)
        if agreeing == 1 and not is_slip:
            against_all = any(
                found.is_alone[row] and found.confidence >= settings.exact_confidence
                for found in deciding
                if found.prediction.value[row] == winner
            )
            if not (is_closed and counts[code] <= settings.rare_rows and against_all):
                continue
        if counts[code] >= settings.frequent_rows:
            if not is_slip or counts[winner] < settings.frequent_ratio * counts[code]:
                continue
        elif near.is_twin(code, winner):
            continue
        yield _Change(int(row), winner)


def _rules_of_changes(
    names: Sequence[str], columns: list[Column], target: int, deciding: list[Determinant], changes: list[_Change]
) -> Iterator[RepairRule]:
    """
    Rules that make exactly these changes and no other among the rows: for each wrong value the one determinant that
    tells its rows apart best, so that no row meets two rules. Cells that no determinant tells apart stay as they are.
    """
    codes = columns[target].codes
    by_value: dict[int, dict[int, int]] = defaultdict(dict)
    for change in changes:
        by_value[int(codes[change.row])][change.row] = change.to_code
    for code, wanted in sorted(by_value.items()):
        rows = np.flatnonzero(codes == code)
        best: tuple[tuple, list[RepairRule]] | None = None
        for found in deciding:
            rules = list(_rules_of_value(names, columns, target, found, code, rows, wanted))
            covered = sum(int((columns[found.column].codes[rows] == rule[0]).sum()) for rule in rules)
            # the content of a column breaks ties, since neither its name nor its place may matter
            rank = (covered, found.confidence, len(columns[found.column].values), columns[found.column].values[0])
            if best is None or rank > best[0]:
                best = (rank, [rule for _, rule in rules])
        yield from best[1] if best else []


def _rules_of_value(
    names: Sequence[str],
    columns: list[Column],
    target: int,
    found: Determinant,
    code: int,
    rows: NDArray[np.int64],
    wanted: dict[int, int],
) -> Iterator[tuple[int, RepairRule]]:
    """Rules for one wrong value where this determinant tells, with its code: groups whose rows all change alike."""
    groups: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        groups[int(columns[found.column].codes[row])].append(int(row))
    for group, members in sorted(groups.items()):
        goals = {wanted.get(row, -1) for row in members}
        goal = goals.pop()
        row = members[0]
        if group < 0 or goals or goal < 0 or found.prediction.value[row] != goal or not found.is_informed[row]:
            continue
        values = columns[target].values
        rule = RepairRule(
            names[target],
            "dependency",
            names[found.column],
            columns[found.column].values[group],
            values[code],
            values[goal],
            found.confidence,
            int(found.prediction.support[row]),
        )
        yield group, rule
