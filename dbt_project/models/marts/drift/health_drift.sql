{%- do data_health.begin_model() %}
with comparisons as (

    select comparison_number, monitor, reference, period_start, period_end, is_latest
    from {{ ref('drift_comparisons') }}

),

compared_columns as (

    select column_number, segment_column, segment_value, column_name, role, kind
    from {{ ref('drift_columns') }}

),

shown_columns as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_value_shown

),

thresholds as (

    select monitor, metric, warn_threshold, alert_threshold
    from {{ ref('drift_thresholds') }}

),

row_counts as (

    select comparison_number, column_number, reference_row_count, row_count
    from {{ ref('drift_measures') }}

),

evidence as (

    select comparison_number, column_number, has_enough_rows, overdispersion, overdispersion_pairs, column_p, q_value
    from {{ ref('drift_evidence') }}

),

-- 1. An effect counts that is above its threshold and above what chance alone does; it needs evidence.
metrics as (

    select
        comparisons.monitor,
        comparisons.reference,
        comparisons.period_start,
        comparisons.period_end,
        comparisons.is_latest,
        drift_metrics.comparison_number,
        drift_metrics.column_number,
        drift_metrics.metric,
        drift_metrics.definition,
        drift_metrics.value,
        drift_metrics.value_lower,
        drift_metrics.value_upper,
        drift_metrics.no_drift_expectation,
        drift_metrics.noise_floor,
        drift_metrics.p_value,
        drift_metrics.effective_bins,
        drift_metrics.category,
        thresholds.warn_threshold,
        thresholds.alert_threshold,
        evidence.has_enough_rows,
        evidence.overdispersion,
        evidence.overdispersion_pairs,
        evidence.q_value,
        case
            when thresholds.metric is null or not evidence.has_enough_rows then 0
            when evidence.q_value <= 0.01 and drift_metrics.value > thresholds.alert_threshold and drift_metrics.value > coalesce(drift_metrics.noise_floor, 0) then 2
            when evidence.q_value <= 0.05 and drift_metrics.value > thresholds.warn_threshold and drift_metrics.value > coalesce(drift_metrics.noise_floor, 0) then 1
            else 0
        end as unexcused_level
    from (select * from {{ ref('drift_metrics') }}) as drift_metrics
    inner join comparisons
        on drift_metrics.comparison_number = comparisons.comparison_number
    inner join evidence
        on drift_metrics.comparison_number = evidence.comparison_number
        and drift_metrics.column_number = evidence.column_number
    left join thresholds
        on comparisons.monitor = thresholds.monitor
        and drift_metrics.metric = thresholds.metric

),

-- 2. History: the last 24 earlier periods that were judged and quiet.
quiet_columns as (

    select
        reference,
        column_number,
        comparison_number,
        period_start,
        max(unexcused_level) = 0 and min(case when has_enough_rows then 1 else 0 end) = 1 as is_quiet
    from metrics
    group by reference, column_number, comparison_number, period_start

),

numbered_columns as (

    select
        reference,
        column_number,
        comparison_number,
        is_quiet,
        sum(case when is_quiet then 1 else 0 end) over (partition by reference, column_number order by period_start rows unbounded preceding)
            - case when is_quiet then 1 else 0 end as earlier_quiet_count
    from quiet_columns

),

judged_metrics as (

    select
        numbered_columns.reference,
        metrics.column_number,
        metrics.comparison_number,
        metrics.metric,
        metrics.value,
        metrics.warn_threshold,
        metrics.noise_floor,
        numbered_columns.is_quiet,
        numbered_columns.earlier_quiet_count
    from metrics
    inner join numbered_columns
        on metrics.comparison_number = numbered_columns.comparison_number
        and metrics.column_number = numbered_columns.column_number
    where metrics.warn_threshold is not null

),

histories as (

    select
        judged_metrics.comparison_number,
        judged_metrics.column_number,
        judged_metrics.metric,
        earlier_metrics.value
    from judged_metrics
    inner join judged_metrics as earlier_metrics
        on judged_metrics.reference = earlier_metrics.reference
        and judged_metrics.column_number = earlier_metrics.column_number
        and judged_metrics.metric = earlier_metrics.metric
        and earlier_metrics.earlier_quiet_count between judged_metrics.earlier_quiet_count - 24 and judged_metrics.earlier_quiet_count - 1
    where judged_metrics.earlier_quiet_count >= 8
        and earlier_metrics.is_quiet

),

medians as (

    select
        comparison_number,
        column_number,
        metric,
        percentile_cont(0.5) within group (order by value) as history_median
    from histories
    group by comparison_number, column_number, metric

),

spreads as (

    select
        histories.comparison_number,
        histories.column_number,
        histories.metric,
        max(medians.history_median) as history_median,
        1.4826e0 * percentile_cont(0.5) within group (order by abs(histories.value - medians.history_median)) as history_spread
    from histories
    inner join medians
        on histories.comparison_number = medians.comparison_number
        and histories.column_number = medians.column_number
        and histories.metric = medians.metric
    group by histories.comparison_number, histories.column_number, histories.metric

),

bands as (

    select
        metrics.*,
        -- a history without any spread still has that of chance
        spreads.history_median - 3 * greatest(spreads.history_spread, coalesce(metrics.noise_floor, 0) / 4, metrics.warn_threshold / 10) as history_lower,
        spreads.history_median + 3 * greatest(spreads.history_spread, coalesce(metrics.noise_floor, 0) / 4, metrics.warn_threshold / 10) as history_upper
    from metrics
    left join spreads
        on metrics.comparison_number = spreads.comparison_number
        and metrics.column_number = spreads.column_number
        and metrics.metric = spreads.metric

),

-- 3. What history has seen before is no more than a warning, up to twice the threshold.
levels as (

    select
        bands.*,
        case
            when unexcused_level = 2 and value <= history_upper and value <= 2 * alert_threshold then 1
            else unexcused_level
        end as level
    from bands

),

-- 4. The judgement on a column is that of its worst metric.
judged_columns as (

    select
        levels.*,
        max(level) over (partition by comparison_number, column_number) as column_level,
        first_value(metric) over (
            partition by comparison_number, column_number
            order by level desc, value / nullif(alert_threshold, 0) desc nulls last, metric
        ) as worst_metric
    from levels

)

select
    judged_columns.monitor,
    judged_columns.period_start,
    judged_columns.period_end,
    judged_columns.is_latest,
    compared_columns.segment_column,
    compared_columns.segment_value,
    judged_columns.reference,
    compared_columns.column_name,
    compared_columns.role,
    compared_columns.kind,
    judged_columns.metric,
    judged_columns.definition,
    judged_columns.value,
    judged_columns.value_lower,
    judged_columns.value_upper,
    judged_columns.no_drift_expectation,
    judged_columns.noise_floor,
    judged_columns.history_lower,
    judged_columns.history_upper,
    judged_columns.warn_threshold,
    judged_columns.alert_threshold,
    judged_columns.p_value,
    judged_columns.q_value,
    judged_columns.effective_bins,
    case when shown_columns.column_name is not null then judged_columns.category end as category,
    row_counts.reference_row_count,
    row_counts.row_count,
    judged_columns.overdispersion,
    cast(judged_columns.overdispersion_pairs as bigint) as overdispersion_pairs,
    case
        when not judged_columns.has_enough_rows and judged_columns.warn_threshold is not null then 'insufficient_data'
        when judged_columns.warn_threshold is null then null
        when judged_columns.level = 2 then 'alert'
        when judged_columns.level = 1 then 'warn'
        else 'ok'
    end as status,
    case
        when not judged_columns.has_enough_rows then 'insufficient_data'
        when judged_columns.column_level = 2 then 'alert'
        when judged_columns.column_level = 1 then 'warn'
        else 'ok'
    end as column_status,
    case when judged_columns.column_level > 0 then judged_columns.worst_metric end as deciding_metric,
    {{ data_health.run_time() }} as built_at
from judged_columns
inner join compared_columns
    on judged_columns.column_number = compared_columns.column_number
inner join row_counts
    on judged_columns.comparison_number = row_counts.comparison_number
    and judged_columns.column_number = row_counts.column_number
left join shown_columns
    on judged_columns.monitor = shown_columns.monitor
    and compared_columns.column_name = shown_columns.column_name
