{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
{#- what Python computes step by step: the model that has it, and the mart that shows it -#}
{%- set models = {'learner': 'learner_fits', 'consensus': 'label_posteriors', 'clusters': 'labeling_batch'} %}
{%- set computations = [
    ['learner', 'health_labeling_progress'], ['consensus', 'health_labels'], ['clusters', 'health_labeling_candidates']
] if data_health.engine_sql('runs_python') else [] %}
with label_rates as (

    select
        monitor,
        given_label,
        period_start,
        earlier_rate,
        rate,
        status
    from {{ ref('health_label_quality') }}
    where subject = 'label'

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

),

labeled_monitors as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'labeling'

),

failures as (
{%- for computation, name in models.items() %}

    select monitor, '{{ computation }}' as computation, failure
    from {{ data_health.named_model(
        name, data_health.engine_sql('runs_python'), {'monitor': 'varchar', 'failure': 'varchar'}
    ) }}
    where failure is not null
    {{- '\n\n    union all' if not loop.last }}
{%- endfor %}

),

computations as (
{{ data_health.rows_as_table({'computation': 'varchar', 'mart': 'varchar'}, computations) }}

)

-- A label that suddenly is common or rare. Labels come later than their rows: of the newest period that has any, found in the newest.
select
    label_rates.monitor,
    'label_rate' as finding,
    label_rates.given_label as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'label_rate' as metric,
    newest_periods.newest_period as period_start,
    case when label_rates.status in ('leak', 'break') then 'alert' else label_rates.status end as status,
    coalesce(
        cast(cast(100 * label_rates.rate as decimal(5, 1)) as varchar)
            || ' % of the labels of ' || cast(label_rates.period_start as varchar),
        'no label'
    )
        || coalesce(', ' || cast(cast(100 * label_rates.earlier_rate as decimal(5, 1)) as varchar) || ' % before', '')
        || case when label_rates.status in ('leak', 'break') then ': a ' || label_rates.status else '' end as evidence,
    'health_label_quality' as mart
from label_rates
inner join newest_periods
    on label_rates.monitor = newest_periods.monitor

union all

-- said of the newest period, as long as it is so
select
    labeled_monitors.monitor,
    'no_convergence' as finding,
    computations.computation as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    computations.computation as metric,
    newest_periods.newest_period as period_start,
    case when failures.monitor is null then 'ok' else 'warn' end as status,
    failures.failure as evidence,
    computations.mart
from labeled_monitors
cross join computations
inner join newest_periods
    on labeled_monitors.monitor = newest_periods.monitor
left join failures
    on labeled_monitors.monitor = failures.monitor
    and computations.computation = failures.computation
