"""The page of `data-health report` over made-up marts: what it holds, and what it must not hold."""

import html.parser
import json
import re
import sys

import pytest
from consumer import REPOSITORY
from data_health.label_studio.tasks import ExchangeError
from data_health.report.blocks import BLOCKS, BY_NAME
from data_health.report.charts import all_charts
from data_health.report.distributions import named
from data_health.report.drawing import compiled_charts
from data_health.report.marks import CONFIG
from data_health.report.overview import stories
from data_health.report.packing import fixed, packed_column, rounded, squeezed, unsqueezed
from data_health.report.page import State, earlier_state, news, open_incidents, page
from data_health.report.terms import TERMS
from data_health.report.views import METRICS, VIEWS
from made_up_marts import ODD, MadeUp, declared

pytestmark = pytest.mark.quick
VOID = {"meta", "link", "path", "br"}


@pytest.fixture(scope="module")
def content():
    return MadeUp(("orders", "visits")).content()


@pytest.fixture(scope="module")
def text(content):
    return page(content, "docs")


class Elements(html.parser.HTMLParser):
    """What a browser finds: elements, their attributes, and whether all are closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.found, self.scripts = [], [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append((tag, dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "script" and "id" in self.open[-1][1]:
            key = self.open[-1][1]["id"]
            self.scripts[key] = self.scripts.get(key, "") + data


def opened(text):
    """The page with all that is compressed in it, as a person could find it."""
    scripts = Elements(text).scripts
    rows = {name: unsqueezed(packed) for name, packed in scripts.items() if name.startswith("rows-")}
    return rows, text + "".join(rows.values())


def table_of(text, block, place):
    """The columns of a block, as the page unpacks them."""
    columns = json.loads(opened(text)[0][f"rows-{block}-{place}"])["c"]
    return {
        name: column
        if isinstance(column, list)
        else [column["d"][at] for at in column["i"]]
        if "d" in column
        else [None if whole is None else whole / 10 ** column["p"] for whole in column["f"]]
        for name, column in columns.items()
    }


def test_the_page_is_well_formed_and_complete(text):
    elements = Elements(text)
    assert elements.open == []
    names = [name for name, _ in elements.found]
    assert all(names.count(one) == 1 for one in ("html", "head", "body", "main", "header", "nav", "footer", "h1"))
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [attributes["lang"] for name, attributes in elements.found if name == "html"] == ["en"]


def test_nothing_is_asked_of_a_network(text):
    """Neither by an element, nor by the style, nor by what the page's own code does; the policy forbids the rest."""
    for name, attributes in Elements(text).found:
        assert not {"src", "srcset", "action", "background", "ping"} & attributes.keys(), name
        address = attributes.get("href", "#")
        assert address.startswith(("#", "docs/", "data:,")), address
        assert name not in {"iframe", "img", "object", "embed", "base", "form", "video", "audio"}
    policy = next(attributes["content"] for _, attributes in Elements(text).found if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none';") and "connect-src" not in policy and "http" not in policy
    ours = "".join((REPOSITORY / "python_checks/report/templates" / name).read_text() for name in SCRIPTS)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|importScripts|@import|url\(|https?:", ours)


SCRIPTS = ("page.html", "style.css", "theme.js", "data.js", "charts.js", "views.js")


def test_the_code_of_the_page_sets_texts_as_texts():
    ours = "".join((REPOSITORY / "python_checks/report/templates" / name).read_text() for name in SCRIPTS)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", ours)


def test_odd_names_are_only_names():
    made = MadeUp((ODD,))
    made.connection.execute("update health_incidents set sentence = ?, owner = ?, leading_column = ?", [ODD] * 3)
    made.connection.execute("update health_monitors set name = ? where name = 'column_0'", [ODD])
    found = page(made.content(), None)
    elements = Elements(found)
    assert elements.open == []
    assert "alert(1)</script>" not in found
    assert sum(name == "script" and not attributes for name, attributes in elements.found) == 4
    assert ODD in json.loads(elements.scripts["meta"])["monitors"]
    assert table_of(found, "incidents", 0)["sentence"][0] == ODD
    assert ODD in table_of(found, "columns", 0)["name"]


def test_values_that_may_not_be_shown_are_nowhere():
    """Canaries stand wherever the tables that are read have values of rows."""
    made = MadeUp(("orders",), columns=6)
    statements = {
        # what the marts give to those who query them, and the page does not
        "health_profile": "update health_profile set top_value = 'canary top', minimum = 918273.6451, maximum = 718273.6451",
        "health_coverage": "update health_coverage set unseen_category = 'canary unseen'",
        "health_drift": "update health_drift set category = 'canary category'",
        "health_rule_outcomes": "update health_rule_outcomes set first_example = 'canary 1', last_example = 'canary 2'",
        "health_labeling_candidates": """
            update health_labeling_candidates set row_key = 'canary key', predicted_label = 'canary label',
                subgroup = 'canary group', given_label = 'canary given', reason = 'canary reason'
        """,
        "column_distributions": """
            update column_distributions set category = 'canary ' || category where category is not null
                and statistics_key in (select statistics_key from column_statistics where column_name = 'column_5')
        """,
        "numbers": "update column_distributions set minimum = 618273.6451, maximum = 618273.6451 where bin = 39",
    }
    for statement in statements.values():
        made.connection.execute(statement)
    made.insert(
        "health_cell_changes",
        """select 'orders' as cleaning, 'canary key' as row_key, 'canary before' as value_before, 'canary after' as value_after,
            'a' as column_name, 'a.cast' as rule""",
    )
    made.insert(
        "health_label_gates",
        "select 'orders' as monitor, 'canary gate' as predicted_label, '(all)' as group_value, 'open' as status",
    )
    made.insert(
        "health_pca_loadings",
        """
        select 'orders' as monitor, 'training_0' as reference, 1 as component, true as is_advised, .5 as loading, column_name
        from (select unnest(['column_0=canary level', 'column_0=canary level 2', 'column_2=red']) as column_name)
    """,
    )
    made.connection.execute("update health_multivariate_drift set largest_contributor = 'column_0=canary level 2'")
    made.connection.execute("update health_alerts set evidence = 'most of it by column_0=canary level 2 in June'")
    _, everything = opened(page(made.content(), None))
    assert "canary" not in everything
    assert not re.search("[967]1827|[967]183\\b|[967]18300", everything)
    shares = table_of(page(made.content(), None), "distributions", 0)
    hidden = {
        name for column, name in zip(shares["column_name"], shares["category"], strict=True) if column == "column_5"
    }
    shown = {
        name for column, name in zip(shares["column_name"], shares["category"], strict=True) if column == "column_2"
    }
    assert hidden == {"(hidden 1)", "(hidden 2)", "(hidden 3)"} and shown == {"red", "green", "blue"}
    loadings = set(table_of(page(made.content(), None), "loadings", 0)["column_name"])
    assert {"column_0=(hidden 1)", "column_0=(hidden 2)", "column_2=red", "column_0"} <= loadings
    assert set(table_of(page(made.content(), None), "error", 0)["largest_contributor"]) == {"column_0=(hidden 2)"}
    findings = table_of(page(made.content(), None), "findings", 0)["evidence"]
    assert set(findings) == {"most of it by column_0=(hidden 2) in June"}
    assert table_of(page(made.content(), None), "label_gates", 0)["predicted_label"] == ["(hidden 1)"]


def test_no_column_with_values_of_rows_is_read():
    kept_back = {
        "row_key", "value_before", "value_after", "first_example", "last_example", "top_value", "unseen_category", "category",
        "given_label", "suggested_label", "label", "minimum", "maximum", "earliest", "latest", "candidate_key",
    }  # fmt: skip
    assert not any(kept_back & set(block.names) for block in BLOCKS)


def test_blocks_name_columns_of_the_contracts():
    types = declared()
    for block in BLOCKS:
        for column in block.columns:
            name = re.sub(r"^\w+\((.*?)\)? as .*$", r"\1", column)
            assert name == "*" or name in types[block.mart], (block.name, column)


def test_numbers_of_the_page_are_those_of_the_marts(content, text):
    made = MadeUp(("orders", "visits"))
    expected = made.rows("""
        select period_start, value, noise_floor from health_drift
        where monitor = 'visits' and column_name = 'column_1' and metric = 'cramers_v' and reference = 'training_1'
        order by period_start
    """)
    table = table_of(text, "drift", 1)
    keys = zip(table["column_name"], table["metric"], table["reference"], strict=True)
    own = [place for place, key in enumerate(keys) if key == ("column_1", "cramers_v", "training_1")]
    found = [(table["period_start"][place], table["value"][place], table["noise_floor"][place]) for place in own]
    assert len(found) == 6
    # the same seed gives the same rows
    for (period, value, floor), (day, expected_value, expected_floor) in zip(found, expected, strict=True):
        assert period == str(day) and abs(value - expected_value) <= 5.1e-4 and abs(floor - expected_floor) <= 5.1e-3


def test_a_distribution_counts_every_row_once(text):
    table = table_of(text, "distributions", 0)
    own = [place for place, column in enumerate(table["column_name"]) if column == "column_0"]
    for dataset in ("production", "(previous period)"):
        places = [place for place in own if table["dataset"][place] == dataset]
        # bins 0 to 39 have 1 to 40 rows; 0 to 20 lies between the two quantiles
        assert sum(table["row_count"][place] for place in places) == 820
        assert abs(sum(table["share"][place] for place in places) - 1) < 1e-3
        first = next(place for place in places if table["place"][place] == 0)
        assert (table["lower_edge"][first], table["upper_edge"][first], table["row_count"][first]) == (0, 1, 1)
        last = next(place for place in places if table["upper_edge"][place] is None)
        assert table["lower_edge"][last] == 20 and table["row_count"][last] == sum(range(21, 41))


def test_hidden_categories_are_numbered_by_their_size():
    sizes = {"b": 0.2, "a": 0.7, "(other)": 0.05, "c": 0.05}
    assert named(sizes, False) == {"a": "(hidden 1)", "b": "(hidden 2)", "(other)": "(other)", "c": "(hidden 4)"}
    assert named(sizes, True)["a"] == "a"
    many = named({f"value {number}": 1 / (number + 1) for number in range(20)}, True)
    assert many["value 11"] == "value 11" and many["value 12"] == "(other)"


def test_parts_that_are_not_built_say_so():
    made = MadeUp(without=("health_representation", "health_drift", "column_distributions"))
    content = made.content()
    assert (
        content.tables["rates"].missing == "health_representation is not there, because the part representation is off."
    )
    assert "health_drift is not there" in content.tables["drift"].missing
    assert "column_distributions" in content.tables["distributions"].missing
    # the other half of the map stays
    assert set(content.tables["statuses"].column("part")) == {"coverage"}
    meta = json.loads(Elements(page(content, None)).scripts["meta"])
    assert meta["blocks"]["rates"]["missing"] and meta["blocks"]["rates"]["query"] is None


def test_only_the_newest_periods_are_read():
    content = MadeUp(("orders",), periods=12).content(5)
    assert str(content.since["orders"]) == "2022-08-01"
    assert len(content.tables["scorecard"].dicts()) == 5
    assert min(content.tables["drift"].column("period_start")) == "2022-08-01"
    assert min(content.tables["statuses"].column("period_start")) == "2022-08-01"
    assert MadeUp(("orders",), periods=5).content(5).since == {}


def test_what_is_new_since_the_page_before(content, tmp_path):
    file, now = tmp_path / "health.html", open_incidents(content)
    assert earlier_state(file, now) is None and news(now, None).since is None
    old = State("2025-12-31 10:00:00", {next(iter(now.incidents)): "alert", "gone": "warn"})
    first = page(content, None, old)
    file.write_text(first)
    # written again after the same build, the page keeps what it was compared with
    assert earlier_state(file, now) == old
    assert earlier_state(file, State("2026-01-02 10:00:00", {})) == now
    assert (news(now, old).new, news(now, old).over) == (5, 1)
    assert "Since the build of 2025-12-31 10:00: 5 new, 1 over." in first
    assert first.count('<span class="new">') == 5
    assert sum(story.is_new for story in stories(content, set(old.incidents))) == 5


def test_every_query_of_the_page_runs_and_gives_the_rows_of_its_panel(content):
    made = MadeUp(("orders", "visits"))
    for name, table in content.tables.items():
        first = "cleaning" if "cleaning" in table.names else "monitor"
        query = table.query.replace("/*selection*/", f"{first} = 'orders'")
        found = made.connection.execute(query)
        if name != "distributions":
            assert [column[0] for column in found.description] == table.names
            assert len(found.fetchall()) == table.column(first).count("orders"), name


def test_every_panel_has_its_block_chart_and_page():
    charts = {*all_charts(), "distribution", ""}
    for view in VIEWS:
        assert len({panel.key for panel in view.panels}) == len(view.panels)
        for panel in view.panels:
            assert panel.block in BY_NAME or panel.block in ("statuses", "distributions")
            assert panel.chart in charts and panel.docs
            names = set(BY_NAME[panel.block].names) if panel.block in BY_NAME else None
            wanted = {
                *panel.choose,
                *panel.columns,
                *panel.only,
                *filter(None, (panel.needs, panel.repeat, panel.link)),
            }
            assert names is None or wanted <= names, panel


def anchors(file):
    """The headings of a page of the docs as addresses."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_to_the_docs_lead_somewhere():
    links = {page for view in VIEWS for panel in view.panels for _, page in panel.docs}
    links |= {page for _, page in METRICS.values()}
    links |= set(re.findall(r"doc\('([^']+)'", (REPOSITORY / "python_checks/report/templates/page.html").read_text()))
    for link in links:
        name, _, anchor = link.partition("#")
        file = REPOSITORY / "docs" / name
        assert file.is_file(), link
        assert not anchor or anchor in anchors(file), link


def test_terms_are_those_of_the_glossary():
    lines = (REPOSITORY / "docs/glossary.md").read_text().replace(r"\|", "¦")
    glossary = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", lines, re.MULTILINE))
    for term, meaning in TERMS.items():
        assert meaning == re.sub("[`*]", "", glossary[term].replace("¦", "|")), term


def test_every_judged_metric_is_explained():
    source = (REPOSITORY / "macros/drift/metrics.sql").read_text()
    _, *entries = re.split(r"\n        '(\w+)': \{", source)
    judged = [name for name, entry in zip(entries[::2], entries[1::2], strict=True) if "'threshold':" in entry]
    assert len(judged) >= 10 and set(judged) <= METRICS.keys()


def test_charts_are_compiled_and_take_only_our_rows():
    for name, chart in compiled_charts().items():
        inner = [data for data in chart["data"] if "source" not in data]
        assert [data["name"] for data in inner] == ["rows"], name
        assert "url" not in json.dumps(chart["data"])
    # each colour is one that the style has
    used = set(re.findall(r'"@([\w-]+)"', json.dumps([all_charts(), CONFIG]))) - {"time", "series"}
    style = (REPOSITORY / "python_checks/report/templates/style.css").read_text()
    assert all(style.count(f"--{colour}:") == 3 for colour in used), used


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "abcd", "<&>.,'\"\\ü🐘" * 99])
def test_what_is_squeezed_comes_back_and_means_nothing_in_html(text):
    packed = squeezed(text)
    assert unsqueezed(packed) == text and not set("<&\"'") & set(packed)


def test_without_the_extra_it_says_what_to_install(content, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ExchangeError, match=r"pip install 'data-health\[report\]'"):
        page(content, None)


def test_numbers_are_short():
    assert [rounded(value) for value in (123456.789, 0.123456, 2.0, float("nan"))] == [123500, 0.1235, 2, None]
    assert fixed([0.12345, None, 2.5], 3) == {"p": 3, "f": [123, None, 2500]}
    assert fixed([float("nan"), float("inf"), 1, None], 2) == {"p": 2, "f": [None, None, 100, None]}
    assert packed_column(["a", "b", "a", "a"], None) == {"d": ["a", "b"], "i": [0, 1, 0, 0]}
    assert packed_column(["a", "b", None], None) == ["a", "b", None]
    assert packed_column([1, None, True], None) == [1, None, True]
