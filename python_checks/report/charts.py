"""The charts of the page as specifications of Vega-Lite. The page gives them rows, a width and colours."""

from data_health.report.marks import (
    BAND,
    CELL,
    CELL_COLOURS,
    COMPONENT,
    DASHES,
    DOTS,
    ELSEWHERE,
    FROM_ZERO,
    IN_PRODUCTION,
    LEGEND,
    PERIOD,
    PERIOD_CELL,
    POINTED,
    SYMBOL,
    Spec,
    by_name,
    by_status,
    chart,
    hints,
    layer,
    name,
    number,
    share,
    status,
    to,
)


def rows_per_period() -> Spec:
    """Rows of each period over the band of what is expected."""
    rows = number("row_count", scale=FROM_ZERO)
    told = hints("period_start", "row_count", "expected_lower", "expected_upper", "status", "period_status", "reason")
    return chart(
        [
            layer("area", BAND, x=PERIOD, y=number("expected_lower", scale=FROM_ZERO), y2=to("expected_upper")),
            layer("line", {"color": "@quiet"}, x=PERIOD, y=rows),
            layer("point", SYMBOL, x=PERIOD, y=rows, **by_status(), tooltip=told),
        ]
    )


def late_rows() -> Spec:
    """The share of late rows beside the usual one."""
    told = hints("period_start", "late_share", "usual_late_share", "late_status")
    return chart(
        [
            layer("line", {"color": "@quiet", **DOTS}, x=PERIOD, y=share("usual_late_share")),
            layer("line", {"color": "@accent", **POINTED}, x=PERIOD, y=share("late_share"), tooltip=told),
        ],
        120,
    )


def status_map(row: str) -> Spec:
    """A field of periods: one line per column, one cell per period, coloured by status."""
    told = hints(row, "period_start", "status")
    cells = {**CELL, "cursor": "pointer"}
    return chart([layer("rect", cells, x=PERIOD_CELL, y=name(row), color=status(CELL_COLOURS), tooltip=told)], step=17)


def failed_map() -> Spec:
    """A field of periods: one line per rule, coloured by the share of rows that fail it."""
    colour = {
        "field": "failed_share",
        "type": "quantitative",
        "scale": {"range": ["@cell", "@alert"], "domainMin": 0},
        "legend": {**LEGEND, "format": "~%"},
    }
    told = hints("rule", "period_start", "failed_share", "tested_count", "failed_count", "changed_count")
    return chart([layer("rect", CELL, x=PERIOD_CELL, y=name("rule", 260), color=colour, tooltip=told)], step=17)


def distribution_of_numbers() -> Spec:
    """Shares of ranges: the newest period as bars, what it is compared with as lines."""
    edges = {"x": number("lower", scale={"zero": False, "nice": False}), "x2": to("upper")}
    height, told = share("share", scale=FROM_ZERO), hints("dataset", "range", "share", "row_count")
    bars, rules = {"color": "@soft", "stroke": "@page"}, {"color": "@strong", "strokeWidth": 2}
    return chart(
        [
            layer("rect", bars, IN_PRODUCTION, **edges, y=height, y2={"datum": 0}, tooltip=told),
            layer("rule", rules, ELSEWHERE, **edges, y=height, tooltip=told),
        ],
        210,
    )


def distribution_of_categories() -> Spec:
    """Shares of categories: the newest period as bars, what it is compared with as ticks."""
    place = {"y": name("category"), "x": share("share", scale=FROM_ZERO)}
    told = hints("dataset", "category", "share", "row_count")
    ticks = {"color": "@strong", "thickness": 3, "size": 16}
    return chart(
        [
            layer("bar", {"color": "@soft"}, IN_PRODUCTION, **place, tooltip=told),
            layer("tick", ticks, ELSEWHERE, **place, tooltip=told),
        ],
        step=22,
    )


def through_time(field: str, measure: Spec) -> Spec:
    """One number of a column in production, and the same number of each reference as a level."""
    told = hints("period_start", field, "row_count")
    # one colour scale of both layers: a legend without an entry has no height that Vega can compute
    colour = by_name("dataset")
    return chart(
        [
            layer("rule", DASHES, ELSEWHERE, y=measure, color=colour, tooltip=hints("dataset", field)),
            layer("line", POINTED, IN_PRODUCTION, x=PERIOD, y=measure, color=colour, tooltip=told),
        ],
        130,
    )


def quantiles() -> Spec:
    """The middle half and the middle nine tenths of the values, and the median."""
    told = hints("period_start", "p05", "p25", "p50", "p75", "p95")
    return chart(
        [
            layer("area", BAND, x=PERIOD, y=number("p05"), y2=to("p95")),
            layer("area", {"color": "@soft"}, x=PERIOD, y=number("p25"), y2=to("p75")),
            layer("line", {"color": "@accent", **POINTED}, x=PERIOD, y=number("p50"), tooltip=told),
        ],
        transform=[{"filter": IN_PRODUCTION}],
    )


def metric() -> Spec:
    """A metric against each reference, its noise floor as dots, and its two thresholds."""
    told = hints("reference", "period_start", "value", "noise_floor", "warn_threshold", "alert_threshold", "status")
    return chart(
        [
            layer("rule", {"color": "@warn", **DASHES}, y=number("warn_threshold", aggregate="max")),
            layer("rule", {"color": "@alert", **DASHES}, y=number("alert_threshold", aggregate="max")),
            layer("line", DOTS, x=PERIOD, y=number("noise_floor"), color=by_name("reference")),
            layer("line", POINTED, x=PERIOD, y=number("value"), color=by_name("reference"), tooltip=told),
        ],
        130,
    )


def coverage() -> Spec:
    """The share of values that a reference lacks, and the most that chance explains."""
    upper = share("expected_unseen_share_upper")
    told = hints(
        "reference", "period_start", "unseen_share", "expected_unseen_share_upper", "out_of_range_share", "status"
    )
    return chart(
        [
            layer("line", DOTS, x=PERIOD, y=upper, color=by_name("reference")),
            layer("line", POINTED, x=PERIOD, y=share("unseen_share"), color=by_name("reference"), tooltip=told),
        ],
        150,
    )


def intervals(group: str, value: str, level: str, told: list[Spec], colour: Spec, **offset: object) -> Spec:
    """A value with its interval for each group, and what it is compared with as a tick; `level` may be empty."""
    ticks = {"color": "@quiet", "thickness": 3, "size": 18}
    place = {"y": name(group), **offset}
    ends = {"x": share(f"{value}_lower"), "x2": to(f"{value}_upper")}
    layers = [
        layer("rule", {"strokeWidth": 2}, **place, **ends, color=colour["color"]),
        layer("point", {**SYMBOL, "size": 70}, **place, x=share(value), **colour, tooltip=told),
    ]
    if level:
        layers.insert(0, layer("tick", ticks, y=name(group), x=share(level), tooltip=hints(group, level)))
    return chart(layers, step=26)


def rates() -> Spec:
    """Rates of each group side by side."""
    names = ["label_rate", "selection_rate", "true_positive_rate", "false_positive_rate", "missing_share"]
    shape = {"field": "rate", "type": "nominal", "legend": LEGEND}
    marks = {
        "color": by_name("rate"),
        "shape": shape,
        "tooltip": hints("group_value", "rate", "size", "labelled_count"),
    }
    return chart(
        [layer("point", {**SYMBOL, "size": 70}, y=name("group_value"), x=share("size"), **marks)],
        step=26,
        transform=[{"fold": names, "as": ["rate", "size"]}],
    )


def scree() -> Spec:
    """The variance of each component, and where the rules draw the line."""
    advised = {
        "field": "is_advised",
        "type": "nominal",
        "scale": {"domain": [True, False], "range": ["@accent", "@band"]},
        "legend": {"title": "advised", "orient": "top"},
    }
    kept = ("is_kept_by_kaiser", "is_kept_by_parallel_analysis", "is_kept_by_marchenko_pastur")
    told = hints("component", "eigenvalue", "explained_share", "cumulative_share", *kept)
    edge = number("marchenko_pastur_edge", aggregate="max")
    line = {"color": "@strong", "point": True}
    return chart(
        [
            layer("bar", x=COMPONENT, y=number("eigenvalue", scale=FROM_ZERO), color=advised, tooltip=told),
            layer("line", line, x=COMPONENT, y=number("noise_eigenvalue")),
            layer("rule", {"color": "@alert", **DASHES}, y=edge),
            layer("rule", {"color": "@quiet", "strokeDash": [2, 3]}, y={"datum": 1}),
        ]
    )


def loadings() -> Spec:
    """The weight of every column in every advised component."""
    colour = {
        "field": "loading",
        "type": "quantitative",
        "scale": {"domain": [-1, 0, 1], "range": ["@negative", "@cell", "@positive"]},
        "legend": LEGEND,
    }
    told = hints("column_name", "component", "loading", "correlation")
    return chart([layer("rect", CELL, x=COMPONENT, y=name("column_name"), color=colour, tooltip=told)], step=18)


def error() -> Spec:
    """A number of all columns together over what is expected of it."""
    told = hints("period_start", "value", "expected_lower", "expected_upper", "largest_contributor", "status", "reason")
    return chart(
        [
            layer("area", BAND, x=PERIOD, y=number("expected_lower"), y2=to("expected_upper")),
            layer("line", {"color": "@quiet"}, x=PERIOD, y=number("value")),
            layer("point", SYMBOL, x=PERIOD, y=number("value"), **by_status(), tooltip=told),
        ]
    )


def candidates() -> Spec:
    """Rows that wait for an annotation, by the reason why they were chosen."""
    told = hints("strategy", "status", "row_count", "mean_confidence")
    strategy = {**name("strategy"), "sort": "-x"}
    rows = number("row_count", scale=FROM_ZERO)
    return chart([layer("bar", y=strategy, x=rows, color=by_name("status"), tooltip=told)], step=26)


def learning() -> Spec:
    """How well the learner predicts, by the number of labels."""
    labels = number("label_count", axis={"title": "labels"})
    told = hints("batch", "label_count", "score", "score_error", "gain")
    return chart(
        [
            layer("area", BAND, x=labels, y=number("score_lower"), y2=to("score_upper")),
            layer("line", {"color": "@accent", "point": True}, x=labels, y=number("score"), tooltip=told),
        ],
        transform=[
            {"calculate": "datum.score - datum.score_error", "as": "score_lower"},
            {"calculate": "datum.score + datum.score_error", "as": "score_upper"},
        ],
    )


def performance() -> Spec:
    """A metric of each model version with its interval, and the level of each reference."""
    colour = by_name("series")
    ends = {"y": number("value_lower"), "y2": to("value_upper")}
    interval = ("value", "value_lower", "value_upper", "reference", "reference_value")
    told = hints("model_version", "period_start", *interval, "status", "labelled_count")
    whisker = {"strokeWidth": 2, "opacity": 0.6}
    return chart(
        [
            layer("rule", DASHES, ELSEWHERE, y=number("value"), color=colour, tooltip=hints("series", "value")),
            layer("rule", whisker, IN_PRODUCTION, x=PERIOD, **ends, color=colour),
            layer(
                "line", {"point": {"size": 50}}, IN_PRODUCTION, x=PERIOD, y=number("value"), color=colour, tooltip=told
            ),
        ],
        220,
    )


def all_charts() -> dict[str, Spec]:
    """Every chart by its name."""
    of_share = hints(
        "group_value", "share", "share_lower", "share_upper", "reference_share", "ratio", "status", "row_count"
    )
    of_rate = ("group_value", "value", "value_lower", "value_upper", "reference_value", "difference", "status")
    of_people = hints("annotator", "accuracy", "accuracy_lower", "accuracy_upper", "annotation_count")
    version = {"color": by_name("series")}
    return {
        "rows_per_period": rows_per_period(),
        "late_rows": late_rows(),
        "status_map": status_map("column_name"),
        "failed_map": failed_map(),
        "distribution_of_numbers": distribution_of_numbers(),
        "distribution_of_categories": distribution_of_categories(),
        "null_share": through_time("null_share", share("null_share")),
        "mean": through_time("mean", number("mean")),
        "quantiles": quantiles(),
        "metric": metric(),
        "coverage": coverage(),
        "shares": intervals("group_value", "share", "reference_share", of_share, by_status()),
        "rates": rates(),
        "scree": scree(),
        "loadings": loadings(),
        "error": error(),
        "candidates": candidates(),
        "learning": learning(),
        "annotators": intervals("annotator", "accuracy", "", of_people, {"color": {"value": "@accent"}}),
        "performance": performance(),
        "fairness": intervals(
            "group_value", "value", "reference_value", hints("model_version", *of_rate), version, yOffset=to("series")
        ),
    }
