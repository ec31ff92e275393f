"""The metrics of health_drift from raw values alone, by SciPy and NumPy; p is the reference, q the period.

A sample is a tuple: the present values (a NumPy array of numbers, or a Counter of texts) and the number of nulls.
"""

import math

import numpy as np
from scipy import stats
from scipy.spatial import distance
from scipy.special import rel_entr

MINIMUM_ROWS = 30
Z = stats.norm.ppf(0.975)
# what there is of a time that is also told by its distance from the event
WITHOUT_VALUES = {"null_share_difference", "null_share_cohens_h", "mean_shift", "standard_deviation_ratio"}


def counts_of_values(reference, current):
    """Counts (2 x values) of every value, in order."""
    values = np.unique(np.concatenate([reference, current]))
    return np.array([np.bincount(np.searchsorted(values, x), minlength=len(values)) for x in (reference, current)])


def groups_of_numbers(reference, current):
    """Counts (groups x 2) over tenths of the reference, each value in the tenth in which it begins."""
    if min(len(reference), len(current)) < MINIMUM_ROWS:
        return np.array([[len(reference), len(current)]])
    counts = counts_of_values(reference, current)
    before = np.cumsum(counts[0]) - counts[0]
    group = np.minimum(np.floor(10 * (before / counts[0].sum())), 9).astype(int)
    return np.array([[row[group == number].sum() for row in counts] for number in range(10)])


def groups_of_categories(reference, current):
    """Counts (groups x 2): the nine most frequent values of the reference, the rest of it, and what it does not have."""
    p, q = reference, current
    ranked = sorted(p, key=lambda value: (-p[value], value))
    groups = [[p[value], q[value]] for value in ranked[:9]]
    groups.append([sum(p[value] for value in ranked[9:]), sum(q[value] for value in ranked[9:])])
    groups.append([0, sum(count for value, count in q.items() if value not in p)])
    return np.array(groups)


def every_category(reference, current):
    p, q = reference, current
    return np.array([[p[value], q[value]] for value in p.keys() | q.keys()]).reshape(-1, 2)


def present(counts):
    return counts[counts.sum(axis=1) > 0]


def share_distances(counts):
    """The distances between the columns of a table of counts without empty rows."""
    p, q = counts[:, 0] / counts[:, 0].sum(), counts[:, 1] / counts[:, 1].sum()
    smooth_p, smooth_q = (counts + 0.5).T / (counts + 0.5).sum(axis=0)[:, None]
    return {
        "population_stability_index": rel_entr(smooth_p, smooth_q).sum() + rel_entr(smooth_q, smooth_p).sum(),
        "population_stability_index_unsmoothed": rel_entr(p, q).sum() + rel_entr(q, p).sum() if counts.all() else None,
        "kullback_leibler_divergence": rel_entr(q, p).sum() if p.all() else None,
        "jensen_shannon_distance": distance.jensenshannon(p, q, base=2),
        "hellinger_distance": distance.euclidean(np.sqrt(p), np.sqrt(q)) / math.sqrt(2),
        "total_variation": distance.cityblock(p, q) / 2,
        "largest_share_difference": distance.chebyshev(p, q),
    }


def bergsma(chi_square, total, groups):
    """V of Cramér for two samples, less the association that chance alone gives (Bergsma 2013)."""
    association = max(0, chi_square / total - (groups - 1) / (total - 1))
    corrected_groups = groups - (groups - 1) ** 2 / (total - 1)
    corrected_samples = 2 - 1 / (total - 1)
    return math.sqrt(association / min(corrected_groups - 1, corrected_samples - 1))


def contingency(counts):
    if len(counts) == 1:
        return {"chi_square": 0.0}
    chi_square = stats.chi2_contingency(counts.T, correction=False).statistic
    return {"chi_square": chi_square, "cramers_v": bergsma(chi_square, counts.sum(), len(counts))}


def wilson(count, total):
    centre = (count + Z * Z / 2) / (total + Z * Z)
    margin = Z / (total + Z * Z) * math.sqrt(count * (total - count) / total + Z * Z / 4)
    return centre - margin, centre + margin


def newcombe(reference_count, reference_total, count, total):
    """Difference of two shares with its 95 % interval (Newcombe 1998, method 10)."""
    p, q = reference_count / reference_total, count / total
    (p_lower, p_upper), (q_lower, q_upper) = wilson(reference_count, reference_total), wilson(count, total)
    return q - p, q - p - math.hypot(q - q_lower, p_upper - p), q - p + math.hypot(q_upper - q, p - p_lower)


def arcsine_difference(p, q):
    return abs(2 * math.asin(math.sqrt(p)) - 2 * math.asin(math.sqrt(q)))


def distances(kind, reference, current):
    """Metric -> value; of a metric with an interval (value, lower, upper)."""
    (x, x_nulls), (y, y_nulls) = reference, current
    is_number = kind in ("numeric", "timestamp", "text")
    x_size, y_size = (len(x), len(y)) if is_number else (x.total(), y.total())
    n, m = x_size + x_nulls, y_size + y_nulls
    nulls = np.array([[x_nulls, y_nulls]])
    groups = groups_of_numbers(x, y) if is_number else groups_of_categories(x, y)
    result = share_distances(present(np.vstack([groups, nulls])))
    result |= contingency(present(np.vstack([groups if is_number else every_category(x, y), nulls])))
    result["null_share_difference"] = newcombe(x_nulls, n, y_nulls, m)
    result["null_share_cohens_h"] = arcsine_difference(x_nulls / n, y_nulls / m)
    if x_size and y_size:
        without = share_distances(present(groups))
        leave_out = ("population_stability_index_unsmoothed", "kullback_leibler_divergence")
        result |= {f"{name}_without_nulls": value for name, value in without.items() if name not in leave_out}
    if is_number and min(x_size, y_size) >= MINIMUM_ROWS:
        result |= distances_of_numbers(x, y)
    if kind != "text" and is_number and x_size and y_size and np.ptp(x) > 0:
        result["mean_shift"] = (y.mean() - x.mean()) / x.std()
        result["standard_deviation_ratio"] = y.std() / x.std()
        if "wasserstein" in result:
            result["wasserstein_normed"] = result["wasserstein"] / x.std()
    if not is_number and y_size:
        unseen = sum(count for value, count in y.items() if value not in x)
        result["new_category_share"] = (unseen / y_size, *wilson(unseen, y_size))
        if x_size:
            shares = [(p / x_size, q / y_size) for p, q in every_category(x, y)]
            if sum(value not in x for value in y) > 1:
                # of a sample as much is missing as it has values that occur once (Good 1953)
                shares.append((sum(count == 1 for count in x.values()) / x_size, unseen / y_size))
            result["category_share_cohens_h"] = max(arcsine_difference(p, q) for p, q in shares)
    return {name: value for name, value in result.items() if value is not None}


SENTINELS = {
    "numeric": [-1, *(sign * (10**nines - 1) for nines in range(1, 7) for sign in (-1, 1))],
    "timestamp": [
        (np.datetime64(text, "s") - np.datetime64("1970-01-01", "s")).astype(float)
        for text in (
            *("0001-01-01", "1753-01-01", "1900-01-01", "2099-12-31", "2099-12-31T23:59:59", "9999-12-31"),
            "9999-12-31T23:59:59",
        )
    ],
}


def single_faults(kind, x, y, is_counted_by_value, has_decimals):
    """Metric -> value of what single faults change. Of a column that is counted by value, each value is a bin."""
    if kind not in SENTINELS or not len(x) or not len(y):
        return {}

    def largest(*tests):
        return max(arcsine_difference(np.mean(test(x)), np.mean(test(y))) for test in tests)

    tests, result = [lambda values: values == 0], {}
    if not is_counted_by_value or kind == "timestamp":
        tests.append(lambda values: np.isin(values, SENTINELS[kind]))
        if has_decimals and kind == "numeric":
            result["decimals_share_cohens_h"] = largest(
                lambda values: values == np.floor(values),
                lambda values: np.abs(10 * values - np.round(10 * values)) < 1e-6,
            )
    result["sentinel_share_cohens_h"] = largest(*tests)
    if is_counted_by_value and min(len(x), len(y)) >= MINIMUM_ROWS:
        counts = counts_of_values(x, y)
        p, q = counts[0] / counts[0].sum(), counts[1] / counts[1].sum()
        result["bin_share_cohens_h"] = max(arcsine_difference(*shares) for shares in zip(p, q, strict=True))
        tails = (np.cumsum(p) <= 0.01 + 1e-9), (np.cumsum(p[::-1])[::-1] <= 0.01 + 1e-9)
        result["tail_share_cohens_h"] = max(
            arcsine_difference(*counts[:, tail].sum(axis=1) / counts.sum(axis=1)) for tail in tails
        )
    return result


def distances_of_numbers(x, y):
    return {
        "kolmogorov_smirnov": stats.ks_2samp(x, y, method="asymp").statistic,
        "wasserstein": stats.wasserstein_distance(x, y),
        "out_of_range_share": np.mean((y < x.min()) | (y > x.max())),
        # of single values, which bins never exceed
        "jensen_shannon_divergence_of_fine_bins": distance.jensenshannon(*counts_of_values(x, y), base=2) ** 2,
    }
