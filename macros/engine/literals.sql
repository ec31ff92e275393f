{# A column name, or each of a list of names, as the warehouse wants it quoted; a quote inside the name is doubled. #}
{% macro quoted(name) -%}
    {%- if name is iterable and name is not string -%}
        {%- set names = [] -%}
        {%- for item in name -%}{%- do names.append(data_health.quoted(item)) -%}{%- endfor -%}
        {{ return(names) }}
    {%- endif -%}
    {%- set quote = adapter.quote('')[0] -%}
    {{ return(quote ~ (name | replace(quote, quote ~ quote)) ~ quote) }}
{%- endmacro %}


{# A text, or each of a list of texts, as a literal; a quote inside is doubled, and none becomes a null that is known to be a text. #}
{% macro text_literal(value) -%}
    {%- set literals = [] -%}
    {%- for item in (value if value is sequence and value is not string else [value]) -%}
        {%- do literals.append('cast(null as varchar)' if item is none else "'" ~ (item | string | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {{ return(literals | join(', ')) }}
{%- endmacro %}


{# A number read as text from the warehouse, written so that no engine takes it for a decimal. #}
{% macro double_literal(value) -%}
    {%- set text = value | string | lower -%}
    {{ return(text if 'e' in text else text ~ 'e0') }}
{%- endmacro %}


{# The moment at which this run began, in UTC, fine enough to tell two runs apart. #}
{% macro run_time() -%}
    {{ return("cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as timestamp)") }}
{%- endmacro %}


{# Columns as one value that is spread evenly and the same at every run: the order in which samples are drawn. #}
{% macro row_hash(columns, operation='row_hash') -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}{%- do parts.append(data_health.engine_sql('row_hash_column', column)) -%}{%- endfor -%}
    {{ return(data_health.engine_sql(operation, parts | join(data_health.engine_sql('row_hash_separator')))) }}
{%- endmacro %}


{#
    A list of rows as a select: `columns` are names and types, `rows` are lists of values in their order, dates as texts. Without rows it
    has none, and the types all the same: what a model is before there is anything to read.
#}
{% macro rows_as_table(columns, rows=[]) %}
    select
        {%- for name, data_type in columns.items() %}
        cast({{ name if rows else 'null' }} as {{ data_type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- if not rows %}
    where false
    {%- else %}
    from (
        values
        {%- for row in rows %}
            (
            {%- for data_type in columns.values() -%}
                {%- set value = row[loop.index0] -%}
                {%- if value is none -%} null
                {%- elif data_type == 'double precision' -%} {{ data_health.double_literal(value) }}
                {%- elif data_type == 'varchar' or value is string -%} {{ data_health.text_literal([value]) }}
                {%- else -%} {{ value | string | lower }}
                {%- endif -%}
                {{ ', ' if not loop.last }}
            {%- endfor -%}
            ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed_rows ({{ columns | join(', ') }})
    {%- endif %}
{%- endmacro %}
