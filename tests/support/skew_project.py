"""A log of served features beside recomputed ones, full of oddities, and what Python says of both, row by row."""

import collections
import contextlib
import datetime
import math

import duckdb

START = datetime.datetime(2024, 1, 1)
MONITOR = {
    "relation": {"source": ["raw", "visits"]},
    "key": "id",
    "time": "at",
    "loaded_at": "loaded",
    "grain": "week",
    "where": "not is_test",
    "exclude": ["note"],
    "show_values": ["sex"],
    "versions": {
        "registry": {"source": ["raw", "registry"]},
        "serving": {"source": ["raw", "serving"]},
        "served": {
            "relation": {"source": ["raw", "served"]},
            "key": "visit",
            "version": "model",
            "time": "served_at",
            "tolerance": 0.01,
            "absolute_tolerance": 0.001,
        },
    },
    "parts": {"drift": False, "components": False, "combinations": False, "representation": False, "coverage": False},
}
CONFIGURATION = {"monitors": {"visits": MONITOR}}
SOURCES = ("visits", "served", "registry", "serving")
# feature -> type in the log, type of the recomputed column; names that want quotes
TYPES = {
    "age": ("double", "bigint"),
    "BMI": ("double", "double"),
    "dose": ("double", "decimal(18, 4)"),
    "sex": ("varchar", "varchar"),
    "visits": ("varchar", "integer"),
    "smoker": ("varchar", "boolean"),
    "flag": ("integer", "boolean"),
    "order": ("integer", "integer"),
    'a "quoted" name': ("double", "double"),
    "born": ("timestamp", "date"),
    "seen": ("timestamptz", "timestamptz"),
    "empty": ("double", "double"),
    "code": ("varchar", "integer"),
}
NAN, INFINITY = float("nan"), float("inf")


def recomputed_value(name, i):
    if (i * 7 + len(name)) % 29 == 0:
        return None
    return {
        "age": 20 + i % 60,
        "BMI": NAN if i % 31 == 0 else INFINITY if i % 37 == 0 else 15 + i % 23 + 0.25,
        "dose": (i % 400) / 16,
        "sex": "fmx"[i % 3],
        "visits": i % 11,
        "smoker": i % 2 == 0,
        "flag": i % 5 == 0,
        "order": i % 13,
        'a "quoted" name': 1e308 if i % 17 == 0 else -1e308 if i % 17 == 1 else 1e-308 if i % 17 == 2 else i / 7,
        "born": datetime.date(1950, 1, 1) + datetime.timedelta(days=i % 9000),
        "seen": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(hours=i),
        "empty": None,
        "code": i % 100,
    }[name]


def served_value(name, i, version):
    """The value of the log: mostly that of the table, in the type of the log; version v2 has another BMI."""
    value = recomputed_value(name, i)
    if (i * 3 + len(name)) % 41 == 0:
        return None if value is not None else served_value(name, i + 1, version)
    if value is None:
        return None
    if name == "age":
        return float(value) + (0.5 if i % 19 == 0 else 0.0)
    if name == "BMI":
        return value * 1.005 if i % 3 == 0 and version == "v1" else value * 1.2 if version == "v2" else value
    if name == "dose":
        return value + 0.0005 if i % 2 == 0 else value
    if name == "sex":
        return value.upper() if i % 53 == 0 else value
    if name == "visits":
        return "many" if i % 23 == 0 else f"{value}.0" if i % 2 == 0 else str(value)
    if name == "smoker":
        return str(value) if i % 43 else "maybe"
    if name == "flag":
        return int(value) if i % 47 else 7
    if name == "order":
        return value + (1 if i % 12 == 0 else 0)
    if name == 'a "quoted" name':
        return -value if i % 17 in (0, 1) else value
    if name == "born":
        return datetime.datetime.combine(value, datetime.time(1 if i % 10 == 0 else 0))
    if name == "seen":
        return value + datetime.timedelta(seconds=1 if i % 15 == 0 else 0)
    return str(value)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def recomputed_rows(count=2100):
    """Fifty rows a day for six weeks; some have no key, some are loaded twice, and those of a test do not count."""
    rows = []
    for i in range(count):
        at = START + datetime.timedelta(days=i // 50, minutes=i % 50)
        row = {"id": None if i % 211 == 0 else i, "at": at, "loaded": at + datetime.timedelta(hours=1)}
        row |= {"is_test": i % 97 == 0, "note": f"note {i}"} | {name: recomputed_value(name, i) for name in TYPES}
        rows.append(row)
        if i % 101 == 0:
            later = row["loaded"] + datetime.timedelta(hours=5)
            rows.append(row | {"loaded": later, "age": None if row["age"] is None else row["age"] + 30})
    return rows


def served_rows(count=2100):
    """Version v2 from the fourth week on, beside v1 for a while; keys that nobody knows; some are served twice."""
    rows = []
    for i in range(count):
        if i % 20 == 3:
            continue
        served_at = START + datetime.timedelta(days=i // 50, hours=20)
        versions = ["v1"] if i < 1050 else ["v1", "v2"] if i < 1400 else ["v2"]
        for version in versions:
            row = {"visit": str(i), "model": version, "served_at": served_at, "note": "another note"}
            row |= {name: served_value(name, i, version) for name in TYPES}
            if i % 103 == 0:
                earlier = served_at - datetime.timedelta(hours=1)
                rows.append(row | {"served_at": earlier, "age": -1.0, "sex": "?"})
            rows.append(row | ({"visit": None} if i % 307 == 0 else {}))
    rows += [dict.fromkeys(rows[0]) | {"visit": f"nobody {i}", "model": "v2"} for i in range(9)]
    return [row | {"served_at": row["served_at"] or START + datetime.timedelta(days=30)} for row in rows]


def create(consumer, table, columns, rows):
    consumer.sql("create schema if not exists raw")
    types = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    consumer.sql(f"create or replace table raw.{table} ({types})")
    insert(consumer, table, columns, rows)


def insert(consumer, table, columns, rows):
    """Add rows, on either engine."""
    values = [[row[name] for name in columns] for row in rows]
    if hasattr(consumer, "server"):
        import psycopg2

        statement = f"insert into raw.{table} values ({', '.join('%s' for _ in columns)})"
        with contextlib.closing(psycopg2.connect(**consumer.server)) as connection, connection.cursor() as cursor:
            cursor.executemany(statement, values)
            connection.commit()
        return
    with duckdb.connect(str(consumer.database)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.begin()
        connection.executemany(f"insert into raw.{table} values ({', '.join('?' for _ in columns)})", values)
        connection.commit()


VISITS = {"id": "bigint", "at": "timestamp", "loaded": "timestamp", "is_test": "boolean", "note": "varchar"} | {
    name: kinds[1] for name, kinds in TYPES.items()
}
SERVED = {"visit": "varchar", "model": "varchar", "served_at": "timestamp", "note": "varchar"} | {
    name: kinds[0] for name, kinds in TYPES.items()
}


def load(consumer):
    create(consumer, "visits", VISITS, recomputed_rows())
    create(consumer, "served", SERVED, served_rows())
    names = [*(name.lower() for name in TYPES), "hba1c"]
    features = [("v1", name) for name in names[:-1]] + [("v2", name) for name in names]
    registry = [{"model_version": version, "feature": name} for version, name in features]
    create(consumer, "registry", {"model_version": "varchar", "feature": "varchar"}, registry)
    serving = [{"model_version": "v1", "serves_from": START}]
    create(consumer, "serving", {"model_version": "varchar", "serves_from": "timestamp"}, serving)


def number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def agreement(name, served, recomputed):
    """'equal', 'near', 'logged_null', 'recomputed_null' or 'other', as the docs have it."""
    if served is None or recomputed is None:
        return "equal" if served is recomputed else "logged_null" if served is None else "recomputed_null"
    kinds = TYPES[name]
    if name == "smoker":
        return "equal" if served.lower() == str(recomputed).lower() else "other"
    if name == "born":
        return "equal" if served == datetime.datetime.combine(recomputed, datetime.time()) else "other"
    if (kinds[0] == "varchar" and kinds[1] == "varchar") or name == "seen":
        return "equal" if served == recomputed else "other"
    a, b = number(served), number(recomputed)
    if a is None:
        return "other"
    if a == b or (math.isnan(a) and math.isnan(b)):
        return "equal"
    if math.isfinite(a) and math.isfinite(b) and abs(a / 4 - b / 4) <= max(0.01 * max(abs(a), abs(b)), 0.001) / 4:
        return "near"
    return "other"


def week(moment):
    return (moment - datetime.timedelta(days=moment.weekday())).date()


def expected(visits, served):
    """(period, version, feature) -> counts, and (period, version) -> counts of keys; by brute force."""
    of_log, of_table = {}, {}
    logged_rows, table_rows = collections.Counter(), collections.Counter()
    for row in sorted(served, key=lambda row: row["served_at"]):
        of_log[row["visit"], row["model"]] = row
        logged_rows[row["visit"], row["model"]] += 1
    for row in sorted((row for row in visits if not row["is_test"]), key=lambda row: row["loaded"]):
        key = (None if row["id"] is None else str(row["id"]), week(row["at"]))
        of_table[key] = row
        table_rows[key] += 1
    keys = collections.defaultdict(collections.Counter)
    counts = collections.defaultdict(collections.Counter)
    periods = collections.defaultdict(list)
    for key, period in of_table:
        periods[key].append(period)
        keys[period, "(all)"].update(recomputed_keys=1, recomputed_rows=table_rows[key, period])
        is_logged = key is not None and any((key, version) in of_log for version in ("v1", "v2"))
        keys[period, "(all)"]["recomputed_matches"] += is_logged
    for (key, version), row in of_log.items():
        found = periods.get(key, []) if key is not None else []
        for period in found or [week(row["served_at"])]:
            for name in (version, "(all)"):
                keys[period, name].update(logged_keys=1, logged_rows=logged_rows[key, version])
                keys[period, name]["logged_matches"] += bool(found)
        for period in found:
            for name in TYPES:
                said = agreement(name, row[name], of_table[key, period][name])
                counts[period, version, name].update({"pairs": 1, said: 1})
    return counts, keys
