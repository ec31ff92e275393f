"""Rules that a table seems to need, with what speaks for them and what they would do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from data_health.cleaning.booleans import mixed_words, two_words
from data_health.cleaning.characters import character_rules
from data_health.cleaning.counted import Counted
from data_health.cleaning.date_rules import date_rules, typed_date_rules
from data_health.cleaning.dates import day_differences
from data_health.cleaning.dependencies import Nearness, determinants
from data_health.cleaning.disputed import disputed_suggestions
from data_health.cleaning.duplicate_columns import duplicate_columns, duplicate_questions
from data_health.cleaning.epochs import moments_in_numbers
from data_health.cleaning.keys import key_suggestions
from data_health.cleaning.number_rules import number_rules
from data_health.cleaning.pairs import pair_rules
from data_health.cleaning.profile import Profile, Suggestion, except_for, missing, values_with_rows
from data_health.cleaning.readings import reading_of
from data_health.cleaning.repair import RepairRule, dependency_rules, value_rules
from data_health.cleaning.sentinels import doubtful_members, word_sentinels
from data_health.cleaning.settings import DEFAULTS, Settings
from data_health.cleaning.text import WHITE_SPACE, Column
from numpy.typing import NDArray

MIN_ROWS = 20
MAX_ALLOWED = 20
MAX_REPLACED = 20
MIN_DECIDED, MIN_DECIDED_GAIN, MIN_GROUP = 0.98, 0.9, 20


def suggested_rules(
    names: Sequence[str],
    values: NDArray[np.object_],
    typed: Sequence[str] = (),
    settings: Settings = DEFAULTS,
    counted: Mapping[str, Counted] | None = None,
    is_all: bool = True,
) -> list[Suggestion]:
    """
    What a table of texts (n rows, one column per name, None or '' for missing) seems to need, column by column, in
    the order in which the rules are to run. Columns in `typed` have a type already, so that none is suggested.
    `counted` has columns that a monitor counted: instead of estimates of the sample, counts over all rows. `is_all`
    where the rows are the whole table.
    """
    of_values, columns = value_rules(names, values, names, settings)
    dependencies = dependency_rules(names, columns, names, settings)
    differences = day_differences(names, values)
    duplicates = duplicate_columns(names, values)
    suggestions, readings = [], []
    for number, name in enumerate(names):
        sampled = Counter(value for value in values[:, number] if value)
        profile = Profile(name, sampled, name in typed, is_all, name in differences, (counted or {}).get(name))
        if profile.is_whole:
            profile.rows = Counter({value: rows for value, rows in profile.counted.rows.items() if value})
        misspelled = {rule.from_value: rule.to_value for rule in of_values if rule.column == name}
        contradicted = {rule.from_value for rule in dependencies if rule.column == name}
        _look_at(profile, name in typed, misspelled, contradicted)
        suggestions += profile.found
        if number not in {column for column, *_ in duplicates}:
            readings.append(reading_of(name, values[:, number], profile.found, name in typed))
    suggestions += _dependencies(names, columns, dependencies, settings)
    suggestions += pair_rules([reading for reading in readings if reading is not None])
    suggestions += key_suggestions(names, values, is_all)
    decided = {item.column for item in suggestions if item.kind == "dependency"}
    suggestions += disputed_suggestions(names, _without_sentinels(names, values, suggestions), decided)
    return suggestions + list(duplicate_questions(names, len(values), duplicates))


def _without_sentinels(
    names: Sequence[str], values: NDArray[np.object_], suggestions: Sequence[Suggestion]
) -> NDArray[np.object_]:
    """The values (n, one per name) without those that a suggested rule makes null."""
    left = values.copy()
    for item in suggestions:
        if item.kind == "sentinel" and item.rule is not None:
            column = left[:, names.index(item.column)]
            column[np.isin(column.astype(str), [str(value) for value in item.rule["null_values"]])] = None
    return left


def _look_at(profile: Profile, is_typed: bool, misspelled: dict[str, str], contradicted: set[str]) -> None:
    """Explain a column from its missing values to its type and its range."""
    rows_before = profile.rows.total()
    if not is_typed:
        character_rules(profile)
        _trim(profile)
        _words_for_missing(profile)
    if profile.rows.total() < MIN_ROWS:
        return
    if (not is_typed and mixed_words(profile)) or moments_in_numbers(profile, is_typed):
        return
    if is_typed:
        _ = number_rules(profile, is_typed) or typed_date_rules(profile)
    elif not (number_rules(profile, is_typed) or two_words(profile) or date_rules(profile)):
        _letter_case(profile)
        _spelling(profile, misspelled)
        _category(profile, contradicted, rows_before)


def _trim(profile: Profile) -> None:
    """Blanks around values."""
    padded = {value: rows for value, rows in profile.rows.items() if value != value.strip(WHITE_SPACE)}
    if padded:
        evidence = f"{values_with_rows(padded)} begin or end with white space"
        profile.suggest("whitespace", {"trim": True}, evidence, sum(padded.values()))
        stripped: Counter[str] = Counter()
        for value, rows in profile.rows.items():
            stripped[value.strip(WHITE_SPACE)] += rows
        profile.rows = stripped
        profile.without([""])


def _words_for_missing(profile: Profile) -> None:
    """Sentinels that are words or marks."""
    missing(profile, word_sentinels(profile.rows), "say that there is no value")


def _category(profile: Profile, contradicted: set[str], rows_before: int) -> None:
    """
    The set of values, without those that other columns contradict; or that there is hardly more than one. Only from
    all rows of the table: a sample may lack right values.
    """
    if not (profile.is_all or profile.is_whole):
        return
    doubtful = doubtful_members(profile.rows)
    known = Counter({value: rows for value, rows in profile.rows.items() if value not in contradicted | doubtful})
    total, distinct = known.total(), len(known)
    if not distinct or distinct > MAX_ALLOWED or total < 100 or distinct > total / 20:
        return
    if doubtful:
        rows = {value: profile.rows[value] for value in doubtful}
        profile.ask(f"{values_with_rows(rows)} are unlike the other values. Are they right?", sum(rows.values()))
    failing = Counter({value: rows for value, rows in profile.rows.items() if value not in known})
    rule = {"allowed": sorted(known), "on_failure": "warn"}
    mode, mode_rows = known.most_common(1)[0]
    if mode_rows < 0.99 * total:
        evidence = f"{total} of {profile.rows.total()} values are one of {distinct} different values"
        profile.suggest("allowed", rule, evidence + except_for(failing), failing.total())
    elif total > 0.95 * rows_before:  # else there is a value or none, which says something
        evidence = f"{mode_rows} of {profile.rows.total()} values are {mode!r}: the column is nearly constant"
        profile.suggest("near_constant", rule, evidence + except_for(failing), failing.total())


def _letter_case(profile: Profile) -> None:
    """The same words in capitals and not: the rare form becomes the usual one, or all are brought to one case."""
    forms: dict[str, list[str]] = {}
    for value in profile.rows:
        forms.setdefault(value.lower(), []).append(value)
    usual = {}
    for values in forms.values():
        best = max(values, key=lambda value: (profile.rows[value], value))
        usual |= {value: best for value in values if value != best}
    if not usual:
        return
    rows = {value: profile.rows[value] for value in usual}
    evidence = f"{values_with_rows(rows)} differ from a more frequent value only in capital letters"
    if len(usual) <= MAX_REPLACED:
        profile.suggest("case", {"replace": usual}, evidence, sum(rows.values()))
    else:
        form = _one_case(profile, usual)
        if form is None:
            profile.ask(f"{evidence}. Which form is right?", sum(rows.values()))
        else:
            profile.suggest("case", {"case": form}, evidence, sum(rows.values()))
    _merge(profile, usual)


def _one_case(profile: Profile, usual: dict[str, str]) -> str | None:
    """The case that all values have but those to be replaced, which get the right form by it."""
    for form, changed in (("upper", str.upper), ("lower", str.lower)):
        right = {value: usual.get(value, value) for value in profile.rows}
        if all(changed(value) == other for value, other in right.items()):
            return form
    return None


def _spelling(profile: Profile, misspelled: dict[str, str]) -> None:
    """Rare spellings of frequent values: listed if they are few, else to be repaired."""
    rows = {value: profile.rows[value] for value in misspelled if profile.rows[value]}
    if not rows:
        return
    listed = {value: misspelled[value] for value in rows}
    rule = {"replace": listed} if len(rows) <= MAX_REPLACED else {"repair": {"columns": [profile.name]}}
    evidence = f"{values_with_rows(rows)} are rare and spelled nearly like a frequent value"
    profile.suggest("spelling", rule, evidence, sum(rows.values()))
    _merge(profile, listed)


def _merge(profile: Profile, replaced: dict[str, str]) -> None:
    """Count the rows of a value with those of what replaces it."""
    for value, right in replaced.items():
        profile.rows[right] += profile.rows[value]
    profile.without(list(replaced))


def _dependencies(
    names: Sequence[str], columns: list[Column], rules: list[RepairRule], settings: Settings
) -> Iterator[Suggestion]:
    """
    For each column the one that decides it best, where the exceptions are few and can be repaired, or where groups
    are large enough for the few exceptions to be worth a look.
    """
    for target, name in enumerate(names):
        repaired = sum(rule.column == name for rule in rules)
        found = [
            item
            for item in determinants(columns, target, Nearness(columns[target], settings), settings)
            if item.confidence >= MIN_DECIDED
            and item.gain >= MIN_DECIDED_GAIN
            and item.is_deviating.any()
            and (repaired or item.is_informed.sum() >= MIN_GROUP * len(columns[item.column].values))
        ]
        if found:
            best = max(found, key=lambda item: (item.confidence, item.gain))
            exceptions, informed = int(best.is_deviating.sum()), int(best.is_informed.sum())
            evidence = (
                f"{names[best.column]} decides this column in {best.confidence:.1%} of {informed} rows, "
                f"and not in {exceptions}"
            )
            yield Suggestion(name, "dependency", {"repair": {"columns": [name]}}, evidence, exceptions)
