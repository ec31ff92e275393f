{{ config(enabled='combinations' in data_health.parts_on(), materialized='ephemeral') }}
with patterns as (

    select distinct cell_kind, monitor, set_number, pattern_code
    from {{ ref('uncovered_patterns') }}

),

combination_values as (

    select cell_kind, monitor, position, code, bin_type, label, value_count
    from {{ ref('combination_values') }}

),

positions (position) as (

    values {% for number in range(1, 9) %}({{ number }}){{ ', ' if not loop.last }}{% endfor %}

),

-- 0 where a column is left open, for which there is no value; a negative number stands for a value without a code of seven bits
parts as (

    select
        patterns.*,
        positions.position,
        case when patterns.pattern_code < 0 then -patterns.pattern_code
            else (patterns.pattern_code >> (7 * (positions.position - 1))) & 127 end as code
    from patterns
    inner join positions
        on ((patterns.set_number >> (positions.position - 1)) & 1) = 1

)

select
    parts.cell_kind,
    parts.monitor,
    parts.set_number,
    parts.pattern_code,
    {{ dbt.listagg('combination_values.label', "', '", 'order by parts.position') }} as pattern,
    cast(
        sum(case when combination_values.bin_type = 'other' then greatest(combination_values.value_count, 1) end) as bigint
    ) as other_value_count
from parts
inner join combination_values
    on parts.cell_kind = combination_values.cell_kind
    and parts.monitor = combination_values.monitor
    and parts.position = combination_values.position
    and parts.code = combination_values.code
group by parts.cell_kind, parts.monitor, parts.set_number, parts.pattern_code
