"""What the page of `data-health report` costs: seconds to write it, its size, and when a browser shows it.

    python benchmarks/report_page.py --monitors 30 --columns 60 --periods 36

The marts are made up, with random numbers, which can be compressed less than real ones. A third of the columns are
categories. Each column is compared with two references by five metrics, or by ten if it is a number. The start of dbt,
some seconds, is not in it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from measure import markdown

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from browser import CHROMIUM, Visit
from data_health.report.page import page
from made_up_marts import MadeUp


def main() -> None:
    """Make the marts, write the page, open it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--monitors", type=int, default=30)
    parser.add_argument("--columns", type=int, default=60)
    parser.add_argument("--periods", type=int, default=36)
    parser.add_argument("--references", type=int, default=2)
    parser.add_argument("--output", type=Path, help="keep the page in this file")
    options = parser.parse_args()
    names = tuple(f"monitor_{number:02}" for number in range(options.monitors))
    made = MadeUp(names, options.columns, options.periods, options.references)
    with tempfile.TemporaryDirectory() as temporary:
        file = (options.output or Path(temporary) / "health.html").absolute()
        begin = time.perf_counter()
        content = made.content(options.periods)
        read = time.perf_counter()
        file.write_text(page(content, None), encoding="utf-8")
        written = time.perf_counter()
        rows = [
            ["rows read", f"{sum(len(table.columns[0]) for table in content.tables.values()):,}"],
            ["seconds to read", f"{read - begin:.1f}"],
            ["seconds to write", f"{written - read:.1f}"],
            ["megabytes", f"{file.stat().st_size / 1e6:.2f}"],
            *opened(file),
        ]
    print(markdown(["what", "measured"], rows))


def opened(file: Path) -> list[list[str]]:
    """Milliseconds until a browser paints, and seconds until each view is drawn; nothing where there is no browser."""
    if CHROMIUM is None:
        return [["browser", "no chromium is on the path"]]
    from playwright.sync_api import sync_playwright

    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, view in (
            ("overview", ""),
            ("monitor", "#monitor/monitor_00"),
            ("column", "#column/monitor_00/column_0"),
        ):
            visit = Visit(browser, file)
            begin = time.perf_counter()
            tab = visit.show(view)
            drawn = time.perf_counter() - begin
            paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            tab.wait_for_function(paint)
            rows.append([f"{name}: first paint, all drawn", f"{tab.evaluate(paint):.0f} ms, {drawn:.1f} s"])
            visit.close()
        browser.close()
    return rows


if __name__ == "__main__":
    main()
