"""A chromium without a window, by playwright; tests that need it skip where there is none."""

import importlib.resources
import shutil

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def launched():
    """A browser as a generator, for a fixture."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is on the path")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page of a file in a browser, and what went wrong in it: requests, errors, messages."""

    def __init__(self, browser, file, scheme="light"):
        # axe is put into the page against its policy
        self.context = browser.new_context(
            color_scheme=scheme, viewport={"width": 1200, "height": 900}, bypass_csp=True
        )
        self.tab, self.file = self.context.new_page(), file
        self.requests, self.wrong = [], []
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda message: self.wrong.append(message.text))
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))

    def show(self, view):
        """Open a view, and wait until its pictures are drawn."""
        self.tab.goto("about:blank")
        self.tab.goto(f"{self.file.as_uri()}{view}")
        drawn = "[...document.querySelectorAll('#view .chart')].every((chart) => chart.dataset.drawn)"
        shown = "document.querySelector('#view h1') || !document.getElementById('start').hidden"
        self.tab.wait_for_function(f"document.readyState === 'complete' && ({shown}) && {drawn}")
        return self.tab

    def faults(self):
        """What axe-core calls serious or critical."""
        axe = importlib.resources.files("axe_playwright_python") / "axe.min.js"
        self.tab.evaluate(axe.read_text(encoding="utf-8"))
        found = self.tab.evaluate("axe.run()")["violations"]
        return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]

    def close(self):
        self.context.close()
