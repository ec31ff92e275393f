"""Rules that a table seems to need, with what speaks for them and what they would do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from data_health.cleaning.counted import Counted, as_written
from data_health.cleaning.dates import (
    STANDARD,
    date_formats,
    day_differences,
    is_castable,
    mixes_day_and_month,
    parsed,
)
from data_health.cleaning.dependencies import Nearness, determinants
from data_health.cleaning.numbers import (
    DECIMAL_COMMA,
    NUMBER,
    WHOLE,
    WITH_COMMAS,
    WITH_UNIT,
    as_number,
    is_code,
    unit_factors,
)
from data_health.cleaning.profile import Profile, Suggestion
from data_health.cleaning.repair import RepairRule, dependency_rules, value_rules
from data_health.cleaning.sentinels import (
    ambiguous_sentinels,
    date_sentinels,
    doubtful_members,
    number_sentinels,
    word_sentinels,
)
from data_health.cleaning.settings import DEFAULTS, Settings
from data_health.cleaning.text import WHITE_SPACE, Column
from numpy.typing import NDArray

MIN_ROWS = 20
MIN_PARSED = 0.95
LONGEST = 40
MAX_ALLOWED = 20
MAX_REPLACED = 20
MIN_DECIDED, MIN_DECIDED_GAIN, MIN_GROUP = 0.98, 0.9, 20
BOOLEANS = [{"y", "n"}, {"yes", "no"}, {"true", "false"}, {"t", "f"}]
LARGEST_INTEGER = {"integer": 2**31 - 1, "bigint": 2**63 - 1}


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
    suggestions = []
    for number, name in enumerate(names):
        sampled = Counter(value for value in values[:, number] if value)
        profile = Profile(name, sampled, name in typed, is_all, name in differences, (counted or {}).get(name))
        if profile.is_whole:
            profile.rows = Counter({value: rows for value, rows in profile.counted.rows.items() if value})
        misspelled = {rule.from_value: rule.to_value for rule in of_values if rule.column == name}
        contradicted = {rule.from_value for rule in dependencies if rule.column == name}
        _look_at(profile, name in typed, misspelled, contradicted)
        suggestions += profile.found
    return suggestions + list(_dependencies(names, columns, dependencies, settings))


def _look_at(profile: Profile, is_typed: bool, misspelled: dict[str, str], contradicted: set[str]) -> None:
    """Explain a column from its missing values to its type and its range."""
    rows_before = profile.rows.total()
    if not is_typed:
        _trim(profile)
        _words_for_missing(profile)
    if profile.rows.total() < MIN_ROWS:
        return
    if not (_number(profile, is_typed) or is_typed or _boolean(profile) or _date(profile)):
        _letter_case(profile)
        _spelling(profile, misspelled)
        _category(profile, contradicted, rows_before)


def _trim(profile: Profile) -> None:
    """Blanks around values."""
    padded = {value: rows for value, rows in profile.rows.items() if value != value.strip(WHITE_SPACE)}
    if padded:
        evidence = f"{_counted(padded)} begin or end with white space"
        profile.suggest("whitespace", {"trim": True}, evidence, sum(padded.values()))
        stripped: Counter[str] = Counter()
        for value, rows in profile.rows.items():
            stripped[value.strip(WHITE_SPACE)] += rows
        profile.rows = stripped
        profile.without([""])


def _words_for_missing(profile: Profile) -> None:
    """Sentinels that are words or marks."""
    _missing(profile, word_sentinels(profile.rows), "say that there is no value")


def _missing(profile: Profile, sentinels: list[str], reason: str) -> None:
    """Values that stand for none. A column of numbers is compared with numbers, not with texts."""
    if sentinels:
        rows = {value: profile.rows[value] for value in sentinels}
        listed = [
            as_written(float(value)) if profile.is_typed and NUMBER.fullmatch(value) else value for value in sentinels
        ]
        profile.suggest("sentinel", {"null_values": listed}, f"{_counted(rows)} {reason}", sum(rows.values()))
        profile.without(sentinels)


def _number(profile: Profile, is_typed: bool) -> bool:
    """Whole numbers, decimals, numbers with units or thousands separators. False where the column is no such."""
    total = profile.rows.total()
    plain = {value: number for value in profile.rows if (number := as_number(value)) is not None}
    parsed_rows = sum(profile.rows[value] for value in plain)
    if parsed_rows < MIN_PARSED * total:
        return False if is_typed else _number_in_disguise(profile)
    if is_code(list(plain)):
        return True
    failing = Counter({value: rows for value, rows in profile.rows.items() if value not in plain})
    _missing(profile, ambiguous_sentinels(failing), "are not numbers and stand for a missing value")
    if profile.is_difference:
        pass  # two dates say what the number is, and so that it is no sentinel
    elif profile.counted is not None and profile.counted.bins:
        _counted_number_sentinels(profile)
    else:
        _missing(profile, number_sentinels(plain, profile.rows), "are far from all other numbers")
    plain = {value: number for value, number in plain.items() if value in profile.rows}
    if not is_typed:
        data_type = _number_type(list(plain))
        if data_type is None:
            return True
        failing = Counter({value: rows for value, rows in profile.rows.items() if value not in plain})
        share = f"{parsed_rows} of {total} values are {'whole ' if data_type != 'double' else ''}numbers"
        _cast(profile, "type", [{"cast": data_type}], share, failing)
    _range(profile, plain)
    return True


def _counted_number_sentinels(profile: Profile) -> None:
    """Sentinels among all rows of a column of numbers, however rare: each fills a bin of the statistics alone."""
    numbers, rows = profile.counted.single_numbers()
    sentinels = number_sentinels(numbers, rows)
    if sentinels:
        told = {value: rows[value] for value in sentinels}
        rule = {"null_values": [as_written(numbers[value]) for value in sentinels]}
        evidence = f"{_counted(told)} are far from all other numbers"
        profile.suggest("sentinel", rule, evidence, sum(told.values()), by_monitor=True)
        apart = {numbers[value] for value in sentinels}
        profile.without([value for value in profile.rows if NUMBER.fullmatch(value) and float(value) in apart])


def _number_type(texts: list[str]) -> str | None:
    """integer, bigint or double; None for codes of equal, great length such as telephone numbers."""
    if not all(WHOLE.fullmatch(text) for text in texts):
        return "double"
    if min(map(len, texts)) == max(map(len, texts)) >= 9:
        return None
    largest = max(abs(int(text)) for text in texts)
    return next((name for name, limit in LARGEST_INTEGER.items() if largest <= limit), None)


def _cast(profile: Profile, kind: str, rules: list[dict[str, Any]], evidence: str, failing: Counter[str]) -> None:
    """Suggest to read the values as another type, if all can be: a rule must not lose what a person may still need."""
    if failing:
        what = ", ".join(f"{key}: {value}" for key, value in rules[-1].items())
        profile.ask(
            f"{evidence}{_except_for(failing)}: to be repaired before {what}, which would lose them?", failing.total()
        )
        return
    for rule in rules:
        changed = sum(rows for value, rows in profile.rows.items() if "," in value) if "replace_pattern" in rule else 0
        profile.suggest(kind if "cast" not in rule else "type", rule, evidence, changed)


def _number_in_disguise(profile: Profile) -> bool:
    """Numbers with a unit, with thousands separators or with a decimal comma."""
    if _number_with_commas(profile):
        return True
    units = unit_factors(profile.rows)
    if units is None:
        return False
    factors, affected = units
    others = Counter({value: rows for value, rows in profile.rows.items() if not WITH_UNIT.fullmatch(value)})
    evidence = f"{affected} of {profile.rows.total()} values are numbers followed by {', '.join(filter(None, factors))}"
    if others:
        profile.ask(
            f"{evidence}{_except_for(others)}: to be repaired before units, which would lose them?", others.total()
        )
    else:
        profile.suggest("unit", {"units": factors}, evidence, affected)
    return True


def _number_with_commas(profile: Profile) -> bool:
    """Commas between thousands or before decimals; which of the two a column has, its clearest values tell."""
    decimal = {value for value in profile.rows if DECIMAL_COMMA.fullmatch(value)}
    thousands = {value for value in profile.rows if WITH_COMMAS.fullmatch(value)} - decimal
    with_commas = decimal | thousands
    plain = {value for value in profile.rows if as_number(value) is not None}
    numbers = sum(profile.rows[value] for value in with_commas | plain)
    if not with_commas or numbers < MIN_PARSED * profile.rows.total():
        return False
    rows = {value: profile.rows[value] for value in with_commas}
    if decimal and any(value.count(",") > 1 or "." in value for value in thousands | plain):
        profile.ask(
            f"{_counted(rows)} have commas: which are between thousands, and which before decimals?", sum(rows.values())
        )
        return True
    sign, to = ("a decimal comma", ".") if decimal else ("thousands separators", "")
    evidence = f"{_counted(rows)} have {sign}"
    if not decimal and not any(value.count(",") > 1 or "." in value for value in thousands):
        evidence += ", or a decimal comma: all have three digits after it"
    failing = Counter({value: count for value, count in profile.rows.items() if value not in with_commas | plain})
    rules = [{"replace_pattern": [",", to]}, {"cast": "double"}]
    _cast(profile, "format", rules, evidence, failing)
    return True


def _boolean(profile: Profile) -> bool:
    """Exactly the two words of a yes or no."""
    words = {value.lower() for value in profile.rows}
    if words not in BOOLEANS:
        return False
    profile.suggest("type", {"cast": "boolean"}, f"the only values are {_counted(profile.rows)}", 0)
    return True


def _date(profile: Profile) -> bool:
    """Dates in one or several formats."""
    found = date_formats(profile.rows, 0.8)
    if found is None:
        return False
    formats, _, is_told = found
    _missing(profile, date_sentinels(profile.rows), "are dates that stand for a missing date")
    failing = Counter(
        {value: rows for value, rows in profile.rows.items() if not any(parsed(value, form) for form in formats)}
    )
    _missing(profile, ambiguous_sentinels(failing), "are not dates and stand for a missing value")
    failing = Counter({value: rows for value, rows in failing.items() if value in profile.rows})
    if mixes_day_and_month(formats):
        listed = " and ".join(formats)
        profile.ask(
            f"dates are written as {listed}: no rule can tell which of day and month comes first", profile.rows.total()
        )
        return True
    if not all(map(is_castable, formats)):
        return True  # dates, but with names of months, which no rule reads yet
    has_time = any("%H" in form or "%I" in form for form in formats)
    rule: dict[str, Any] = {"cast": "timestamp" if has_time else "date"}
    if not set(formats) <= STANDARD:
        rule["formats"] = formats
    total = profile.rows.total()
    evidence = f"{total - failing.total()} of {total} values are dates as {' or '.join(formats)}"
    if not is_told:
        evidence += "; no value shows whether the day or the month comes first"
    if failing:
        _cast(profile, "type", [rule], evidence, failing)
    else:
        profile.suggest("type" if len(formats) == 1 else "format", rule, evidence, 0)
    return True


def _range(profile: Profile, plain: dict[str, float]) -> None:
    """Few numbers that are farther from the rest than twice the width of the rest."""
    numbers = np.repeat(list(plain.values()), [profile.rows[value] for value in plain])
    numbers = np.sort(numbers[np.isfinite(numbers)])
    if len(numbers) < 100 or numbers[len(numbers) // 4] == numbers[3 * len(numbers) // 4]:
        return
    most = len(numbers) // 100
    low, high = 0, len(numbers) - 1
    for step in range(1, most + 1):
        if numbers[-step] - numbers[-step - 1] > 2 * (numbers[-step - 1] - numbers[most]):
            high = len(numbers) - 1 - step
        if numbers[step] - numbers[step - 1] > 2 * (numbers[-1 - most] - numbers[step]):
            low = step
    outside = np.concatenate([numbers[:low], numbers[high + 1 :]])
    if len(outside):
        limits = [as_written(numbers[low]), as_written(numbers[high])]
        listed = ", ".join(str(as_written(number)) for number in outside[:5])
        evidence = f"{len(outside)} of {len(numbers)} numbers lie far outside {limits[0]} to {limits[1]}: {listed}"
        profile.suggest("range", {"range": limits, "on_failure": "warn"}, evidence, len(outside))


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
        profile.ask(f"{_counted(rows)} are unlike the other values. Are they right?", sum(rows.values()))
    failing = Counter({value: rows for value, rows in profile.rows.items() if value not in known})
    rule = {"allowed": sorted(known), "on_failure": "warn"}
    mode, mode_rows = known.most_common(1)[0]
    if mode_rows < 0.99 * total:
        evidence = f"{total} of {profile.rows.total()} values are one of {distinct} different values"
        profile.suggest("allowed", rule, evidence + _except_for(failing), failing.total())
    elif total > 0.95 * rows_before:  # else there is a value or none, which says something
        evidence = f"{mode_rows} of {profile.rows.total()} values are {mode!r}: the column is nearly constant"
        profile.suggest("near_constant", rule, evidence + _except_for(failing), failing.total())


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
    evidence = f"{_counted(rows)} differ from a more frequent value only in capital letters"
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
    evidence = f"{_counted(rows)} are rare and spelled nearly like a frequent value"
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


def _counted(rows: dict[str, int], most: int = 5) -> str:
    """Values with their rows, as '12 x 'N/A', 3 x '?''."""
    ordered = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{count} x {value[:40]!r}" for value, count in ordered[:most])
    return listed + (f" and {len(ordered) - most} more" if len(ordered) > most else "")


def _except_for(failing: Counter[str]) -> str:
    return f", all but {_counted(failing)}" if failing else ""
