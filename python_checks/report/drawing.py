"""What vl-convert-python gives: specifications that Vega can draw, and the code of Vega."""

from types import ModuleType

from data_health.label_studio.tasks import ExchangeError
from data_health.report.charts import all_charts
from data_health.report.marks import CONFIG, Spec

VEGA_LITE = "6.4"
ROWS = "rows"


def converter() -> ModuleType:
    """The module vl_convert. Raises ExchangeError where the extra `report` is not installed."""
    try:
        import vl_convert
    except ImportError as wrong:
        message = "the page needs vl-convert-python; run: pip install 'data-health[report]'"
        raise ExchangeError(message) from wrong
    return vl_convert


def vega() -> str:
    """The code that draws the charts; it sets window.vegaEmbed. (The bundles of 1.9 have no `vega` of their own.)"""
    return converter().javascript_bundle(vl_version=VEGA_LITE)


def compiled_charts() -> dict[str, Spec]:
    """The charts as specifications of Vega, so that the page need not have Vega-Lite; ROWS is their only data."""
    whole = {"data": {"name": ROWS}, "autosize": {"type": "fit-x", "contains": "padding"}, "config": CONFIG}
    return {
        name: converter().vegalite_to_vega({**chart, **whole}, vl_version=VEGA_LITE)
        for name, chart in all_charts().items()
    }
