"""dbt made quicker where one process runs it again and again; none of this changes what dbt builds or says.

Tests of a `dbt` of its own, as a user starts it, run in processes without it.
"""

import gc

from dbt.tracking import track_behavior_change_warn
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.tests import enable_test_caching

# what dbt keeps of a project is large and stays: looking through it for garbage took a seventh of a build
YOUNG_OBJECTS = 200_000


def keep_compiled_templates():
    """dbt compiles the thousand macros and models of a project anew for each project."""
    compile_anew, kept = MacroFuzzEnvironment.compile, {}

    def compile_once(self, source, *arguments, **options):
        if arguments or options or not isinstance(source, str):
            return compile_anew(self, source, *arguments, **options)
        key = type(self), tuple(self.extensions), source
        if key not in kept:
            kept[key] = compile_anew(self, source)
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


enable_test_caching()
keep_compiled_templates()
tell_nobody_nothing()
gc.freeze()
gc.set_threshold(YOUNG_OBJECTS, 20, 20)
