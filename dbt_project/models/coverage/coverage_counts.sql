{%- do data_health.begin_model() %}
with settings as (

    select monitor, barely_seen_below
    from {{ ref('coverage_settings') }}

),

comparisons as (

    select comparison_number, monitor, period_number, reference_number
    from {{ ref('drift_comparisons') }}
    where reference <> '(previous period)'

),

features as (

    select column_number, monitor
    from {{ ref('drift_columns') }}
    where role in ('feature', 'subgroup')
        and kind in ('numeric', 'categorical', 'boolean')

),

compared_features as (

    select
        comparisons.comparison_number,
        features.column_number,
        comparisons.period_number,
        comparisons.reference_number,
        settings.barely_seen_below
    from settings
    inner join comparisons
        on settings.monitor = comparisons.monitor
    inner join features
        on settings.monitor = features.monitor

),

cells as (

    select column_number, period_number, cell, row_count
    from {{ ref('drift_cells') }}

),

groups as (

    select comparison_number, column_number, group_type, category, reference_count, row_count
    from {{ ref('drift_groups') }}

),

-- a null is no value that could be covered; NaN and the infinities are
compared_groups as (

    select
        compared_features.comparison_number,
        compared_features.column_number,
        compared_features.barely_seen_below,
        groups.group_type,
        groups.category,
        groups.reference_count,
        groups.row_count
    from compared_features
    inner join groups
        on compared_features.comparison_number = groups.comparison_number
        and compared_features.column_number = groups.column_number
    where groups.group_type in ('uncut', 'value', 'other', 'nan', 'negative_infinity', 'positive_infinity')

),

paired_bins as (

    select
        compared_features.comparison_number,
        compared_features.column_number,
        compared_features.barely_seen_below,
        'bin' as bin_type,
        reference_cells.row_count as reference_count,
        current_cells.row_count
    from compared_features
    inner join cells as current_cells
        on compared_features.period_number = current_cells.period_number
        and compared_features.column_number = current_cells.column_number
    inner join cells as reference_cells
        on compared_features.reference_number = reference_cells.period_number
        and current_cells.column_number = reference_cells.column_number
        and current_cells.cell = reference_cells.cell
    where reference_cells.row_count > 0
        or current_cells.row_count > 0

    union all

    select
        comparison_number,
        column_number,
        barely_seen_below,
        group_type as bin_type,
        reference_count,
        row_count
    from compared_groups

),

unseen_categories as (

    select
        comparison_number,
        column_number,
        category,
        row_number() over (partition by comparison_number, column_number order by row_count desc, category) as place
    from compared_groups
    where group_type = 'value'
        and reference_count = 0
        and row_count > 0

)

select
    paired_bins.comparison_number,
    paired_bins.column_number,
    count(case when paired_bins.reference_count > 0 then 1 end) as reference_bin_count,
    count(case when paired_bins.reference_count = 1 then 1 end) as singleton_count,
    count(case when paired_bins.reference_count = 2 then 1 end) as doubleton_count,
    cast(sum(case when paired_bins.reference_count = 0 then paired_bins.row_count else 0 end) as double precision) as unseen_count,
    cast(sum(case when paired_bins.reference_count > 0 and paired_bins.reference_count < paired_bins.barely_seen_below then paired_bins.row_count else 0 end) as double precision) as barely_seen_count,
    case when max(case when paired_bins.bin_type = 'other' and paired_bins.row_count > 0 then 1 else 0 end) = 0 then count(case when paired_bins.row_count = 1 then 1 end) end as current_singleton_count,
    count(case when paired_bins.reference_count > 0 and paired_bins.row_count = 0 then 1 end) as absent_bin_count,
    cast(sum(case when paired_bins.row_count = 0 then paired_bins.reference_count else 0 end) as double precision) as absent_count,
    cast(sum(case when paired_bins.bin_type in ('negative_infinity', 'positive_infinity') and paired_bins.reference_count = 0 then paired_bins.row_count else 0 end) as double precision) as outside_infinity_count,
    max(unseen_categories.category) as unseen_category,
    max(case when paired_bins.bin_type = 'uncut' then 1 else 0 end) = 1 as is_uncut,
    max(case when paired_bins.bin_type = 'other' and paired_bins.reference_count > 0 then 1 else 0 end) = 1 as has_hidden_categories
from paired_bins
left join unseen_categories
    on paired_bins.comparison_number = unseen_categories.comparison_number
    and paired_bins.column_number = unseen_categories.column_number
    and unseen_categories.place = 1
group by paired_bins.comparison_number, paired_bins.column_number
