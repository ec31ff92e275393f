"""Data flows one way: statistics, steps, marts, and the parts in their order. Read from the manifest of a project with every part on."""

import json
import re
from pathlib import Path

import pytest
from consumer import REPOSITORY
from test_parts import PARTS, Clinic

pytestmark = pytest.mark.quick

MODELS = REPOSITORY / "dbt_project" / "models"
# the root, the parts, and what unites them
ORDER = ("monitors", *PARTS, "alerts")
# what a monitor is declared on: rows, training sets, labels, answers
RAW = re.compile(r"^(source|model|seed)\.consumer\.")
READERS_OF_ROWS = {
    "health_monitors": "checks that every relation is there before anything reads it",
    "monitor_settings": "asks whether there is a score to learn from",
    "drift_exact_distances": "distances of values and not of bins, where a monitor asks for them",
    "scored_rows": "components of single rows, where a monitor asks for them",
    "cleaning_sample": "a sample of values that rules are suggested from",
    "cleaning_sample_columns": "which columns that sample has",
    "health_rule_outcomes": "rows that rules changed, removed or quarantined",
    "health_cell_changes": "cells that rules changed",
    "labeling_scans": "only names what Python reads to learn from labels",
    "labeling_rows": "the label of every row and what a model makes of it: rows are asked for, not counts",
    # relations that people write, which nobody monitors
    "label_annotations": "what people answered",
    "population_groups": "shares of a population",
    "registered_features": "what each model version was trained with",
    "known_biases_checked": "biases that are known",
    "finding_periods": "findings that are acknowledged",
}
# statistics that are made of steps
STORES_OF_STEPS = {"labeling_batches": "what people were asked must outlive the run that asked"}


class Node:
    def __init__(self, node):
        path = Path(node["original_file_path"]).relative_to("dbt_project/models").parts
        self.name, self.layer, self.part = node["name"], path[0], path[1] if len(path) == 3 else None
        self.parents = node["depends_on"]["nodes"]
        self.place = ORDER.index(self.part) if self.part else 0

    def __repr__(self):
        return self.name


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    clinic = Clinic(tmp_path_factory.mktemp("layers") / "project")
    clinic.dbt("parse")
    manifest = json.loads((clinic.folder / "target" / "manifest.json").read_text())
    ours = (node for node in manifest["nodes"].values() if node["package_name"] == "data_health")
    return {node["unique_id"]: Node(node) for node in ours if node["resource_type"] == "model"}


@pytest.fixture(scope="module")
def edges(nodes):
    """What reads, and what it reads."""
    return [(node, nodes[parent]) for node in nodes.values() for parent in node.parents if parent in nodes]


@pytest.fixture(scope="module")
def last_steps(nodes, edges):
    """What a part hands to the alerts, and what only that is made of: made of its marts, so the last of the part."""
    last = {node for node in nodes.values() if node.layer == "steps" and node.name == f"{node.part}_findings"}
    readers = {read: {reader for reader, other in edges if other is read} for _, read in edges}
    return last | {node for node, found in readers.items() if node.layer == "steps" and found <= last}


def test_every_part_is_there(nodes):
    assert {node.part for node in nodes.values()} - {None} == set(ORDER)
    assert {node.layer for node in nodes.values()} == {"statistics", "steps", "marts"}


def test_steps_read_marts_of_earlier_parts_only(edges, last_steps):
    wrong = [
        (step, mart)
        for step, mart in edges
        if step.layer == "steps"
        and mart.layer == "marts"
        and mart.place >= step.place
        and mart.name != "health_monitors"
    ]
    # a window of periods leaves out those that alarm alone, which health_drift tells; incidents are made of alerts
    known = {("drift_window_groups", "health_drift"), ("incident_leads", "health_alerts")}
    wrong = [(step, mart) for step, mart in wrong if (step.name, mart.name) not in known]
    assert [(step, mart) for step, mart in wrong if step not in last_steps or step.part != mart.part] == []
    assert {reader.name for reader, read in edges if read.name.endswith("_findings")} == {"findings"}


def test_nothing_reads_a_later_part(edges):
    assert [(reader, read) for reader, read in edges if reader.part and read.place > reader.place] == []


def test_statistics_are_made_of_rows_and_statistics(edges):
    above = {(reader.name, read.layer, read.name) for reader, read in edges if reader.layer == "statistics"}
    wrong = {
        (reader, read)
        for reader, layer, read in above
        if layer != "statistics"
        and read not in ("health_monitors", "monitor_settings")
        and reader not in STORES_OF_STEPS
    }
    assert wrong == set()


def test_only_statistics_read_monitored_rows_but_for_named_exceptions(nodes):
    readers = {node.name for node in nodes.values() if any(RAW.match(parent) for parent in node.parents)}
    counted = {node.name for node in nodes.values() if node.layer == "statistics"}
    assert readers - counted <= set(READERS_OF_ROWS)
    assert set(READERS_OF_ROWS) <= {path.stem for path in MODELS.rglob("*.sql")}


def test_no_model_guesses_the_name_of_another_or_forgets_on_a_clone():
    for path in MODELS.rglob("*.sql"):
        text = path.read_text()
        assert "incorporate(" not in text, path
        assert "is_incremental()" not in text, path
