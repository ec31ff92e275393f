{{ config(enabled='performance' in data_health.parts_on(), materialized='ephemeral') }}
-- of every version and group its worst metric; what has no status is no finding
with measures as (

    select
        monitor,
        period_start,
        model_version,
        subgroup,
        group_value,
        metric,
        value,
        difference,
        difference_lower,
        difference_upper,
        status,
        reason,
        reference,
        positive_count,
        negative_count,
        row_number() over (
            partition by monitor, period_start, model_version, subgroup, group_value
            order by case status when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 else 4 end, q_value nulls last, metric
        ) as rank
    from {{ ref('health_performance') }}
    where dataset = 'production'
        and period_start is not null
        and status is not null
        and warn_threshold is not null

),

-- equalized odds: whom the model misses, and whom it accuses wrongly
gaps as (

    select
        monitor,
        period_start,
        model_version,
        subgroup,
        group_value,
        metric,
        reference,
        value,
        reference_value,
        difference_lower,
        difference_upper,
        status,
        reason
    from {{ data_health.named_model('health_fairness', data_health.is_configured('subgroups'), {
        'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date', 'model_version': 'varchar', 'subgroup': 'varchar',
        'group_value': 'varchar', 'metric': 'varchar', 'reference': 'varchar', 'value': 'double precision',
        'reference_value': 'double precision', 'difference_lower': 'double precision', 'difference_upper': 'double precision',
        'status': 'varchar', 'reason': 'varchar'
    }) }}
    where dataset = 'production'
        and period_start is not null
        and status is not null
        and metric in ('true_positive_rate', 'false_positive_rate')
        and reference in ('(all)', '(reference group)')

)

select
    monitor,
    'performance' as finding,
    coalesce('version ' || model_version, 'predictions')
        || case when subgroup = '(all)' then '' else ', ' || subgroup || ': ' || group_value end as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    'performance' as metric,
    period_start,
    status,
    metric || coalesce(' ' || {{ data_health.engine_sql('short_number', 'value') }}, '')
        || case when status in ('ok', 'warn', 'alert') then ', '
            || {{ data_health.engine_sql('short_number', 'value - difference') }} || ' in ' || reference || ' (difference '
            || {{ data_health.engine_sql('short_number', 'difference_lower') }} || ' to '
            || {{ data_health.engine_sql('short_number', 'difference_upper') }} || '), '
            || cast(positive_count as varchar) || ' positives and ' || cast(negative_count as varchar) || ' negatives' else '' end
        || coalesce(': ' || reason, '') as evidence,
    'health_performance' as mart
from measures
where rank = 1

union all

select
    monitor,
    'fairness' as finding,
    coalesce('version ' || model_version, 'predictions') || ', ' || subgroup || ': ' || group_value || ', ' || metric as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    metric,
    period_start,
    status,
    metric || coalesce(' ' || {{ data_health.engine_sql('short_number', 'value') }}, '')
        || case when status in ('ok', 'warn', 'alert') then ', '
            || {{ data_health.engine_sql('short_number', 'reference_value') }} || ' in ' || reference || ' (difference '
            || {{ data_health.engine_sql('short_number', 'difference_lower') }} || ' to '
            || {{ data_health.engine_sql('short_number', 'difference_upper') }} || ')' else '' end
        || coalesce(': ' || reason, '') as evidence,
    'health_fairness' as mart
from gaps
