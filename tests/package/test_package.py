"""The package as a guest in a user's project: what it brings, what it leaves alone, and that it is documented."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from consumer import REPOSITORY, Consumer

FIXTURE = Path(__file__).with_name("consumer_project")
OWN_TABLES = {("raw", "deliveries"), ("main", "visits")}
STATISTICS = (
    "monitored_periods",
    "monitored_columns",
    "column_grids",
    "column_statistics",
    "column_distributions",
    "column_products",
    "subgroup_cells",
    "wide_scans",
    "wide_products",
)

MACRO_FILES = sorted((REPOSITORY / "macros").rglob("*.sql"))
MACRO = re.compile(r"^\{%-? *(macro|test) +(\w+)", re.MULTILINE)


def round_off(value):
    if not isinstance(value, float):
        return value
    return f"{value:.9g}" if not abs(value) < 1e-9 else "0"


class Installed(Consumer):
    """A copy of the fixture, with the package installed and its source loaded."""

    def __init__(self, folder, load=True):
        shutil.copytree(FIXTURE, folder, ignore=shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb"))
        self.write_settings(folder)
        if load:
            self.load_source()
        self.dbt("deps")

    def write_settings(self, folder):
        self.folder, self.database = folder, folder / "consumer.duckdb"
        self.write("packages.yml", {"packages": [{"local": str(REPOSITORY)}]})
        # dbt-duckdb keeps one connection per path as it is written, so copies in this process need different ones
        self.write("profiles.yml", {"consumer": {"target": "dev", "outputs": {"dev": self.profile()}}})

    def load_source(self):
        self.sql((FIXTURE / "deliveries.sql").read_text())

    def copy(self, folder):
        twin = object.__new__(Installed)
        shutil.copytree(self.folder, folder, symlinks=True)
        twin.write_settings(folder)
        return twin

    def listed(self, *arguments):
        """Names of the nodes that `dbt ls` gives, without the folders."""
        return {name.split(".")[-1] for name in self.dbt("ls", *arguments).result}

    def manifest(self):
        return json.loads((self.folder / "target" / "manifest.json").read_text())

    def tables(self):
        return set(self.sql("select table_schema, table_name from information_schema.tables"))

    def contents(self, *tables):
        """The rows of tables as text, since NaN is not equal to itself."""
        return {table: self.text_of(f"select * from {table} order by all") for table in tables}

    def text_of(self, query):
        """The rows of a query as text; the last digits of a sum depend on the order of adding, which is nobody's promise."""
        rows = self.sql(query)
        return str([[round_off(value) for value in row] for row in rows])

    def timeless_contents(self):
        """All tables that dbt built, without the columns that tell when."""
        columns = self.sql("""
            select table_name, string_agg(column_name, ', ' order by ordinal_position)
            from information_schema.columns
            where table_schema = 'main'
                and not regexp_matches(column_name, '(_at|_since|_from|_to)$|^hours_since_|^column_version_key$|^statistics_key$')
            group by 1
        """)
        texts = {table: self.text_of(f"select {names} from {table} order by all") for table, names in columns}
        # an age in whole hours changes every hour, be it between two builds
        return {table: re.sub(r"\d+ hours old", "hours old", text) for table, text in texts.items()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Built once; tests that change it take a copy."""
    consumer = Installed(tmp_path_factory.mktemp("installed") / "project")
    consumer.build()
    return consumer


@pytest.fixture(scope="module")
def manifest(installed):
    return installed.manifest()


@pytest.fixture(scope="module")
def own_models(manifest):
    """The package's models by name."""
    nodes = manifest["nodes"].values()
    return {node["name"]: node for node in nodes if is_ours(node) and node["resource_type"] == "model"}


@pytest.fixture(scope="module")
def own_tables(own_models):
    """Those that are built; an ephemeral model is a part of the statements that read it."""
    return {name: node for name, node in own_models.items() if node["config"]["materialized"] != "ephemeral"}


@pytest.fixture
def copied(installed, tmp_path):
    return installed.copy(tmp_path / "copy")


def is_ours(node):
    return node["package_name"] == "data_health"


# What it brings


def test_the_demo_is_off(installed, manifest):
    models = {path.stem for path in (REPOSITORY / "dbt_project/models/demo").glob("*.sql")}
    seeds = {path.stem for path in (REPOSITORY / "seeds/demo").glob("*.csv")}
    assert models and seeds
    assert not (models | seeds) & installed.listed("--resource-type", "model", "--resource-type", "seed")
    assert not (models | seeds) & {table for _, table in installed.tables()}
    kinds = {node["resource_type"] for node in manifest["nodes"].values() if is_ours(node)}
    assert kinds == {"model", "test"}
    assert [test for test in manifest["unit_tests"].values() if is_ours(test)] == []


def test_the_only_new_tables_are_the_declared_models(installed, own_models, own_tables):
    assert installed.listed("--resource-type", "model", "--select", "package:data_health") == set(own_models)
    assert installed.tables() == OWN_TABLES | {("main", name) for name in own_tables}


def test_what_the_monitors_hold(installed):
    counts = "select monitor, sum(row_count) from monitored_periods where dataset = 'production' group by 1"
    assert dict(installed.sql(counts)) == {"visits": 1996, "deliveries": 2000}
    profile = installed.sql("""
        select row_count, null_count
        from health_profile
        where monitor = 'visits' and dataset = 'first_quarter' and column_name = 'weight_kg'
            and segment_column = '(all)'
    """)
    rows = "from visits where happened_at < timestamp '2024-04-01'"
    assert profile == installed.sql(f"select count(*), count(*) - count(weight_kg) {rows}")


def test_lineage_has_real_edges(installed, own_models):
    everything = set(own_models)
    above_profile = installed.listed("--select", "+health_profile")
    not_above = {"monitored_columns", "column_products", "subgroup_cells", "wide_scans", "wide_products"}
    assert {"visits", "deliveries", "health_monitors", *STATISTICS} - not_above <= above_profile
    # what people acknowledged is read without a look at the monitors
    below_monitors = installed.listed("--select", "health_monitors+", "--resource-type", "model")
    assert below_monitors == everything - {"valid_acknowledgements"}
    for source in ("visits", "source:raw.deliveries"):
        below = installed.listed("--select", f"{source}+", "--resource-type", "model")
        assert {"health_monitors", "health_profile", "health_volume", "health_schema_changes", *STATISTICS} <= below
    # every statistic is asked for by a mart
    marts = [f"+{name}" for name in own_models if name.startswith("health_")]
    assert installed.listed("--select", *marts, "--resource-type", "model") == everything | {"visits"}


def test_only_the_statistics_read_monitored_rows(installed, own_models):
    """Nothing else names a monitored relation in the SQL that was run."""
    compiled = {
        result["unique_id"].split(".")[-1]: result["compiled_code"]
        for result in installed.run_results()
        if result["compiled_code"]
    }
    readers = {
        name
        for name, text in compiled.items()
        if name in own_models and re.search(r'"(visits|deliveries)"', text.replace("'visits'", ""))
    }
    counted = {name for name, node in own_models.items() if node["fqn"][1] == "statistics"}
    assert readers and readers <= counted
    assert {"health_drift", "health_coverage", "health_alerts"} <= compiled.keys()


# What it leaves alone


def test_a_database_without_anything_can_be_compiled_and_documented(tmp_path):
    consumer = Installed(tmp_path / "project", load=False)
    consumer.dbt("compile")
    consumer.dbt("docs", "generate")
    assert consumer.tables() == set()


def test_a_first_build_without_rows_fixes_nothing(installed, tmp_path):
    consumer = Installed(tmp_path / "project")
    consumer.build("--empty")
    assert consumer.sql("select count(*) from visits") == [(0,)]
    assert consumer.contents(*STATISTICS) == dict.fromkeys(STATISTICS, "[]")
    consumer.build()
    assert consumer.timeless_contents() == installed.timeless_contents()


def test_a_later_build_without_rows_changes_no_statistics(installed, copied):
    before = copied.contents(*STATISTICS)
    copied.build("--empty")
    assert copied.sql("select count(*) from visits") == [(0,)]
    assert copied.contents(*STATISTICS) == before
    copied.build()
    assert copied.contents(*STATISTICS) == before
    assert copied.timeless_contents() == installed.timeless_contents()


def test_a_wrong_configuration_stops_only_the_package(copied, own_tables):
    before = copied.contents(*own_tables)
    copied.sql("delete from visits")
    project = yaml.safe_load((copied.folder / "dbt_project.yml").read_text())
    project["vars"]["data_health"]["monitors"]["visits"]["grian"] = "month"
    copied.write("dbt_project.yml", project)
    copied.build(succeeds=False)
    statuses = {result["unique_id"].split(".")[2]: result["status"] for result in copied.run_results()}
    assert {name: statuses[name] for name in own_tables} == {
        name: "error" if name == "health_monitors" else "skipped" for name in own_tables
    }
    assert statuses["visits"] == "success"
    assert copied.sql("select count(*) from visits") == [(1996,)]
    assert copied.contents(*own_tables) == before
    for command in (["compile"], ["run", "--select", "visits"], ["build", "--exclude", "package:data_health"]):
        copied.dbt(*command)


def test_nothing_happens_behind_the_back_of_the_project(manifest):
    assert [node for node in manifest["nodes"].values() if node["resource_type"] == "operation"] == []
    nodes = [node for node in manifest["nodes"].values() if is_ours(node)]
    assert [node["name"] for node in nodes if node["config"].get("pre-hook") or node["config"].get("post-hook")] == []
    # a store's own past, what a model reads, what is left over, and what a release before stored; all only read it
    readers = ("stored_model", "inputs_of_model", "leftovers", "upgrade_stores")
    macros = [macro for macro in manifest["macros"].values() if is_ours(macro) and macro["name"] not in readers]
    code = [macro["macro_sql"] for macro in macros]
    code += [node["raw_code"] for node in nodes]
    assert [text for text in code if re.search(r"\bgraph\b", text)] == []


def test_it_depends_on_no_other_package(manifest):
    everything = [*manifest["nodes"].values(), *manifest["macros"].values()]
    assert {node["package_name"] for node in everything} == {"consumer", "data_health", "dbt", "dbt_duckdb"}


def test_its_macros_are_few_and_override_nothing(manifest):
    ours = {macro["name"] for macro in manifest["macros"].values() if is_ours(macro)}
    theirs = {macro["name"] for macro in manifest["macros"].values() if not is_ours(macro)}
    undispatched = {re.sub(r"^[a-z0-9]+__", "", name) for name in theirs}
    overriding = {name for name in ours if name in theirs or re.sub(r"^[a-z0-9]+__", "", name) in theirs | undispatched}
    assert overriding == set()
    assert [name for name in ours if name.startswith("materialization_")] == []
    # each is read and compiled whenever a user's project starts
    assert len([name for name in ours if not name.startswith("test_")]) <= 132


# Contracts and names


def columns_of(consumer):
    """Table, column and type of everything that dbt built, in the order of the columns."""
    return consumer.sql("""
        select table_name, column_name, data_type
        from information_schema.columns
        where table_schema = 'main'
        order by table_name, ordinal_position
    """)


def test_every_model_and_column_is_described(own_models):
    missing = [name for name, node in own_models.items() if not node["description"].strip()]
    missing += [
        f"{name}.{column['name']}"
        for name, node in own_models.items()
        for column in node["columns"].values()
        if not column["description"].strip()
    ]
    assert missing == []


def test_shared_descriptions_are_those_of_the_package(own_models):
    """Also where the user's project has a doc block of the same name."""
    columns = [column for node in own_models.values() for column in node["columns"].values()]
    assert [column["name"] for column in columns if "{{" in column["description"]] == []
    described = own_models["health_profile"]["columns"]
    assert described["monitor"]["description"] == "The name of the monitor, which is one entry of the configuration."


def test_every_mart_has_a_contract(own_models):
    marts = [node for name, node in own_models.items() if name.startswith("health_")]
    assert marts
    assert [node["name"] for node in marts if not node["config"]["contract"]["enforced"]] == []


def test_the_columns_in_yaml_are_those_of_the_tables(installed, own_tables):
    built = {name: [column for table, column, _ in columns_of(installed) if table == name] for name in own_tables}
    assert {name: list(node["columns"]) for name, node in own_tables.items()} == built


def test_names_and_types_suit_other_tools(installed, own_models):
    columns = [column for column in columns_of(installed) if column[0] in own_models]
    assert [column for column in columns if not re.fullmatch(r"[a-z][a-z0-9_]*", column[0] + column[1])] == []
    marts = [column for column in columns if column[0].startswith("health_")]
    assert [column for column in marts if column[1] in ("rows", "column")] == []
    assert [column for column in marts if re.search(r"JSON|STRUCT|MAP|UNION|\[", column[2])] == []


# The source code


def described_macros():
    """YAML entries by macro name."""
    entries = {}
    for path in (REPOSITORY / "macros").rglob("*.yml"):
        entries |= {entry["name"]: entry for entry in yaml.safe_load(path.read_text())["macros"]}
    return entries


def macros_in(path):
    """Name, text before it and lines of every macro in a file."""
    text = path.read_text()
    for start in MACRO.finditer(text):
        end = re.compile(r"\{%-? *end" + start[1]).search(text, start.end())
        name = f"test_{start[2]}" if start[1] == "test" else start[2]
        yield name, text[: start.start()], text[start.start() : end.start()].count("\n") + 1


def test_every_macro_says_what_it_is_for():
    described = described_macros()
    silent = [
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in MACRO_FILES
        for name, before, _ in macros_in(path)
        # an implementation is described where it is dispatched
        if not re.match(r"(default|duckdb|postgres)__", name)
        and name not in described
        and not re.search(r"#\}\n$", before)
    ]
    assert silent == []


def test_macro_entries_are_complete(manifest):
    ours = {macro["name"]: macro for macro in manifest["macros"].values() if is_ours(macro)}
    entries = described_macros()
    assert set(entries) <= set(ours)
    for name, entry in entries.items():
        signature = re.search(r"\{%-? *(?:macro|test) +\w+\((.*?)\)", ours[name]["macro_sql"], re.DOTALL)[1]
        arguments = [part.split("=")[0].strip() for part in signature.split(",") if part.strip()]
        assert entry["description"].strip()
        described = entry.get("arguments", [])
        assert [argument["name"] for argument in described] == arguments, name
        assert all(argument["type"] and argument["description"].strip() for argument in described), name


def test_public_macros_have_entries():
    """Public are the generic tests, and what a page of the docs calls."""
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]
    called = {name for page in pages if page.exists() for name in re.findall(r"data_health\.(\w+)", page.read_text())}
    names = {name for path in MACRO_FILES for name, _, _ in macros_in(path)}
    public = {name for name in names if name in called or name.startswith("test_")}
    assert public <= set(described_macros())


def test_macros_and_files_stay_short():
    lengths = {f"{path.name}: {name}": lines for path in MACRO_FILES for name, _, lines in macros_in(path)}
    # the schema, the metrics and the templates are data
    data = {
        "monitor_schema.sql: monitor_schema",
        "metrics.sql: drift_metrics",
        "default.sql: default__engine_templates",
    }
    assert {name for name, lines in lengths.items() if lines > 72} == data
    folders = [REPOSITORY / name for name in ("macros", "dbt_project", "python_checks", "benchmarks")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".sql", ".py")]
    long_files = {path.name for path in files if path.read_text().count("\n") > 350}
    # one derivation each, in numbered steps
    assert long_files <= {
        "column_grids.sql",
        "feature_bins.sql",
        "uncovered_patterns.sql",
        "marts_net.py",
        "marts_net_tables.py",
    }
