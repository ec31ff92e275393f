{# The relation of a cleaning set's `repair`, all its rows, with the rules of repair_rules applied. Elsewhere than on DuckDB as it is. #}
{% macro repaired(name) %}
    {%- set repair = data_health.repair_stages(name) %}
    {%- if not execute %}{{ return('select 1') }}{% endif %}
{{ repair.sql }}

    select
        {%- for column in repair.columns %}{% set quoted, number = data_health.quoted(column.name), repair.numbers.get(column.name) %}
        {#- adapters give texts a length that the table does not have #}
        {%- set data_type = column.dtype if data_health.type_family(column.data_type) == 'string' else column.data_type %}
        {{ 'coalesce(cast(data_health_to_value_' ~ number ~ ' as ' ~ data_type ~ '), ' ~ quoted ~ ') as ' if number }}{{ quoted }}{{ ','
            if not loop.last }}
        {%- else %}
        *
        {%- endfor %}
    from {{ repair.rows }}
{%- endmacro %}


{#
    One row per cell that repaired() changes: the row's key, what stood there and what stands there now, by which method, on what evidence.
#}
{% macro repair_log(name) %}
    {%- set repair = data_health.repair_stages(name) %}
    {%- if not execute %}{{ return('select 1') }}{% endif %}
{{ repair.sql }}

    {%- for column, number in repair.numbers.items() %}

    select
        {%- for key in repair.key %}
        {{ data_health.quoted(key) }},
        {%- endfor %}
        {{ data_health.text_literal(column) }} as column_name,
        cast({{ data_health.quoted(column) }} as varchar) as value_before,
        data_health_to_value_{{ number }} as value_after,
        data_health_method_{{ number }} as method,
        data_health_confidence_{{ number }} as confidence,
        data_health_support_{{ number }} as support
    from {{ repair.rows }}
    -- what a dependency turned back to what it was is no change
    where data_health_to_value_{{ number }} is distinct from cast({{ data_health.quoted(column) }} as varchar)
        and data_health_method_{{ number }} is not null
    {{ 'union all' if not loop.last }}
    {%- else %}

    select
        {%- for key in repair.key %}
        {{ data_health.quoted(key) }},
        {%- endfor %}
        cast(null as varchar) as column_name,
        cast(null as varchar) as value_before,
        cast(null as varchar) as value_after,
        cast(null as varchar) as method,
        cast(null as double precision) as confidence,
        cast(null as bigint) as support
    from {{ repair.rows }}
    where false
    {%- endfor %}
{%- endmacro %}


{#
    The common table expressions of repaired() and repair_log(): {'sql', 'rows': the last of them, 'columns', 'key', 'numbers': repaired
    column -> number}. Rows are joined to the rules of their values, then to the dependency rules of what that leaves; then come the
    dependencies that the set declares. A row meets one rule of each kind and column at most, so no row is lost or doubled. Only
    columns that have rules are joined.
#}
{% macro repair_stages(name) %}
    {%- set sampled = data_health.sampled_relations(name) | first %}
    {#- a model that is disabled is parsed all the same, as those of the demo are where this is not the root project -#}
    {%- if not sampled and execute %}
        {%- do exceptions.raise_compiler_error(data_health.problem('', 'repaired', name,
            'the name of a cleaning set that has the key repair or dependencies')) %}
    {%- endif %}
    {%- set rules = ref('data_health', 'repair_rules') if data_health.cleaning_asks_for('repair') else none %}
    {%- if not execute %}{{ return({}) }}{% endif %}
    {%- set of_set, known = 'cleaning = ' ~ data_health.text_literal(name), sampled.known | map(attribute='name') | list %}
    {%- set determinants, numbers, spelled = {}, {}, {} %}
    {%- set found = run_query('select distinct column_name, determinant_column from ' ~ rules ~ ' where ' ~ of_set ~ ' order by 1, 2')
        if rules and load_relation(rules) else [] %}
    {%- for row in found if row[0] in known %}{% do determinants.setdefault(row[0], []).append(row[1] or row[0]) %}{% endfor %}
    {%- for column in (determinants.keys() | list + sampled.dependencies | map(attribute='columns') | sum(start=[])) | unique %}
        {%- do numbers.update({column: loop.index}) %}
    {%- endfor %}
    {%- for column in known %}
        {%- set value = 'cast(value_repaired_rows.' ~ data_health.quoted(column) ~ ' as varchar)' %}
        {%- do spelled.update({column: 'coalesce(data_health_of_value_to_value_' ~ numbers[column] ~ ', ' ~ value ~ ')' if column
            in determinants else value}) %}
    {%- endfor %}
    {%- set declared = data_health.declared_stages(sampled.dependencies, sampled.known, numbers) %}
    {%- set sql %}
with value_repaired_rows as (

    select
        {%- for column, number in numbers.items() if column in determinants %}
        {%- for part in ['to_value', 'method', 'confidence', 'support'] %}
        value_{{ number }}.{{ part }} as data_health_of_value_{{ part }}_{{ number }},
        {%- endfor %}{% endfor %}
        rows_to_repair.*
    from (select * from {{ sampled.relation }}) as rows_to_repair
    {%- for column, number in numbers.items() if column in determinants %}{% set rule = 'value_' ~ number %}
    left join {{ rules }} as {{ rule }}
        on {{ rule }}.{{ of_set }}
        and {{ rule }}.method <> 'dependency'
        and {{ rule }}.column_name = {{ data_health.text_literal(column) }}
        and {{ rule }}.from_value = cast(rows_to_repair.{{ data_health.quoted(column) }} as varchar)
    {%- endfor %}
    where {{ sampled.where or 'true' }}

),

repaired_rows as (

    select
        {%- for column, number in numbers.items() %}{% for part in ['to_value', 'method', 'confidence', 'support'] %}
        {%- set unknown = 'cast(null as ' ~ {'confidence': 'double precision', 'support': 'bigint'}.get(part, 'varchar') ~ ')' %}
        {{ 'coalesce(dependency_' ~ number ~ '.' ~ part ~ ', data_health_of_value_' ~ part ~ '_' ~ number ~ ')' if column in determinants
            else unknown }} as data_health_{{ part }}_{{ number }},
        {%- endfor %}{% endfor %}
        value_repaired_rows.*
    from value_repaired_rows
    {%- for column, number in numbers.items() if column in determinants %}{% set rule = 'dependency_' ~ number %}
    left join {{ rules }} as {{ rule }}
        on {{ rule }}.{{ of_set }}
        and {{ rule }}.method = 'dependency'
        and {{ rule }}.column_name = {{ data_health.text_literal(column) }}
        and {{ rule }}.from_value = {{ spelled[column] }}
        and {{ rule }}.determinant_value = case {{ rule }}.determinant_column
            {%- for determinant in determinants[column] if determinant in known %}
            when {{ data_health.text_literal(determinant) }} then {{ spelled[determinant] }}
            {%- endfor %}
        end
    {%- endfor %}

){{ declared.sql }}
    {%- endset %}
    {{ return({'sql': sql, 'rows': declared.rows, 'columns': sampled.known, 'key': sampled.key, 'numbers': numbers}) }}
{%- endmacro %}


{#
    `dbt run-operation suggested_rules [--args '{cleaning: name}']` prints health_suggested_rules as YAML to paste: the rules, and what
    speaks for each behind it.
#}
{% macro suggested_rules(cleaning=none) %}
    {%- set rows = run_query('select cleaning, column_name, rule, kind, evidence, affected_count from '
        ~ ref('data_health', 'health_suggested_rules')
        ~ ' order by cleaning, rule_number') if execute else [] %}
    {%- set lines = [] %}
    {%- for name, suggestions in rows | groupby('cleaning') if cleaning in [none, name] %}
        {%- do lines.append(name ~ ':') %}
        {%- set pasted, others = [], [] %}
        {%- for row in suggestions %}
            {%- set said = row['kind'] ~ ', ' ~ row['affected_count'] ~ ' rows of ' ~ row['column_name'] ~ ': '
                ~ row['evidence'] | replace('\n', ' ') %}
            {%- if row['rule'] is none %}{% do others.append('  # ' ~ said) %}
            {%- elif row['rule'].startswith(('{repair:', '{key:', '{dependencies:')) %}
                {%- do others.append('  # ' ~ row['rule'] ~ '  ' ~ said) %}
            {%- else %}{% do pasted.append('    - ' ~ row['rule'] ~ '  # ' ~ said) %}
            {%- endif %}
        {%- endfor %}
        {%- do lines.extend((['  rules:'] if pasted else []) + pasted + others) %}
    {%- endfor %}
    {%- do print(lines | join('\n') or 'Nothing is suggested. A cleaning set asks for suggestions with `suggest: true`.') %}
{%- endmacro %}
