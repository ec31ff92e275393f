{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
-- against the period before, a group that comes back is a change too; the share of its column drifts where it does not
with representations as (

    select
        monitor,
        period_start,
        reference,
        subgroup || ': ' || group_value as group_name,
        row_count,
        base_row_count,
        ratio,
        ratio_lower,
        ratio_upper,
        status,
        reason
    from {{ ref('health_representation') }}
    where dataset = 'production'
        and period_start is not null
        and reference not in ('(none)', '(previous period)')

),

known_biases as (

    select
        monitor,
        coalesce(id, 'entry ' || cast(entry_number as varchar)) as id,
        reference,
        metric,
        status,
        evidence
    from {{ data_health.named_model('health_known_biases', data_health.is_configured('known_biases'), {
        'monitor': 'varchar', 'id': 'varchar', 'entry_number': 'bigint', 'reference': 'varchar', 'metric': 'varchar', 'status': 'varchar',
        'evidence': 'varchar'
    }) }}

),

unseen_positives as (

    select monitor, dataset, outcome, column_name, row_count, minimum_rows, reason
    from {{ ref('unseen_positives') }}
    where is_stored

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

)

select
    monitor,
    'representation' as finding,
    group_name as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    'ratio' as metric,
    period_start,
    status,
    cast(row_count as varchar) || ' of ' || cast(base_row_count as varchar) || ' rows'
        || coalesce(', ' || {{ data_health.engine_sql('short_number', 'ratio') }} || ' times the share of ' || reference, '')
        || coalesce(' (' || {{ data_health.engine_sql('short_number', 'ratio_lower') }}
            || ' to ' || {{ data_health.engine_sql('short_number', 'ratio_upper') }} || ')', '')
        || coalesce(': ' || reason, '') as evidence,
    'health_representation' as mart
from representations

union all

-- the register is read anew at every build, and what it finds is found in the newest period
select
    known_biases.monitor,
    'known_bias' as finding,
    known_biases.id as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    known_biases.reference,
    known_biases.metric,
    newest_periods.newest_period as period_start,
    case known_biases.status when 'fail' then 'alert' when 'pass' then 'ok' else 'insufficient_data' end as status,
    known_biases.evidence || ', in ' || known_biases.reference as evidence,
    'health_known_biases' as mart
from known_biases
inner join newest_periods
    on known_biases.monitor = newest_periods.monitor

union all

-- said of the newest period, as long as it is so
select
    unseen_positives.monitor,
    'positive' as finding,
    unseen_positives.column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    case when unseen_positives.dataset <> 'production' then unseen_positives.dataset end as reference,
    case unseen_positives.outcome when 'label' then 'label.positive' else 'prediction.label' end as metric,
    newest_periods.newest_period as period_start,
    case when unseen_positives.row_count < unseen_positives.minimum_rows then 'insufficient_data' else 'warn' end as status,
    unseen_positives.reason as evidence,
    'health_representation' as mart
from unseen_positives
inner join newest_periods
    on unseen_positives.monitor = newest_periods.monitor
