{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
with names as (

    select monitor, subgroup_key, group_value, union_name
    from {{ ref('population_unions') }}

)

select
    monitor,
    subgroup_key,
    group_value,
    min(union_name) as population_value
from names
group by monitor, subgroup_key, group_value
