{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- Groups (or single categories) of a comparison, each with the totals that it is a share of. #}
with groups as (

    select comparison_number, column_number, group_type, category, reference_count, row_count
    from {{ ref('drift_groups') }}
    where group_type <> 'quantiles_of_few'

),

distances as (

    select comparison_number, column_number, reference_total, total, reference_present_count, present_count
    from {{ ref('drift_distances') }}

)

select
    groups.comparison_number,
    groups.column_number,
    groups.group_type,
    groups.category,
    groups.reference_count,
    groups.row_count,
    distances.reference_total,
    distances.total,
    distances.reference_present_count as reference_present,
    distances.present_count as present,
    groups.reference_count + groups.row_count as both_count,
    case when groups.group_type <> 'null' and distances.reference_present_count > 0 and distances.present_count > 0
        then least(distances.reference_present_count, distances.present_count) * (groups.reference_count + groups.row_count)
            / (distances.reference_present_count + distances.present_count) < 5
    end as is_small
from groups
inner join distances
    on groups.comparison_number = distances.comparison_number
    and groups.column_number = distances.column_number
where groups.reference_count + groups.row_count > 0
    and distances.reference_total > 0
    and distances.total > 0
