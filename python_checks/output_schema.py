"""What dbt's Python models write, declared once: column -> type, as their properties name it."""

import pyarrow as pa

TYPES = {
    "varchar": pa.string(),
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "ubigint": pa.uint64(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def arrow_schema(columns: dict[str, str]) -> pa.Schema:
    """The Arrow schema of these columns; `double precision[]` is a list."""
    return pa.schema([(name, arrow_type(data_type)) for name, data_type in columns.items()])


def arrow_type(data_type: str) -> pa.DataType:
    """The Arrow type of a type of SQL."""
    return pa.list_(TYPES[data_type[:-2]]) if data_type.endswith("[]") else TYPES[data_type]


def of_kind(kind: str, table: pa.Table | pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """Rows of one `kind` among those of a model with several: columns that only others have are null."""
    values = {"kind": pa.repeat(kind, table.num_rows)} | {name: table[name] for name in table.schema.names}
    columns = [values[field.name] if field.name in values else pa.nulls(table.num_rows, field.type) for field in schema]
    return pa.table(columns, schema)
