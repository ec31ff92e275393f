{{ config(enabled=data_health.part_is_on('representation')) }}
with declared_subgroups as (

    select monitor, attributes_key, position, column_name
    from {{ ref('declared_subgroups') }}

)

select distinct
    monitor,
    attributes_key,
    position,
    column_name
from declared_subgroups
