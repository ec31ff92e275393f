"""What sqlfluff puts in the place of macros and of the configuration, so that it parses the SQL of a model without dbt.

Every public name of this module is a variable in the Jinja of a model; `library_path` in pyproject.toml says so. A macro that is
not named here gives `x`, a column. A macro that gives a select, or parts of a query, must be named, or its model does not parse.
"""

import builtins


class Anything(str):
    """A value that has every attribute and every item. A loop goes through it once. As text it is the column `x`."""

    # Jinja asks these two before it calls a value
    unsafe_callable = alters_data = False

    def __new__(cls):
        return super().__new__(cls, "x")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __getitem__(self, key):
        return Anything()

    def __call__(self, *arguments, **named):
        return Anything()

    def __iter__(self):
        return iter([Anything()])

    def __contains__(self, item):
        return True

    def __len__(self):
        return 1

    def __add__(self, other):
        return [*other, self] if isinstance(other, list) else Anything()

    def __lt__(self, other):
        return True

    def __sub__(self, other):
        return 1

    def __index__(self):
        return 0

    def items(self):
        return [(Anything(), Anything())]

    def keys(self):
        return [Anything()]

    def values(self):
        return [Anything()]

    def get(self, key, default=None):
        return Anything()

    # methods of a text, and keys of the configuration
    lower = upper = title = property(lambda self: Anything())
    __radd__ = __add__
    __le__ = __gt__ = __ge__ = __lt__
    __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = __truediv__ = __mod__ = __pow__ = __sub__


class dict(builtins.dict):
    """An entry that is made of another has every key, as the other has."""

    def __missing__(self, key):
        return Anything()


class Macros:
    """The macros of a package: name -> what it gives, a text or a function; every other macro gives `x`."""

    def __init__(self, **given):
        self._given = given

    def __getattr__(self, name):
        given = self._given.get(name, Anything())
        return given if callable(given) else lambda *arguments, **named: given


SELECT = "select x from y"
MACROS_OF_SELECTS = (
    "clean",
    "counted_values",
    "deduplicate",
    "high_water_marks",
    "normalised_relation",
    "past_rows",
    "quarantine",
    "removed_duplicates",
    "repair_log",
    "rows_as_table",
    "summed_products",
    "united",
    "wanted_statistics",
)
MACROS_OF_CTES = ("cleaning_stages", "rows_of_changed_periods")
MACROS_WITHOUT_SQL = ("begin_model", "upgrade_stores")

data_health = Macros(
    **builtins.dict.fromkeys(MACROS_OF_SELECTS, SELECT),
    **builtins.dict.fromkeys(MACROS_OF_CTES, f"z as ({SELECT})"),
    **builtins.dict.fromkeys(MACROS_WITHOUT_SQL, ""),
    drift_metrics=dict(a=dict(formula="x", value=""), b=Anything()),
    hidden_groups=lambda rows_of: f"named_groups as (select x from {rows_of})",
    merged_bins=f"numbered_bins as ({SELECT})",
    state_of_inputs=dict(is_unchanged=False, computed_from="x"),
    named_model=lambda name, *_: name,
    with_kept_rows=lambda new_rows, *_: new_rows,
    engine_sql=lambda name, *_: "" if name in ("compute_once", "materialized") else Anything(),
)
dbt = Macros(generate_series=SELECT)
exceptions = Macros(raise_compiler_error="")
execute = True
invocation_id = "0"
adapter = flags = load_relation = local_md5 = log = model = modules = run_query = run_started_at = Anything()
