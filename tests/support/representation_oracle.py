"""Names of groups, shares, rates and ratios of representation from the rows themselves, by counting and SciPy."""

import math
from collections import defaultdict

from scipy import stats

Z = stats.norm.ppf(0.975)
# of an interval at this level each end is a one-sided bound of 95 %
ONE_SIDED = 0.9


def quoted(value, is_part=False):
    """How a value is spelled, written down a second time from the page."""
    if value is None:
        return "(null)"
    if value == "(null)" or value.startswith('"') or (is_part and ", " in value):
        return '"' + value.replace('"', '""') + '"'
    return value


def spelled(row, columns, names):
    values = [names.get((column, quoted(row[column])), quoted(row[column])) for column in columns]
    if len(columns) == 1:
        return values[0]
    return ", ".join(f'"{value}"' if ", " in value and not value.startswith('"') else value for value in values)


def grouped(rows, columns, names=()):
    groups = defaultdict(list)
    for row in rows:
        groups[spelled({name: row.get(name) for name in columns}, columns, dict(names))].append(row)
    return groups


def weight_of(row, is_weighted):
    if not is_weighted:
        return 1.0
    weight = row.get("weight")
    return weight if weight is not None and 0 <= weight < math.inf else 0.0


def wilson(successes, count, level=0.95):
    interval = stats.binomtest(successes, count).proportion_ci(level, method="wilson")
    return interval.low, interval.high


def wilson_of_share(share, count):
    """The same formula for a count that is not whole (METHODS of the package: weights)."""
    middle, reach = share + Z * Z / (2 * count), Z * math.sqrt(share * (1 - share) / count + (Z / (2 * count)) ** 2)
    return (middle - reach) / (1 + Z * Z / count), (middle + reach) / (1 + Z * Z / count)


def deviate_of_share(share, count, known, total):
    """Standard errors below four fifths of a share, among rows whose group is known, or above five fourths; or None."""
    under, over = 0.8 * share, share / 0.8
    if count / known < under:
        return (under - count / known) / math.sqrt(under * (1 - under) / known)
    if count / total > over:
        return (count / total - over) / math.sqrt(over * (1 - over) / total)
    return None


def log_ratio(a, n, b, m):
    """The logarithm of a / n over b / m, and its standard error; with half a row more where a or b is 0."""
    if a and b:
        p, pi = a / n, b / m
        return math.log(p / pi), math.sqrt((1 - p) / (n * p) + (1 - pi) / (m * pi))
    error = math.sqrt(1 / (a + 0.5) - 1 / (n + 0.5) + 1 / (b + 0.5) - 1 / (m + 0.5))
    return math.log((a + 0.5) / (n + 0.5)) - math.log((b + 0.5) / (m + 0.5)), error


def interval_of_ratio(a, n, b, m, level=0.95):
    log, error = log_ratio(a, n, b, m)
    z = stats.norm.ppf((1 + level) / 2)
    return math.exp(log - z * error), math.exp(log + z * error)


def p_value_of_ratio(a, n, b, m):
    """How likely chance alone gives a ratio so far below four fifths, or above five fourths."""
    log, error = log_ratio(a, n, b, m)
    return 2 * stats.norm.sf((abs(log) + math.log(0.8)) / error) if abs(log) > -math.log(0.8) else 1


def missing_share(rows):
    return sum((row["height"] is None) + (row["pulse"] is None) for row in rows) / 2 / len(rows)


def rates(rows):
    """Each rate of a group with its interval, or None where too few rows have one."""
    labelled = [row for row in rows if row["label"]]
    predicted = [row for row in rows if row["predicted"] is not None]
    positives = [row for row in predicted if row["label"] == "yes"]
    negatives = [row for row in predicted if row["label"] == "no"]
    counts = {
        "label_coverage": (len(labelled), len(rows), 1),
        "label_rate": (sum(row["label"] == "yes" for row in labelled), len(labelled), 1),
        "selection_rate": (sum(row["predicted"] for row in predicted), len(predicted), 1),
        "true_positive_rate": (sum(row["predicted"] for row in positives), len(positives), 10),
        "false_positive_rate": (sum(row["predicted"] for row in negatives), len(negatives), 10),
    }
    return {
        name: (some / whole, *wilson(some, whole)) if whole >= least else None
        for name, (some, whole, least) in counts.items()
    }
