"""dbt made quicker where one process runs it again and again; none of this changes what dbt builds or says.

Tests of a `dbt` of its own, as a user starts it, run in processes without it.
"""

import gc
import hashlib
import json
import marshal
import os
import pickle
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import dbt.artifacts.schemas.base
import dbt.artifacts.schemas.run.v5.run
import dbt.compilation
import dbt_common.exceptions.base
from dbt.tracking import track_behavior_change_warn
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.dataclass_schema import dbtClassMixin
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.tests import enable_test_caching
from dbt_common.utils.encoding import JSONEncoder
from sqlparse.engine import grouping

# what dbt keeps of a project is large and stays: looking through it for garbage took a seventh of a build
YOUNG_OBJECTS = 200_000


def keep_compiled_templates():
    """dbt compiles the thousand macros and models of a project anew for each project; other processes need the same."""
    compile_anew, kept = MacroFuzzEnvironment.compile, {}
    versions = f"{sys.implementation.cache_tag}-dbt-common-{version('dbt-common')}-jinja2-{version('jinja2')}"
    folder = Path(__file__).resolve().parents[2] / ".cache" / "templates" / versions
    folder.mkdir(parents=True, exist_ok=True)

    def compile_once(self, source, *arguments, **options):
        if arguments or options or not isinstance(source, str):
            return compile_anew(self, source, *arguments, **options)
        key = type(self).__name__, *self.extensions, source
        if key not in kept:
            file = folder / hashlib.sha256("\n".join(key).encode()).hexdigest()
            if not file.exists():
                # a process may die here, or another write the same
                unfinished = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
                unfinished.write_bytes(marshal.dumps(compile_anew(self, source)))
                unfinished.replace(file)
            kept[key] = marshal.loads(file.read_bytes())
        return kept[key]

    MacroFuzzEnvironment.compile = compile_once


def tell_nobody_nothing():
    """An event of the level `debug` is made for a log that no test reads, unless a test listens itself."""
    fire_event = EventManager.fire_event

    def fire_heard_event(self, e, level=None, *arguments, **options):
        heard = any(callback is not track_behavior_change_warn for callback in self.callbacks)
        if heard or (level or e.level_tag()) != EventLevel.DEBUG:
            fire_event(self, e, level, *arguments, **options)

    EventManager.fire_event = fire_heard_event


def write_at_once():
    """`json.dump` writes piece by piece in Python: half of a build of a few models went into manifest.json, twice."""

    def write_json(path, data):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(data, cls=JSONEncoder), encoding="utf-8")
        return True

    dbt.artifacts.schemas.base.write_json = dbt.artifacts.schemas.run.v5.run.write_json = write_json


def validate_once():
    """Every project parses the same properties of the package, and a quarter of that is comparing them with schemas."""
    validate_anew, valid = dbtClassMixin.validate.__func__, set()

    def validate(cls, data):
        try:
            # of a node all but the moment when it was made; unlike repr(), this format is exact
            key = cls, pickle.dumps(data if "created_at" not in data else data | {"created_at": 0.0})
        except (AttributeError, TypeError, pickle.PicklingError):
            return validate_anew(cls, data)
        if key not in valid:
            validate_anew(cls, data)
            valid.add(key)

    dbtClassMixin.validate = classmethod(validate)


def put_ephemeral_models_in_once():
    """sqlparse reads a whole query to see whether it begins with `with`. Only what is in brackets must be told apart."""
    inject_anew, kept = dbt.compilation.inject_ctes_into_sql, {}

    def group(statement):
        for group_tokens in (grouping.group_comments, grouping.group_brackets, grouping.group_parenthesis):
            group_tokens(statement)
        return statement

    grouping.group = group

    def inject(sql, ctes):
        key = sql, tuple((cte.id, cte.sql) for cte in ctes)
        if key not in kept:
            kept[key] = inject_anew(sql, ctes)
        return kept[key]

    dbt.compilation.inject_ctes_into_sql = inject


def have_no_secrets():
    """dbt makes thousands of exceptions that nobody sees, and searched the environment for secrets for each of them."""
    secrets = dbt_common.exceptions.base.env_secrets()
    dbt_common.exceptions.base.env_secrets = lambda: secrets


enable_test_caching()
keep_compiled_templates()
tell_nobody_nothing()
write_at_once()
validate_once()
put_ephemeral_models_in_once()
have_no_secrets()
gc.freeze()
gc.set_threshold(YOUNG_OBJECTS, 20, 20)
