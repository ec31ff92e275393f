{{ config(enabled='drift' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{#- the metrics that groups tell; thresholds and floors are those of a single period -#}
{%- set metrics = {} %}
{%- for name in [
    'population_stability_index', 'jensen_shannon_distance', 'kolmogorov_smirnov', 'null_share_cohens_h', 'category_share_cohens_h'
] %}
    {%- do metrics.update({name: data_health.drift_metrics()[name]}) %}
{%- endfor %}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
with evidence as (

    select
        evidence.*,
        variance_inflation * (1e0 / reference_total + 1e0 / total) as noise,
        variance_inflation * (1e0 / nullif(reference_present, 0) + 1e0 / nullif(present, 0)) as present_noise,
        {{ data_health.chi_square_95('bin_count') }} as chi_95
    from (select * from {{ ref('drift_window_evidence') }}) as evidence

),

compared_columns as (

    select column_number, segment_column, segment_value, column_name, role, kind
    from {{ ref('drift_columns') }}

),

settings as (

    select monitor, metric, warn_threshold, alert_threshold
    from {{ ref('monitor_settings') }}
    where part = 'drift'

),

shown_columns as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_value_shown

),

metrics as (
{% for metric, entry in metrics.items() %}
    select
        monitor,
        window_periods,
        reference,
        column_number,
        '{{ metric }}' as metric,
        {{ entry.value.replace('_lower', '') if entry.value else entry.subject ~ '_share_cohens_h' if entry.subject else metric }} as value,
        {{ entry.floor }} as noise_floor,
        {{ entry.category or 'cast(null as varchar)' }} as category,
        has_enough_rows,
        q_value
    from evidence
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

levels as (

    select
        metrics.*,
        settings.warn_threshold,
        settings.alert_threshold,
        case
            when not has_enough_rows or value <= coalesce(noise_floor, 0) then 0
            when q_value <= 0.01 and value > alert_threshold then 2
            when q_value <= 0.05 and value > warn_threshold then 1
            else 0
        end as level
    from metrics
    inner join settings
        on metrics.monitor = settings.monitor
        and metrics.metric = settings.metric
    where metrics.value is not null

),

ranked_levels as (

    select
        levels.*,
        max(level) over (partition by monitor, window_periods, reference, column_number) as column_level,
        row_number() over (
            partition by monitor, window_periods, reference, column_number
            order by level desc nulls last, value / nullif(alert_threshold, 0) desc nulls last, metric desc nulls last
        ) as rank
    from levels

),

deciding_metrics as (

    select monitor, window_periods, reference, column_number, metric
    from ranked_levels
    where rank = 1
        and level > 0

)

select
    evidence.monitor,
    cast(evidence.window_periods as bigint) as window_periods,
    evidence.window_start,
    evidence.window_end,
    evidence.newest_period,
    cast(evidence.judged_periods as bigint) as judged_periods,
    cast(evidence.left_out_periods as bigint) as left_out_periods,
    compared_columns.segment_column,
    compared_columns.segment_value,
    evidence.reference,
    compared_columns.column_name,
    compared_columns.role,
    compared_columns.kind,
    ranked_levels.metric,
    ranked_levels.value,
    ranked_levels.noise_floor,
    ranked_levels.warn_threshold,
    ranked_levels.alert_threshold,
    evidence.q_value,
    case when shown_columns.column_name is not null then ranked_levels.category end as category,
    cast(evidence.reference_total as bigint) as reference_row_count,
    cast(evidence.total as bigint) as row_count,
    evidence.overdispersion,
    case when not evidence.has_enough_rows then 'insufficient_data'
        when ranked_levels.level = 2 then 'alert' when ranked_levels.level = 1 then 'warn' else 'ok' end as status,
    case when not evidence.has_enough_rows then 'insufficient_data'
        when ranked_levels.column_level = 2 then 'alert' when ranked_levels.column_level = 1 then 'warn' else 'ok' end as column_status,
    deciding_metrics.metric as deciding_metric,
    '{{ state.computed_from }}' as computed_from,
    {{ data_health.run_time() }} as built_at
from evidence
inner join ranked_levels
    on evidence.monitor = ranked_levels.monitor
    and evidence.window_periods = ranked_levels.window_periods
    and evidence.reference = ranked_levels.reference
    and evidence.column_number = ranked_levels.column_number
inner join compared_columns
    on evidence.column_number = compared_columns.column_number
left join deciding_metrics
    on evidence.monitor = deciding_metrics.monitor
    and evidence.window_periods = deciding_metrics.window_periods
    and evidence.reference = deciding_metrics.reference
    and evidence.column_number = deciding_metrics.column_number
left join shown_columns
    on evidence.monitor = shown_columns.monitor
    and compared_columns.column_name = shown_columns.column_name
{%- endif %}
