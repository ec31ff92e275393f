{# The rows of a relation, of each group of duplicates the one that survives. #}
{% macro deduplicate(relation, key, survivor=[], columns=none, nulls_match=false) -%}
    {%- set names = data_health.columns_to_compare(relation, key, columns) %}
    select
        {{ data_health.quoted_list(names) | join(',\n        ') }}
    from (
{{ data_health.numbered_duplicates(relation, key, survivor, names, nulls_match) }}
    ) as numbered_rows
    where data_health_number = 1
{%- endmacro %}


{# The rows that deduplicate() leaves out, called alike, each with its survivor. #}
{% macro removed_duplicates(relation, key, survivor=[], columns=none, nulls_match=false, identify_by=[]) -%}
    {%- set names = data_health.columns_to_compare(relation, key, columns) %}
    select
        {{ data_health.quoted_list(names) | join(',\n        ') }},
        {%- for name in identify_by %}
        {{ data_health.quoted('data_health_survivor_' ~ name) }} as {{ data_health.quoted('survivor_' ~ name) }},
        {%- endfor %}
        data_health_number as duplicate_number,
        data_health_count as duplicate_count,
        data_health_hash = data_health_survivor_hash as is_identical
    from (
{{ data_health.numbered_duplicates(relation, key, survivor, names, nulls_match, identify_by) }}
    ) as numbered_rows
    where data_health_number > 1
{%- endmacro %}


{#
    Every row with its number among its duplicates, the survivor first. The order is total: what the rule for survivors leaves
    open is settled by a hash of the whole row, so only rows that are equal in every column can change places. Columns of its own
    begin with data_health_, so that those of the relation may have any name.
#}
{% macro numbered_duplicates(relation, key, survivor, names, nulls_match, carried=[]) -%}
    {%- set keys = data_health.quoted_list(key) %}
    {%- set same_key = 'partition by ' ~ keys | join(', ') %}
    {%- set order = [] %}
    {%- for expression in survivor %}{% do order.append(expression ~ ('' if ' nulls ' in expression | lower else ' nulls last')) %}{% endfor %}
    {%- set best_first = 'order by ' ~ (order + ['data_health_hash']) | join(', ') %}
    {%- set is_matched = 'true' if nulls_match else keys | join(' is not null and ') ~ ' is not null' %}
        select
            {{ data_health.quoted_list(names) | join(',\n            ') }},
            data_health_hash,
            case when {{ is_matched }} then row_number() over ({{ same_key }} {{ best_first }}) else 1 end as data_health_number,
            case when {{ is_matched }} then count(*) over ({{ same_key }}) else 1 end as data_health_count,
            first_value(data_health_hash) over ({{ same_key }} {{ best_first }}) as data_health_survivor_hash
            {%- for name in carried %},
            first_value({{ data_health.quoted(name) }}) over ({{ same_key }} {{ best_first }}) as {{ data_health.quoted('data_health_survivor_' ~ name) }}
            {%- endfor %}
        from (
            select
                {{ data_health.quoted_list(names) | join(',\n                ') }},
                {{ data_health.row_hash(data_health.quoted_list(names)) }} as data_health_hash
            from {{ relation }}
        ) as hashed_rows
{%- endmacro %}


{#
    The columns by which two rows are equal: those given, else those that the relation has. A common table expression has none to
    ask for, nor has what dbt puts in the place of a relation in a unit test.
#}
{% macro columns_to_compare(relation, key, columns) -%}
    {%- set wanted = [key] if key is string else key -%}
    {%- if not execute -%}{{ return(columns or wanted) }}{%- endif -%}
    {%- if not wanted or key is string -%}
        {%- do exceptions.raise_compiler_error("data_health.deduplicate: key is a list of one or more columns; found " ~ key) -%}
    {%- endif -%}
    {%- set known = none if columns or relation is string else data_health.columns_of(relation) -%}
    {%- set names = columns or (known or []) | map(attribute='name') | list -%}
    {%- if not names and (relation is string or relation.is_cte or flags.WHICH in ['run', 'build', 'retry']) -%}
        {%- do exceptions.raise_compiler_error("data_health.deduplicate: the columns of " ~ relation ~ " are not known; name them, columns=[...]") -%}
    {%- endif -%}
    {%- for name in wanted if names and name not in names -%}
        {%- do exceptions.raise_compiler_error("data_health.deduplicate: key: found '" ~ name ~ "'; allowed: a column of " ~ relation ~ ": "
            ~ data_health.known_names(name, names)) -%}
    {%- endfor -%}
    {{ return(names or wanted) }}
{%- endmacro %}

