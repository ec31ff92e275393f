"""Expected rows of a period and their limits as docs/volume.md says, by NumPy, one period after the other."""

import numpy as np
from scipy.stats import chi2


def expectations(counts, periods, seasonality="none", warn=0.2, alert=0.5):
    """Per period (expected, warn below, warn above, alert below, alert above); None with fewer than 8 comparable before.

    `counts` are rows of the periods in order, 0 for one that is missing; `periods` are their first days.
    """
    seasons = [day.isoweekday() if seasonality == "weekday" else 0 for day in periods]
    bands = banded(counts, periods, seasons, seasonality, warn, alert, set())
    alerts = {i for i, band in enumerate(bands) if band and (counts[i] < band[3] or counts[i] > band[4]) and counts[i]}
    return banded(counts, periods, seasons, seasonality, warn, alert, alerts)


def banded(counts, periods, seasons, seasonality, warn, alert, left_out):
    level_length, history_length = (12, 60) if seasonality == "month" else (6, 36)
    ratios, bands = {}, []
    for now, count in enumerate(counts):
        history = [i for i in range(now) if counts[i] and i not in left_out and seasons[i] == seasons[now]]
        bands.append(None)
        if not history:
            continue
        level = np.median([np.log(counts[i]) for i in history[-level_length:]])
        if count:
            ratios[now] = np.log(count) - level
        known = [i for i in history[-history_length:] if i in ratios]
        if len(history) < 8:
            continue
        like = [ratios[i] for i in known if seasonality == "month" and periods[i].month == periods[now].month]
        trend = np.median(like or [ratios[i] for i in known])
        distances = np.array([abs(ratios[i] - trend) for i in known])
        is_narrow = sum(counts[i] * (ratios[i] - trend) ** 2 for i in known) < lower_chi_square(len(known) - 1)
        if seasonality == "month":
            # against the year before, where enough years are known
            by_year = []
            for i in known:
                same = [j for j in history if j < i and periods[j].month == periods[i].month]
                if same and same[-1] in ratios:
                    by_year.append(abs(ratios[i] - ratios[same[-1]]))
            distances = np.array(by_year) if len(by_year) >= 8 else distances
        bands[-1] = band(np.exp(level + trend), distances, warn, alert, is_narrow)
    return bands


def lower_chi_square(freedom):
    """The .001 point by Wilson and Hilferty, which is a little below the exact one: so less is called narrow."""
    point = freedom * max(0, 1 - 2 / (9 * freedom) - 3.0902323 * np.sqrt(2 / (9 * freedom))) ** 3
    exact = chi2.ppf(0.001, freedom)
    assert freedom < 7 or 0.8 * exact < point < exact
    return point


def band(expected, distances, warn, alert, is_narrow):
    number = len(distances)
    variance = np.mean(np.minimum(distances, 3 * 1.4826 * np.median(distances)) ** 2) * number / (number - 1)
    spread = np.sqrt(variance) * (1 + 30 / number**2)
    limits = []
    for width, effect in ((3.5, warn), (5, alert)):
        root = np.sqrt(expected)
        if is_narrow:
            # chance is no excuse, and a quarter of the ratio is worth a word
            width_of_chance, effect = 0, effect / 4
        else:
            width_of_chance = width
        limits += [
            min(expected * np.exp(-width * spread), max(0, root - width_of_chance / 2) ** 2, expected / (1 + effect)),
            max(expected * np.exp(width * spread), (root + width_of_chance / 2) ** 2, expected * (1 + effect)),
        ]
    return (expected, *limits)


def judged(counts, periods, **options):
    """ok, warn or alert per period that can be judged."""
    result = []
    for count, limits in zip(counts, expectations(counts, periods, **options), strict=True):
        if limits:
            _, low, high, very_low, very_high = limits
            result.append(
                "alert" if not very_low <= count <= very_high else "warn" if not low <= count <= high else "ok"
            )
    return result
