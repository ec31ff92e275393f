{{ config(enabled='coverage' in data_health.parts_on(), materialized='ephemeral') }}
with settings as (

    select monitor, barely_seen_below
    from {{ ref('monitor_settings') }}
    where part = 'coverage'

),

comparisons as (

    select comparison_number, monitor, period_number, reference_number
    from {{ ref('drift_comparisons') }}
    where reference <> '(previous period)'
        and window_periods is null

),

columns_of_monitors as (

    select column_number, monitor, column_name, role, kind
    from {{ ref('drift_columns') }}

),

code_columns as (

    select monitor, column_name
    from {{ ref('column_grids') }}
    where method = 'values'

),

features as (

    select
        columns_of_monitors.column_number,
        columns_of_monitors.monitor,
        code_columns.column_name is not null as is_code
    from columns_of_monitors
    left join code_columns
        on columns_of_monitors.monitor = code_columns.monitor
        and columns_of_monitors.column_name = code_columns.column_name
    where columns_of_monitors.role in ('feature', 'subgroup')
        and columns_of_monitors.kind in ('numeric', 'categorical', 'boolean')

),

compared_features as (

    select
        comparisons.comparison_number,
        features.column_number,
        features.is_code,
        comparisons.period_number,
        comparisons.reference_number,
        settings.barely_seen_below
    from settings
    inner join comparisons
        on settings.monitor = comparisons.monitor
    inner join features
        on settings.monitor = features.monitor

),

quantile_groups as (

    select
        comparison_number,
        column_number,
        reference_cell_count,
        reference_singleton_count,
        reference_doubleton_count,
        singleton_count,
        absent_cell_count,
        absent_count,
        unseen_count,
        unseen_value,
        barely_seen_count
    from {{ ref('drift_quantile_groups') }}
    where not is_of_few

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

counted_groups as (

    select
        compared_features.comparison_number,
        compared_features.column_number,
        'quantiles' as group_type,
        cast(null as double precision) as reference_count,
        cast(null as double precision) as row_count,
        quantile_groups.reference_cell_count,
        quantile_groups.reference_singleton_count,
        quantile_groups.reference_doubleton_count,
        quantile_groups.singleton_count,
        quantile_groups.absent_cell_count,
        quantile_groups.absent_count,
        quantile_groups.unseen_count,
        case
            when not compared_features.is_code then null
            when abs(quantile_groups.unseen_value) < 1e15 and quantile_groups.unseen_value = floor(quantile_groups.unseen_value)
                then cast(cast(quantile_groups.unseen_value as bigint) as varchar)
            else cast(quantile_groups.unseen_value as varchar)
        end as unseen_code,
        quantile_groups.barely_seen_count
    from compared_features
    inner join quantile_groups
        on compared_features.comparison_number = quantile_groups.comparison_number
        and compared_features.column_number = quantile_groups.column_number

    union all

    -- each of the others is one cell
    select
        comparison_number,
        column_number,
        group_type,
        reference_count,
        row_count,
        case when reference_count > 0 then 1 else 0 end as reference_cell_count,
        case when reference_count = 1 then 1 else 0 end as reference_singleton_count,
        case when reference_count = 2 then 1 else 0 end as reference_doubleton_count,
        case when row_count = 1 then 1 else 0 end as singleton_count,
        case when reference_count > 0 and row_count = 0 then 1 else 0 end as absent_cell_count,
        case when row_count = 0 then reference_count else 0 end as absent_count,
        case when reference_count = 0 then row_count else 0 end as unseen_count,
        cast(null as varchar) as unseen_code,
        case when reference_count > 0 and reference_count < barely_seen_below then row_count else 0 end as barely_seen_count
    from compared_groups

),

unseen_categories as (

    select
        comparison_number,
        column_number,
        category,
        row_number() over (partition by comparison_number, column_number order by row_count desc nulls last, category nulls last) as rank
    from compared_groups
    where group_type = 'value'
        and reference_count = 0
        and row_count > 0

)

select
    counted_groups.comparison_number,
    counted_groups.column_number,
    cast(sum(counted_groups.reference_cell_count) as bigint) as reference_bin_count,
    cast(sum(counted_groups.reference_singleton_count) as bigint) as singleton_count,
    cast(sum(counted_groups.reference_doubleton_count) as bigint) as doubleton_count,
    sum(counted_groups.unseen_count) as unseen_count,
    sum(counted_groups.barely_seen_count) as barely_seen_count,
    case when max(case when counted_groups.group_type = 'other' and counted_groups.row_count > 0 then 1 else 0 end) = 0
        then cast(sum(counted_groups.singleton_count) as bigint) end as current_singleton_count,
    cast(sum(counted_groups.absent_cell_count) as bigint) as absent_bin_count,
    sum(counted_groups.absent_count) as absent_count,
    sum(
        case when counted_groups.group_type in ('negative_infinity', 'positive_infinity') then counted_groups.unseen_count else 0 end
    ) as outside_infinity_count,
    coalesce(max(unseen_categories.category), max(counted_groups.unseen_code)) as unseen_category,
    max(case when counted_groups.group_type = 'uncut' then 1 else 0 end) = 1 as is_uncut,
    max(case when counted_groups.group_type = 'other' and counted_groups.reference_count > 0 then 1 else 0 end) = 1 as has_hidden_categories
from counted_groups
left join unseen_categories
    on counted_groups.comparison_number = unseen_categories.comparison_number
    and counted_groups.column_number = unseen_categories.column_number
    and unseen_categories.rank = 1
group by counted_groups.comparison_number, counted_groups.column_number
