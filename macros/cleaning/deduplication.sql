{# The rows of a relation, of each group of duplicates the one that survives. #}
{% macro deduplicate(relation, key, survivor=[], columns=none, nulls_match=false) -%}
    {%- set numbered = data_health.numbered_duplicates(relation, key, survivor, columns, nulls_match) %}
    select
        {{ numbered.columns | join(',\n        ') }}
    from (
{{ numbered.sql }}
    ) as numbered_rows
    where data_health_number = 1
{%- endmacro %}


{# The rows that deduplicate() leaves out, called alike, each with its survivor. #}
{% macro removed_duplicates(relation, key, survivor=[], columns=none, nulls_match=false, identify_by=[]) -%}
    {%- set numbered = data_health.numbered_duplicates(relation, key, survivor, columns, nulls_match, identify_by) %}
    select
        {{ numbered.columns | join(',\n        ') }},
        {%- for name in identify_by %}
        {{ data_health.quoted('data_health_survivor_' ~ name) }} as {{ data_health.quoted('survivor_' ~ name) }},
        {%- endfor %}
        data_health_number as duplicate_number,
        data_health_count as duplicate_count,
        data_health_hash = data_health_survivor_hash as is_identical
    from (
{{ numbered.sql }}
    ) as numbered_rows
    where data_health_number > 1
{%- endmacro %}


{#
    Every row with its number among its duplicates, the survivor first, as {'sql', 'columns'}. The order is total: what the rule for
    survivors leaves open is settled by a hash of the whole row, so only rows that are equal in every column can change places. Columns
    of its own begin with data_health_, so that those of the relation may have any name. Rows are compared by the columns given, else by
    those that the relation has; a common table expression has none to ask for, nor has what dbt puts in the place of a relation in a
    unit test.
#}
{% macro numbered_duplicates(relation, key, survivor, columns, nulls_match, carried=[]) -%}
    {%- set wanted = [key] if key is string else key -%}
    {%- set names = columns or wanted -%}
    {%- if execute -%}
        {%- if not wanted or key is string -%}
            {%- do exceptions.raise_compiler_error("data_health.deduplicate: found key " ~ key
                ~ "; allowed: a list of columns, as in key=['id']") -%}
        {%- endif -%}
        {%- set known = none if columns or relation is string else data_health.columns_of(relation) -%}
        {%- set found = columns or (known or []) | map(attribute='name') | list -%}
        {%- if not found and (relation is string or relation.is_cte or flags.WHICH in ['run', 'build', 'retry']) -%}
            {%- do exceptions.raise_compiler_error("data_health.deduplicate: the columns of " ~ relation
                ~ " are not known; name all of them, as in columns=['id', 'name']") -%}
        {%- endif -%}
        {%- for name in wanted if found and name not in found -%}
            {%- do exceptions.raise_compiler_error(data_health.problem('', 'data_health.deduplicate: key', name,
                'a column of ' ~ relation, names=found)) -%}
        {%- endfor -%}
        {%- set names = found or wanted -%}
    {%- endif -%}
    {%- set compared, keys, order = data_health.quoted(names), data_health.quoted(wanted), [] -%}
    {%- set same_key = 'partition by ' ~ keys | join(', ') %}
    {%- for expression in survivor %}
        {%- do order.append(expression ~ ('' if ' nulls ' in expression | lower else ' nulls last')) %}
    {%- endfor %}
    {%- set best_first = 'order by ' ~ (order + ['data_health_hash']) | join(', ') %}
    {%- set is_matched = 'true' if nulls_match else keys | join(' is not null and ') ~ ' is not null' %}
    {%- set sql %}
        select
            {{ compared | join(',\n            ') }},
            data_health_hash,
            case when {{ is_matched }} then row_number() over ({{ same_key }} {{ best_first }}) else 1 end as data_health_number,
            case when {{ is_matched }} then count(*) over ({{ same_key }}) else 1 end as data_health_count,
            first_value(data_health_hash) over ({{ same_key }} {{ best_first }}) as data_health_survivor_hash
            {%- for name in carried %},
            first_value({{ data_health.quoted(name) }}) over ({{ same_key }} {{ best_first }}) as
                {{ data_health.quoted('data_health_survivor_' ~ name) }}
            {%- endfor %}
        from (
            select
                {{ compared | join(',\n                ') }},
                {{ data_health.row_hash(compared) }} as data_health_hash
            from {{ relation }}
        ) as hashed_rows
    {%- endset %}
    {{ return({'sql': sql, 'columns': compared}) }}
{%- endmacro %}
