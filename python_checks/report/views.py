"""All views of the page, and what the judged metrics say."""

from dataclasses import asdict

from data_health.report.model_views import MODEL_VIEWS
from data_health.report.table_views import CLEANING_VIEWS, TABLE_VIEWS
from data_health.report.terms import TERMS

VIEWS = (*TABLE_VIEWS, *MODEL_VIEWS, *CLEANING_VIEWS)
# what the judged metrics say, in a sentence, and where their formula stands
METRICS = {
    "population_stability_index": (
        "Distance of the shares of groups of values; 0 if all are equal.",
        "drift.md#shares-of-groups",
    ),
    "jensen_shannon_distance": (
        "Distance of the shares of groups of values, from 0 to 1.",
        "drift.md#shares-of-groups",
    ),
    "cramers_v": (
        "How well one can tell from the group of a value to which dataset it belongs, from 0 to 1.",
        "drift.md#shares-of-groups",
    ),
    "kolmogorov_smirnov": (
        "The largest difference of the two distribution functions, from 0 to 1.",
        "drift.md#distribution-functions",
    ),
    "wasserstein_normed": (
        "How far values moved on average, in standard deviations of the reference.",
        "drift.md#distribution-functions",
    ),
    "null_share_cohens_h": ("Difference of the shares of nulls, as h.", "drift.md#single-shares"),
    "category_share_cohens_h": ("Difference of the category whose share changes most, as h.", "drift.md#single-shares"),
    "bin_share_cohens_h": (
        "Difference of the bin whose share changes most, as h: a value that is repeated, or a cap.",
        "drift.md#single-shares",
    ),
    "tail_share_cohens_h": (
        "Difference of the rows beyond the first or last percentile of the reference, as h.",
        "drift.md#single-shares",
    ),
    "decimals_share_cohens_h": (
        "Difference of the share of whole numbers, or of one decimal, as h: values that are rounded.",
        "drift.md#single-shares",
    ),
    "sentinel_share_cohens_h": (
        "Difference of the share of zeros, or of values that stand for a missing one, as h.",
        "drift.md#single-shares",
    ),
}


def as_data() -> dict[str, object]:
    """Views and metrics as the page reads them."""
    views = [{**asdict(view), "words": [(term, TERMS[term]) for term in view.terms]} for view in VIEWS]
    return {"views": views, "metrics": METRICS}
