"""The page of `data-health report` in a browser: every view, in light and in dark, by keyboard and on paper."""

from urllib.parse import quote

import pytest
from browser import Visit, launched
from data_health.report.page import page
from data_health.report.views import VIEWS
from made_up_marts import ODD, MadeUp

pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
browser = pytest.fixture(scope="module")(launched)
# pictures that each view has at least
PICTURES = {
    "monitor": 3,
    "column": 10,
    "representation": 2,
    "components": 3,
    "labeling": 3,
    "performance": 2,
    "cleaning": 1,
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    made = MadeUp(("orders", ODD), periods=12)
    made.connection.execute("update health_incidents set sentence = ? where incident_rank = 2", [ODD])
    file = tmp_path_factory.mktemp("page") / "health.html"
    file.write_text(page(made.content(), None), encoding="utf-8")
    return file


def address(view, monitor="orders"):
    names = [view.key, quote(monitor, safe=""), *(["column_0"] if view.of == "column" else [])]
    return "#" + "/".join(names)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_drawn_without_an_error_a_request_or_a_fault(browser, file, scheme, tmp_path):
    visit = Visit(browser, file, scheme)
    grounds = set()
    for view in (None, *VIEWS):
        tab = visit.show(address(view) if view else "")
        if view:
            marks = tab.evaluate(
                "[...document.querySelectorAll('#view .chart svg')].map((svg) => svg.querySelectorAll('path').length)"
            )
            assert len(marks) >= PICTURES[view.key] and min(marks) > 1, view.key
            labels = tab.evaluate("[...document.querySelectorAll('#view .chart')].map((chart) => chart.ariaLabel)")
            assert all(label.endswith(".") for label in labels), labels
        assert visit.faults() == [], view
        # what a reader sees is there, and no wider than the window
        shot = tmp_path / f"{view.key if view else 'overview'}.png"
        tab.screenshot(path=shot, full_page=True)
        assert shot.stat().st_size > 20_000
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        grounds.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == {"rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 25, 31)"}
    assert visit.wrong == []
    assert all(url.startswith((file.as_uri(), "data:,")) for url in visit.requests)
    visit.close()


def test_the_first_paint_comes_within_a_second(browser, file):
    visit = Visit(browser, file)
    visit.show("")
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    visit.tab.wait_for_function(paint)
    assert visit.tab.evaluate(paint) < 1000
    visit.close()


def test_an_odd_name_is_shown_as_it_is(browser, file):
    visit = Visit(browser, file)
    tab = visit.show("")
    assert tab.locator("th[scope=row] a").all_inner_texts().count(ODD) == 1
    assert ODD in tab.locator(".story h3").all_inner_texts()
    tab.locator("th[scope=row] a", has_text=ODD).click()
    tab.wait_for_selector("#view h1")
    assert tab.locator("h1").last.inner_text() == f"Monitor: {ODD}"
    assert visit.wrong == []
    visit.close()


def test_it_works_by_keyboard(browser, file):
    visit = Visit(browser, file)
    tab = visit.show("")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.closest('.strips') !== null && document.activeElement.tagName === 'A'"):
            break
    outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#view h1")
    # the heading of the new view has the focus, so that a screen reader begins there
    assert tab.evaluate("document.activeElement.tagName") == "H1"
    visit.close()


def test_what_the_reader_picks_is_drawn(browser, file):
    """The reference of a distribution, the colours, the numbers beside a picture, and the query behind it."""
    visit = Visit(browser, file)
    tab = visit.show("#column/orders/column_0")
    panel = tab.locator("section", has=tab.locator("#panel-nulls"))
    panel.get_by_text("Numbers").click()
    # the table is made when it is opened
    panel.locator("tbody tr").first.wait_for()
    assert panel.locator("tbody tr").count() == 12
    panel.get_by_text("health_profile: query").click()
    query = panel.locator("pre").inner_text()
    assert "from health_profile" in query and "monitor = 'orders'" in query and "column_name = 'column_0'" in query
    tab.locator("#theme").click()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 25, 31)"
    tab.wait_for_function("document.querySelector('#view .chart').dataset.drawn")
    tab.select_option("nav select >> nth=1", "column_2")
    tab.wait_for_function("document.querySelector('#view h1').textContent === 'column_2'")
    assert tab.locator("#panel-distribution").count() == 1 and visit.wrong == []
    visit.close()


def test_it_can_be_printed(browser, file):
    visit = Visit(browser, file)
    tab = visit.show("#monitor/orders")
    assert len(tab.pdf()) > 20_000
    tab.emulate_media(media="print")
    assert not tab.locator("nav").is_visible() and tab.locator("#view svg").first.is_visible()
    visit.close()


def test_a_part_that_is_not_built_is_a_sentence(browser, tmp_path):
    file = tmp_path / "health.html"
    file.write_text(page(MadeUp(without=("health_representation",)).content(), None), encoding="utf-8")
    visit = Visit(browser, file)
    tab = visit.show("#representation/orders")
    sentence = "health_representation is not there, because the part representation is off."
    assert tab.locator(".absent").all_inner_texts().count(sentence) == 2
    visit.close()
