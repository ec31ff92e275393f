"""What a real Label Studio 1.23 exports: three people, of whom one is deleted; and the same anew where it is installed.

The recorded answers are in recorded/ (support/label_studio_server.py made them). The last test starts a server where the
command label-studio is on the path, or the environment variable LABEL_STUDIO names it.
"""

import json
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from consumer import Consumer
from label_studio import run
from label_studio_server import ANSWERS, GOLD, VARIABLE, Server, command, session
from labeling_exchange import MODELS, SOURCES, configuration, draw, load, reset

RECORDED = Path(__file__).parent / "recorded"
FILES = {
    "JSON": "JSON.json",
    "JSON_MIN": "JSON_MIN.json",
    "CSV": "CSV.csv",
    "TSV": "TSV.tsv",
    "snapshot": "snapshot.json",
    "snapshot_users": "snapshot_users.json",
}
# what knows neither skips nor what is known to be right
FLAT = ("JSON_MIN", "CSV", "TSV")


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    project = Consumer(tmp_path_factory.mktemp("real") / "project", configuration(), sources=SOURCES, models=MODELS)
    load(project)
    assert run(project, "labels", "import", "--monitor", "visits")[0] == 0
    draw(project)
    return project


@pytest.fixture
def project(origin):
    """The table of annotations is empty again."""
    yield origin
    reset(origin)


def recorded(stage):
    """{format: file}"""
    return {name: RECORDED / f"{stage}_{suffix}" for name, suffix in FILES.items()}


def give(project, file):
    """(annotations added, known before, withdrawn)"""
    code, said = run(project, "labels", "import", "--monitor", "visits", str(file))
    assert code == 0, said
    words = said.split(": ", 1)[1].split()
    withdrawn = [line.split()[0] for line in said.splitlines() if " annotations withdrawn" in line]
    return int(words[0]), int(words[3]), int(withdrawn[0]) if withdrawn else 0


def counted(project):
    """What health_annotators makes of the table: {annotator: annotations, skips}, and alpha of all."""
    project.build_up_to("health_annotators")
    rows = project.sql("""
        select annotator, annotation_count, skip_count, krippendorff_alpha from health_annotators where monitor = 'visits'
    """)
    return {name: (count, skips) for name, count, skips, _ in rows if name != "(all)"}, max(
        (row[3] for row in rows if row[3] is not None), default=None
    )


def expected_alpha(left_out=()):
    """Of the answers that were given, by the package krippendorff."""
    names = ["yes", "no", "O'Hara"]
    given = [
        [
            names.index(label) if label in names and (who, place) not in {GOLD, *left_out} else np.nan
            for place, label in enumerate(labels)
        ]
        for who, labels in ANSWERS.items()
    ]
    return krippendorff.alpha(reliability_data=np.array(given), level_of_measurement="nominal")


def everything_counts_once(project, files):
    """Every format of every stage, the first twice; then an annotation that was deleted, and the old file once more."""
    assert give(project, files["before"]["JSON"]) == (16, 0, 0)
    counts, alpha = counted(project)
    # who answered what, without what is known to be right
    assert sorted(counts.values()) == [(4, 1), (5, 0), (5, 0)]
    assert alpha == pytest.approx(expected_alpha(), abs=1e-12)
    for stage in ("before", "after"):
        for name in ("JSON", *files[stage]):
            assert give(project, files[stage][name]) == (0, 15 if name in FLAT else 16, 0), (stage, name)
    assert counted(project) == (counts, alpha)
    assert give(project, files["later"]["JSON"]) == (0, 15, 1)
    fewer, alpha = counted(project)
    assert sorted(fewer.values()) == [(4, 0), (4, 1), (5, 0)]
    assert alpha == pytest.approx(expected_alpha([("chloe", 0)]), abs=1e-12)
    assert give(project, files["before"]["JSON"]) == (0, 16, 0)
    assert counted(project) == (fewer, alpha)


def test_recorded_answers_count_once_in_every_format(project):
    everything_counts_once(project, {stage: recorded(stage) for stage in ("before", "after", "later")})


@pytest.mark.parametrize("first", ["JSON", "JSON_MIN", "CSV", "TSV", "snapshot", "snapshot_users"])
def test_a_person_who_was_deleted_before_the_first_import_has_no_name(project, first):
    """Label Studio writes null in JSON, and the text None in the other formats."""
    files = recorded("after")
    count = 15 if first in FLAT else 16
    assert give(project, files[first])[0] == count
    people = project.sql('select annotator, count(*) from answered."visit answers" group by 1 order by 2, 1 nulls last')
    names = ["ana@clinic.example", "chloe@clinic.example"] if first == "snapshot_users" else ["2", "4"]
    # the skip is not in flat files
    assert {name: number for name, number in people} == {names[0]: 6, names[1]: 5, None: count - 11}
    for name in ("JSON", "CSV", "snapshot_users"):
        assert give(project, files[name])[2] == 0
    assert project.sql('select count(distinct annotation_id) from answered."visit answers"') == [(16,)]


@pytest.mark.slow
@pytest.mark.skipif(command() is None, reason=f"no command label-studio on the path, and {VARIABLE} is not set")
def test_a_label_studio_of_today_exports_the_same(project, tmp_path):
    code, said = run(
        project,
        *("labels", "export", "--monitor", "visits", "--output", str(tmp_path / "tasks.json")),
        *("--labeling-config", str(tmp_path / "view.xml")),
    )
    assert code == 0, said
    tasks, view = json.loads((tmp_path / "tasks.json").read_text()), (tmp_path / "view.xml").read_text()
    place = tmp_path / "server"
    place.mkdir()
    with Server(place) as server:
        exported = session(server, tasks, view)
    files = {}
    for stage, contents in exported.items():
        files[stage] = {name: tmp_path / f"{stage}_{FILES[name]}" for name in contents}
        for name, content in contents.items():
            files[stage][name].write_bytes(content)
    everything_counts_once(project, files)
    # what the recorded answers show is still so
    for stage in exported:
        now, then = (json.loads(found[stage]["JSON"].read_text()) for found in (files, {stage: recorded(stage)}))
        assert [sorted(task) for task in now] == [sorted(task) for task in then]
        assert [sorted(one) for task in now for one in task["annotations"]] == [
            sorted(one) for task in then for one in task["annotations"]
        ]
