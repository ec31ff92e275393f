{{ config(enabled='combinations' in data_health.parts_on(), materialized='ephemeral') }}
with feature_bins as (

    select monitor, attributes_key, position, column_name
    from {{ ref('feature_bins') }}

),

declared_subgroups as (

    select monitor, attributes_key, position, column_name
    from {{ data_health.named_model('declared_subgroups', 'representation' in data_health.parts_on(), {
        'monitor': 'varchar', 'attributes_key': 'varchar', 'position': 'integer', 'column_name': 'varchar'
    }) }}

)

select distinct
    'features' as cell_kind,
    monitor,
    attributes_key,
    position,
    column_name
from feature_bins

union all

select distinct
    'subgroups' as cell_kind,
    monitor,
    attributes_key,
    position,
    column_name
from declared_subgroups
