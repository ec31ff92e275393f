{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- How bad each metric is: 0, 1 is a warning, 2 an alert. #}
with comparisons as (

    select
        comparison_number,
        monitor,
        -- numbers stand for names, because joining by them costs a fraction of it
        dense_rank() over (order by monitor, reference) as reference_rank,
        period_start
    from {{ ref('drift_comparisons') }}
    where window_periods is null

),

thresholds as (

    select
        monitor,
        metric,
        row_number() over (order by monitor, metric) as threshold_number,
        warn_threshold,
        alert_threshold
    from {{ ref('monitor_settings') }}
    where part = 'drift'

),

evidence as (

    select comparison_number, column_number, has_enough_rows, q_value
    from {{ ref('drift_evidence') }}

),

metrics as (

    select comparison_number, column_number, metric, value, noise_floor
    from {{ ref('drift_metrics') }}

),

-- 1. An effect counts that is above its threshold and above what chance alone does; it needs evidence.
unexcused_metrics as (

    select
        comparisons.reference_rank,
        comparisons.period_start,
        metrics.comparison_number,
        metrics.column_number,
        thresholds.threshold_number,
        metrics.metric,
        metrics.value,
        metrics.noise_floor,
        thresholds.warn_threshold,
        thresholds.alert_threshold,
        evidence.has_enough_rows,
        case
            when thresholds.metric is null or not evidence.has_enough_rows then 0
            when metrics.value <= coalesce(metrics.noise_floor, 0) then 0
            when evidence.q_value <= 0.01 and metrics.value > thresholds.alert_threshold then 2
            when evidence.q_value <= 0.05 and metrics.value > thresholds.warn_threshold then 1
            else 0
        end as unexcused_level
    from metrics
    inner join comparisons
        on metrics.comparison_number = comparisons.comparison_number
    inner join evidence
        on metrics.comparison_number = evidence.comparison_number
        and metrics.column_number = evidence.column_number
    left join thresholds
        on comparisons.monitor = thresholds.monitor
        and metrics.metric = thresholds.metric

),

-- 2. History: the last 24 earlier periods that were judged and quiet.
quiet_columns as (

    select
        reference_rank,
        column_number,
        comparison_number,
        period_start,
        max(unexcused_level) = 0 and min(case when has_enough_rows then 1 else 0 end) = 1 as is_quiet
    from unexcused_metrics
    group by reference_rank, column_number, comparison_number, period_start

),

numbered_columns as (

    select
        reference_rank,
        column_number,
        comparison_number,
        is_quiet,
        sum(case when is_quiet then 1 else 0 end) over (
            partition by reference_rank, column_number order by period_start nulls last rows unbounded preceding
        ) - case when is_quiet then 1 else 0 end as earlier_quiet_count
    from quiet_columns

),

judged_metrics as (

    select
        unexcused_metrics.reference_rank,
        unexcused_metrics.column_number,
        unexcused_metrics.comparison_number,
        unexcused_metrics.threshold_number,
        unexcused_metrics.value,
        numbered_columns.is_quiet,
        numbered_columns.earlier_quiet_count
    from unexcused_metrics
    inner join numbered_columns
        on unexcused_metrics.comparison_number = numbered_columns.comparison_number
        and unexcused_metrics.column_number = numbered_columns.column_number
    where unexcused_metrics.threshold_number is not null

),

histories as (

    select
        judged_metrics.comparison_number,
        judged_metrics.column_number,
        judged_metrics.threshold_number,
        earlier_metrics.value
    from judged_metrics
    inner join judged_metrics as earlier_metrics
        on judged_metrics.reference_rank = earlier_metrics.reference_rank
        and judged_metrics.column_number = earlier_metrics.column_number
        and judged_metrics.threshold_number = earlier_metrics.threshold_number
        and earlier_metrics.earlier_quiet_count between judged_metrics.earlier_quiet_count - 24 and judged_metrics.earlier_quiet_count - 1
    where judged_metrics.earlier_quiet_count >= 8
        and earlier_metrics.is_quiet

),

medians as (

    select
        comparison_number,
        column_number,
        threshold_number,
        percentile_cont(0.5) within group (order by value) as history_median
    from histories
    group by comparison_number, column_number, threshold_number

),

spreads as (

    select
        histories.comparison_number,
        histories.column_number,
        histories.threshold_number,
        max(medians.history_median) as history_median,
        {{ data_health.robust_spread('percentile_cont(0.5) within group (order by abs(histories.value - medians.history_median))') }}
            as history_spread
    from histories
    inner join medians
        on histories.comparison_number = medians.comparison_number
        and histories.column_number = medians.column_number
        and histories.threshold_number = medians.threshold_number
    group by histories.comparison_number, histories.column_number, histories.threshold_number

),

bands as (

    select
        unexcused_metrics.comparison_number,
        unexcused_metrics.column_number,
        unexcused_metrics.metric,
        unexcused_metrics.value,
        unexcused_metrics.warn_threshold,
        unexcused_metrics.alert_threshold,
        unexcused_metrics.unexcused_level,
        spreads.history_median,
        -- a history without any spread still has that of chance
        3 * greatest(
            spreads.history_spread, coalesce(unexcused_metrics.noise_floor, 0) / 4, unexcused_metrics.warn_threshold / 10
        ) as history_margin
    from unexcused_metrics
    left join spreads
        on unexcused_metrics.comparison_number = spreads.comparison_number
        and unexcused_metrics.column_number = spreads.column_number
        and unexcused_metrics.threshold_number = spreads.threshold_number
    where unexcused_metrics.threshold_number is not null

)

-- 3. What history has seen before is no more than a warning, up to twice the threshold.
select
    comparison_number,
    column_number,
    metric,
    value,
    warn_threshold,
    alert_threshold,
    history_median - history_margin as history_lower,
    history_median + history_margin as history_upper,
    case
        when unexcused_level = 2 and value <= history_median + history_margin and value <= 2 * alert_threshold then 1
        else unexcused_level
    end as level
from bands
