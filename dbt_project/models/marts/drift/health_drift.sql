{{ config(enabled='drift' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{#- drift that is more than chance, and whose size the stored bins do not tell -#}
{%- set is_undecided %}
    coalesce(levels.level, 0) = 0
            and evidence.q_value <= 0.05
            and metrics.value <= levels.warn_threshold
            and metrics.value_upper > greatest(levels.warn_threshold, coalesce(metrics.noise_floor, 0))
            and metrics.value_upper - metrics.value_lower > levels.warn_threshold / 2
{%- endset %}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
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

row_counts as (

    select comparison_number, column_number, reference_row_count, row_count
    from {{ ref('drift_measures') }}

),

evidence as (

    select comparison_number, column_number, has_enough_rows, overdispersion, overdispersion_pairs, q_value
    from {{ ref('drift_evidence') }}

),

metrics as (

    select
        comparison_number,
        column_number,
        metric,
        definition,
        value,
        value_lower,
        value_upper,
        no_drift_expectation,
        noise_floor,
        p_value,
        effective_bins,
        category
    from {{ ref('drift_metrics') }}

),

levels as (

    select comparison_number, column_number, metric, value, warn_threshold, alert_threshold, history_lower, history_upper, level
    from {{ ref('drift_levels') }}

),

-- the judgement on a column is that of its worst metric; most columns have not drifted, and need no order
ranked_drift as (

    select
        comparison_number,
        column_number,
        level,
        metric,
        row_number() over (
            partition by comparison_number, column_number
            order by level desc nulls last, value / nullif(alert_threshold, 0) desc nulls last, metric desc nulls last
        ) as alarm_rank
    from levels
    where level > 0

),

worst_alarms as (

    select comparison_number, column_number, level, metric
    from ranked_drift
    where alarm_rank = 1

)

select
    comparisons.monitor,
    comparisons.period_start,
    comparisons.period_end,
    comparisons.is_latest,
    compared_columns.segment_column,
    compared_columns.segment_value,
    comparisons.reference,
    compared_columns.column_name,
    compared_columns.role,
    compared_columns.kind,
    metrics.metric,
    metrics.definition,
    metrics.value,
    metrics.value_lower,
    metrics.value_upper,
    metrics.no_drift_expectation,
    metrics.noise_floor,
    levels.history_lower,
    levels.history_upper,
    levels.warn_threshold,
    levels.alert_threshold,
    metrics.p_value,
    evidence.q_value,
    metrics.effective_bins,
    -- the name of a tail or of a kind of value is no value
    case
        when shown_columns.column_name is not null
            or metrics.metric in ('tail_share_cohens_h', 'decimals_share_cohens_h', 'sentinel_share_cohens_h') then metrics.category
    end
        as category,
    row_counts.reference_row_count,
    row_counts.row_count,
    evidence.overdispersion,
    cast(evidence.overdispersion_pairs as bigint) as overdispersion_pairs,
    case
        when levels.warn_threshold is null then null
        when not evidence.has_enough_rows then 'insufficient_data'
        when levels.level = 2 then 'alert'
        when levels.level = 1 then 'warn'
        when {{ is_undecided }} then 'insufficient_data'
        else 'ok'
    end as status,
    case
        when not evidence.has_enough_rows then 'insufficient_data'
        when worst_alarms.level = 2 then 'alert'
        when worst_alarms.level = 1 then 'warn'
        else 'ok'
    end as column_status,
    worst_alarms.metric as deciding_metric,
    case
        when not evidence.has_enough_rows and row_counts.reference_row_count is null then 'not in the reference'
        when not evidence.has_enough_rows then 'too few rows: ' || cast(row_counts.row_count as varchar) || ' in the period, '
            || cast(row_counts.reference_row_count as varchar) || ' in the reference'
        when {{ is_undecided }} then 'the fitted bins are too coarse to tell whether the value is above the threshold'
    end as reason,
    '{{ state.computed_from }}' as computed_from,
    {{ data_health.run_time() }} as built_at
from metrics
inner join comparisons
    on metrics.comparison_number = comparisons.comparison_number
inner join evidence
    on metrics.comparison_number = evidence.comparison_number
    and metrics.column_number = evidence.column_number
inner join compared_columns
    on metrics.column_number = compared_columns.column_number
inner join row_counts
    on metrics.comparison_number = row_counts.comparison_number
    and metrics.column_number = row_counts.column_number
left join levels
    on metrics.comparison_number = levels.comparison_number
    and metrics.column_number = levels.column_number
    and metrics.metric = levels.metric
left join worst_alarms
    on metrics.comparison_number = worst_alarms.comparison_number
    and metrics.column_number = worst_alarms.column_number
left join shown_columns
    on comparisons.monitor = shown_columns.monitor
    and compared_columns.column_name = shown_columns.column_name
{%- endif %}
