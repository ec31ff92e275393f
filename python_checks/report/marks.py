"""What the charts are made of: marks, encodings and colours of Vega-Lite.

Colours are names that the page resolves, so that they are right in light and in dark: `@accent`, `@quiet` and others.
"""

Spec = dict[str, object]

FONT = "system-ui, sans-serif"
WORDS: Spec = {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal"}
FONTS: Spec = {"labelFont": FONT, "titleFont": FONT, "titleColor": "@muted"}
LINES: Spec = {"gridColor": "@line", "domainColor": "@line", "tickColor": "@line"}
CONFIG: Spec = {
    # what a chart says is said by the element that holds it, and by the table below
    "aria": False,
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {"labelColor": "@muted", **WORDS, **FONTS, **LINES},
    "axisX": {"grid": False},
    "legend": {"labelColor": "@ink", "labelLimit": 260, **WORDS, **FONTS},
    "line": {"strokeWidth": 2},
    "rect": {"cornerRadius": 1},
    "bar": {"discreteBandSize": {"band": 0.7}},
}
STATUSES = ["ok", "warn", "alert", "insufficient_data"]
CELL_COLOURS = ["@ok", "@warn", "@alert", "@insufficient"]
MARK_COLOURS = ["@ok-mark", "@warn", "@alert", "@quiet"]
STATUS_SHAPES = ["circle", "triangle-up", "diamond", "cross"]
LEGEND: Spec = {"title": None, "orient": "top"}
DATES: Spec = {
    "title": None,
    "format": "%Y-%m-%d",
    "tickCount": {"expr": "max(2, width / 90)"},
    "labelOverlap": True,
    "labelSeparation": 12,
}
PERIOD: Spec = {"field": "period_start", "type": "temporal", "scale": {"type": "utc"}, "axis": DATES}
PERIOD_CELL: Spec = {
    "field": "period_start",
    "type": "ordinal",
    "axis": {"title": None, "labelAngle": -60, "labelOverlap": True},
}
COMPONENT: Spec = {"field": "component", "type": "ordinal", "axis": {"title": "component", "labelAngle": 0}}
BAND: Spec = {"color": "@band"}
DOTS: Spec = {"strokeDash": [1, 4], "strokeWidth": 1.5}
DASHES: Spec = {"strokeDash": [6, 4], "strokeWidth": 1.5}
POINTED: Spec = {"point": {"size": 30}}
SYMBOL: Spec = {"filled": True, "size": 60, "opacity": 1}
CELL: Spec = {"stroke": "@page", "strokeWidth": 1.5}
FROM_ZERO: Spec = {"zero": True}
IN_PRODUCTION, ELSEWHERE = "datum.dataset === 'production'", "datum.dataset !== 'production'"


def layer(mark: str, style: Spec | None = None, only: str = "", **encoding: object) -> Spec:
    """Marks of one kind; `only` says for which rows."""
    found: Spec = {"mark": {"type": mark, **(style or {})}, "encoding": encoding}
    return {"transform": [{"filter": only}], **found} if only else found


def chart(layers: list[Spec], height: int = 190, step: int = 0, **more: object) -> Spec:
    """A chart of layers over the same rows, as wide as the place it stands in; `step` is the height of each line."""
    return {"width": "container", "height": {"step": step} if step else height, "layer": layers, **more}


def number(field: str, **more: object) -> Spec:
    """An encoding of a number. Numbers that are times are shown as dates, if the page says so by `@time`."""
    axis = {"title": None, "labelExpr": "@time", "tickCount": 6}
    return {"field": field, "type": "quantitative", "scale": {"zero": False, "nice": True}, "axis": axis, **more}


def share(field: str, **more: object) -> Spec:
    """An encoding of a share."""
    return number(field, axis={"format": "~%", "title": None, "tickCount": 8}, **more)


def to(field: str) -> Spec:
    """The other end of a mark."""
    return {"field": field}


def name(field: str, limit: int = 220) -> Spec:
    """An encoding of names, in the order of the rows."""
    return {"field": field, "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": limit}}


def hints(*names: str) -> list[Spec]:
    """What a pointer over a mark tells: the fields, as they are."""
    return [{"field": one, "type": "nominal", "title": one} for one in names]


def status(colours: list[str]) -> Spec:
    """The colour of a status."""
    return {"field": "status", "type": "nominal", "scale": {"domain": STATUSES, "range": colours}, "legend": LEGEND}


def by_status() -> Spec:
    """Colour and shape of a status, so that nobody has to tell colours apart."""
    return {"color": status(MARK_COLOURS), "shape": status(STATUS_SHAPES)}


def by_name(field: str) -> Spec:
    """The colour of one of a few names."""
    return {"field": field, "type": "nominal", "scale": {"range": "@series"}, "legend": LEGEND}
