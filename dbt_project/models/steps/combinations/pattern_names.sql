{{ config(enabled=data_health.part_is_on('combinations'), materialized='ephemeral') }}
with counts as (

    select monitor, set_number, unseen_pattern
    from {{ ref('combination_counts') }}

),

uncovered as (

    select cell_kind, monitor, set_number, pattern_code
    from {{ ref('uncovered_patterns') }}

),

combination_values as (

    select cell_kind, monitor, position, code, label
    from {{ ref('combination_values') }}

),

named_patterns as (

    select 'features' as cell_kind, monitor, set_number, unseen_pattern as pattern_code
    from counts
    where unseen_pattern is not null

    union

    select cell_kind, monitor, set_number, pattern_code
    from uncovered

),

positions (position, unit) as (

    values
{%- for number in range(1, 9) %}
        ({{ number }}, cast({{ 128 ** (number - 1) }} as bigint)){{ ',' if not loop.last }}
{%- endfor %}

),

parts as (

    select
        named_patterns.cell_kind,
        named_patterns.monitor,
        named_patterns.set_number,
        named_patterns.pattern_code,
        positions.position,
        (named_patterns.pattern_code >> (7 * (positions.position - 1))) & 127 as code
    from named_patterns
    inner join positions
        on (named_patterns.pattern_code & (127 * positions.unit)) > 0

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
