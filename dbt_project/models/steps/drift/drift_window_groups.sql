{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    The newest periods of a column together, in the groups in which each was compared. Periods that alarmed alone are left out, so that one
    bad day is not found again in every window that holds it. Groups may be cut differently from period to period, so the reference's
    share of a group is the mean of what it was in the comparisons, by their rows.
#}
with windows as (

    select monitor, window_periods
    from {{ ref('monitor_settings') }}
    where part = 'windows'

),

comparisons as (

    select
        comparison_number,
        monitor,
        reference,
        period_start,
        period_end,
        age,
        window_periods,
        reference_start,
        reference_end,
        max(period_start) over (partition by monitor) as newest_period,
        case when window_periods is null then reference else '(previous period)' end as judged_reference
    from {{ ref('drift_comparisons') }}
    where reference <> '(previous period)'

),

compared_columns as (

    select column_number, monitor, segment_column, segment_value, column_name
    from {{ ref('drift_columns') }}

),

drifted_columns as (

    select monitor, reference, period_start, segment_column, segment_value, column_name
    from {{ ref('health_drift') }}
    where column_status in ('warn', 'alert')
        and metric = deciding_metric

),

members as (

    select
        comparisons.comparison_number,
        comparisons.monitor,
        comparisons.reference,
        comparisons.period_start,
        comparisons.period_end,
        comparisons.newest_period,
        comparisons.judged_reference,
        windows.window_periods,
        case when comparisons.window_periods is not null then comparisons.reference_start end as baseline_start,
        comparisons.reference_end as baseline_end
    from comparisons
    inner join windows
        on comparisons.monitor = windows.monitor
        and comparisons.age <= windows.window_periods
        and coalesce(comparisons.window_periods, windows.window_periods) = windows.window_periods

),

alarmed_columns as (

    select distinct
        members.comparison_number,
        compared_columns.column_number
    from drifted_columns
    inner join members
        on drifted_columns.monitor = members.monitor
        and drifted_columns.reference = members.judged_reference
        and drifted_columns.period_start = members.period_start
    inner join compared_columns
        on drifted_columns.monitor = compared_columns.monitor
        and drifted_columns.segment_column = compared_columns.segment_column
        and coalesce(drifted_columns.segment_value, '(null)') = coalesce(compared_columns.segment_value, '(null)')
        and drifted_columns.column_name = compared_columns.column_name

),

-- a bad day among the periods before would make the window look bad in turn
alarmed_baselines as (

    select distinct
        members.comparison_number,
        compared_columns.column_number
    from drifted_columns
    inner join members
        on drifted_columns.monitor = members.monitor
        and drifted_columns.reference = '(previous period)'
        and drifted_columns.period_start >= members.baseline_start
        and drifted_columns.period_start < members.baseline_end
    inner join compared_columns
        on drifted_columns.monitor = compared_columns.monitor
        and drifted_columns.segment_column = compared_columns.segment_column
        and coalesce(drifted_columns.segment_value, '(null)') = coalesce(compared_columns.segment_value, '(null)')
        and drifted_columns.column_name = compared_columns.column_name

),

-- periods of few values are cut as well here
cut_groups as (

    select
        comparison_number,
        column_number,
        case group_type when 'quantiles_of_few' then 'quantiles' else group_type end as group_type,
        category,
        merged_group,
        reference_count,
        row_count,
        group_type = 'uncut'
            and max(case when group_type = 'quantiles_of_few' then 1 else 0 end) over (partition by comparison_number, column_number) = 1
            as is_cut
    from {{ ref('drift_groups') }}
    where comparison_number in (select comparison_number from members)

),

groups as (

    select
        comparison_number,
        column_number,
        group_type,
        category,
        merged_group,
        reference_count,
        row_count,
        sum(reference_count) over in_column as reference_total,
        sum(row_count) over in_column as total,
        sum(case when group_type = 'null' then 0 else reference_count end) over in_column as reference_present,
        sum(case when group_type = 'null' then 0 else row_count end) over in_column as present
    from cut_groups
    where not is_cut
    window in_column as (partition by comparison_number, column_number)

),

counted_groups as (

    select
        members.monitor,
        members.window_periods,
        members.reference,
        members.period_start,
        members.period_end,
        members.newest_period,
        groups.*,
        alarmed_columns.column_number is not null as is_left_out
    from members
    inner join groups
        on members.comparison_number = groups.comparison_number
    left join alarmed_columns
        on groups.comparison_number = alarmed_columns.comparison_number
        and groups.column_number = alarmed_columns.column_number
    left join alarmed_baselines
        on groups.comparison_number = alarmed_baselines.comparison_number
        and groups.column_number = alarmed_baselines.column_number
    where groups.reference_total > 0
        and groups.total > 0
        and alarmed_baselines.column_number is null

),

windows_of_columns as (

    select
        monitor,
        window_periods,
        reference,
        column_number,
        min(period_start) as window_start,
        max(period_end) as window_end,
        max(newest_period) as newest_period,
        count(distinct case when not is_left_out then comparison_number end) as judged_periods,
        count(distinct case when is_left_out then comparison_number end) as left_out_periods,
        max(reference_total) as reference_total,
        max(reference_present) as reference_present,
        sum(case when not is_left_out then row_count else 0 end) as total,
        sum(case when not is_left_out and group_type <> 'null' then row_count else 0 end) as present
    from counted_groups
    group by monitor, window_periods, reference, column_number

),

-- quantile groups are known by their number
pooled_groups as (

    select
        monitor,
        window_periods,
        reference,
        column_number,
        group_type,
        category,
        merged_group,
        sum(case when group_type = 'null' then total * reference_count / reference_total
            when reference_present > 0 then present * reference_count / reference_present else 0 end) as expected_count,
        max(reference_count) as reference_count,
        sum(row_count) as row_count
    from counted_groups
    where not is_left_out
    group by monitor, window_periods, reference, column_number, group_type, category, merged_group

)

select
    windows_of_columns.monitor,
    windows_of_columns.window_periods,
    windows_of_columns.reference,
    windows_of_columns.column_number,
    windows_of_columns.window_start,
    windows_of_columns.window_end,
    windows_of_columns.newest_period,
    windows_of_columns.judged_periods,
    windows_of_columns.left_out_periods,
    windows_of_columns.reference_total,
    windows_of_columns.total,
    pooled_groups.group_type,
    pooled_groups.category,
    pooled_groups.merged_group,
    -- nulls are a share of rows, other groups of values
    case
        when pooled_groups.group_type = 'null'
            then windows_of_columns.reference_total * pooled_groups.expected_count / windows_of_columns.total
        when windows_of_columns.present > 0
            then windows_of_columns.reference_present * pooled_groups.expected_count / windows_of_columns.present
        else pooled_groups.reference_count
    end as reference_count,
    pooled_groups.row_count
from windows_of_columns
inner join pooled_groups
    on windows_of_columns.monitor = pooled_groups.monitor
    and windows_of_columns.window_periods = pooled_groups.window_periods
    and windows_of_columns.reference = pooled_groups.reference
    and windows_of_columns.column_number = pooled_groups.column_number
where 2 * windows_of_columns.judged_periods >= windows_of_columns.window_periods
