"""A consumer's project with rows to be labelled and, made by hand, the candidates that the mart of labeling would hold."""

import os
import signal
import sys

from label_studio import run

CANDIDATES = """
    monitor varchar, batch bigint, rank bigint, row_key varchar, strategy varchar, reason varchar, period_start date, subgroup varchar,
    predicted_label varchar, confidence double precision, margin double precision, cluster bigint, inclusion_probability double precision,
    status varchar, answer_count bigint, learner_version varchar, drawn_at timestamp, built_at timestamp
"""
LABELS = ["yes", "no", "O'Hara"]


def configuration():
    """Visits with an awkward key; orders whose labels are known and whose table of answers is older than this package."""
    visits = {
        "relation": {"source": ["raw", "visits"]},
        "where": "note <> '50%'",
        "key": ["A B", "order"],
        "labeling": {
            "annotations": {"source": ["answered", "visit answers"]},
            "show": ["Größe", "label", "note"],
            "labels": LABELS,
        },
    }
    orders = {
        "relation": {"source": ["raw", "orders"]},
        "key": "id",
        "label": {"column": "outcome"},
        "labeling": {"annotations": {"source": ["raw", "order answers"]}},
    }
    nobody = {"relation": {"source": ["raw", "orders"]}, "key": "id", "labeling": {"annotations": {"ref": "fixed"}}}
    return {"monitors": {"visits": visits, "orders": orders, "nobody": nobody}}


SOURCES = ("visits", "orders", "order answers")
MODELS = {
    "answered.yml": "{version: 2, sources: [{name: answered, schema: answered, tables: [{name: visit answers}]}]}",
    "fixed.sql": "select 1 as id, 'a' as label, 'ann' as annotator, timestamp '2024-01-01 00:00:00' as labelled_at",
}


def load(project):
    """Eight visits, of which one does not meet the condition and two share their key, and four orders."""
    project.sql("""
        create table raw.visits ("a b" varchar, "order" integer, "Größe" double precision, label boolean, note varchar);
        insert into raw.visits values
            ('k1', 1, 1.5, true, 'it''s "1"'), ('k2', 2, 2.5, null, ''), ('k3', null, 3.5, false, 'x'), ('k4|4', 4, 4.5, false, 'x'),
            ('k5', 5, 5.5, false, '50%'), ('k6', 6, 6.5, false, 'b'), ('k6', 6, 6.5, false, 'a'), ('007', 7, null, false, '%s ? {}');
        create table raw.orders (id bigint, outcome integer);
        insert into raw.orders values (1, 0), (2, 1), (3, null), (4, null);
        create table raw."order answers" (id varchar, "Label" integer, annotator varchar, labelled_at timestamp with time zone);
        insert into raw."order answers" values ('1', 2, '1', timestamp with time zone '2024-03-01 10:00:05.25+00');
        select 1
    """)


def draw(project):
    """What the mart holds after a build: seven open candidates of visits in one batch, and three of orders."""
    project.sql(f"""
        create table health_labeling_candidates ({CANDIDATES});
        insert into health_labeling_candidates (monitor, batch, rank, row_key, strategy, reason, predicted_label, confidence, margin, status, learner_version) values
            ('visits', 1, 2, 'k1|1', 'margin', 'it is close', 'yes', 0.51, 0.02, 'open', 'm7'),
            ('visits', 1, 1, 'k2|2', 'audit', 'by chance', 'yes', 0.9, 0.8, 'open', 'm7'),
            ('visits', 1, 3, 'k3|(null)', 'coverage_gap', null, null, null, null, 'open', null),
            ('visits', 1, 4, 'k4|4|4', 'entropy', 'it''s "open"', 'O''Hara', 0.4, 'NaN', 'open', 'm7'),
            ('visits', 1, 5, 'k5|5', 'margin', 'not to be looked at', 'no', 0.5, 0.1, 'open', 'm7'),
            ('visits', 1, 6, 'k6|6', 'margin', 'two rows', 'no', 0.5, 0.1, 'open', 'm7'),
            ('visits', 1, 7, '007|7', 'random', 'by chance', 'maybe', 0.5, 0.1, 'open', 'm7'),
            ('visits', 1, 8, 'k9|9', 'margin', 'done', 'no', 0.5, 0.1, 'labelled', 'm7'),
            ('orders', 1, 1, '3', 'margin', 'it is close', '1', 0.5, 0.1, 'open', null),
            ('orders', 1, 2, '4', 'margin', 'it is close', '0', 0.5, 0.1, 'open', null),
            ('orders', 1, 3, '1', 'relabel', 'they disagree', '0', 0.5, 0.1, 'open', null);
        select 1
    """)


def reset(project):
    """As it was before anything went out."""
    project.sql("""
        drop table if exists labeling_export_log; drop table if exists labeling_import_log; drop table health_labeling_candidates; drop view if exists fixed;
        drop table raw.visits; drop table raw.orders; drop table raw."order answers"; delete from answered."visit answers";
        select 1
    """)
    load(project)
    draw(project)


def state(project):
    """All that the commands may change."""
    tables = project.sql("""
        select table_schema, table_name from information_schema.tables
        where table_schema in ('main', 'raw', 'answered') and (table_name like '%answers' or table_name like 'labeling_%')
        order by 1, 2
    """)
    return {
        table: sorted(project.sql(f'select * from {table[0]}."{table[1]}"'), key=repr) for table in map(tuple, tables)
    }


def killed_at_commit(folder, arguments):
    """Run the command in this process, which dies by SIGKILL when all is done but the commit."""
    from dbt.adapters.sql import SQLConnectionManager

    def die(self):
        os.kill(os.getpid(), signal.SIGKILL)

    class Folder:
        pass

    Folder.folder = folder
    SQLConnectionManager.commit = die
    sys.exit(f"it was not killed: {run(Folder, *arguments)}")


def kill_at_commit(processes, project, *arguments):
    """The same in a process of its own; its exit code."""
    return exit_code(processes.Process(target=killed_at_commit, args=(project.folder, arguments)))


def exit_code(process):
    """Run a process to its end, which must come within two minutes."""
    process.start()
    process.join(120)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{process.name} did not end")
    return process.exitcode
