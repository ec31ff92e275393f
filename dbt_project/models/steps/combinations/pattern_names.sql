{{ config(enabled=data_health.part_is_on('combinations'), materialized='ephemeral') }}
with patterns as (

    select distinct cell_kind, monitor, set_number, pattern_code
    from {{ ref('uncovered_patterns') }}

),

combination_values as (

    select cell_kind, monitor, position, code, label
    from {{ ref('combination_values') }}

),

positions (position) as (

    values {% for number in range(1, 9) %}({{ number }}){{ ', ' if not loop.last }}{% endfor %}

),

-- 0 where a column is left open, for which there is no value
parts as (

    select patterns.*, positions.position, (patterns.pattern_code >> (7 * (positions.position - 1))) & 127 as code
    from patterns
    cross join positions

)

select
    parts.cell_kind,
    parts.monitor,
    parts.set_number,
    parts.pattern_code,
    {{ dbt.listagg('combination_values.label', "', '", 'order by parts.position') }} as pattern
from parts
inner join combination_values
    on parts.cell_kind = combination_values.cell_kind
    and parts.monitor = combination_values.monitor
    and parts.position = combination_values.position
    and parts.code = combination_values.code
group by parts.cell_kind, parts.monitor, parts.set_number, parts.pattern_code
