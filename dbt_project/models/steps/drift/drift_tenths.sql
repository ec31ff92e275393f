{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- Rows in each tenth of the reference: of the values themselves where these were sorted, else of bins. #}
with exact_groups as (

    select comparison_number, column_number, group_number, reference_count, row_count
    from {{ data_health.named_model('drift_exact_distances', data_health.is_configured('exact'), {
        'comparison_number': 'integer', 'column_number': 'integer', 'group_number': 'bigint', 'reference_count': 'double precision',
        'row_count': 'double precision'
    }) }}

),

exact_columns as (

    select distinct comparison_number, column_number
    from exact_groups

),

binned_groups as (

    select comparison_number, column_number, group_number, reference_count, row_count
    from {{ ref('drift_quantile_groups') }}
    where not is_of_few

)

select comparison_number, column_number, group_number, reference_count, row_count
from exact_groups

union all

select
    binned_groups.comparison_number,
    binned_groups.column_number,
    binned_groups.group_number,
    binned_groups.reference_count,
    binned_groups.row_count
from binned_groups
left join exact_columns
    on binned_groups.comparison_number = exact_columns.comparison_number
    and binned_groups.column_number = exact_columns.column_number
where exact_columns.column_number is null
