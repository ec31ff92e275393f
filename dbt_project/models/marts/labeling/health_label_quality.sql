{{ config(enabled='labeling' in data_health.parts_on()) }}
with issues as (

    select
        monitor, row_key, rank, given_label, suggested_label, given_probability, is_issue, expected_precision, expected_precision_lower,
        expected_precision_upper, ranked_by
    from {{ data_health.named_model(
        'label_issues', data_health.engine_sql('runs_python'),
        {
            'monitor': 'varchar', 'row_key': 'varchar', 'rank': 'bigint', 'given_label': 'varchar', 'suggested_label': 'varchar',
            'given_probability': 'double precision', 'is_issue': 'boolean', 'expected_precision': 'double precision',
            'expected_precision_lower': 'double precision', 'expected_precision_upper': 'double precision', 'ranked_by': 'varchar'
        }
    ) }}

),

rates as (

    select monitor, label, period_start, status, rate, earlier_rate, p_value
    from {{ data_health.named_model(
        'label_rates', data_health.engine_sql('runs_python'),
        {
            'monitor': 'varchar', 'label': 'varchar', 'period_start': 'date', 'status': 'varchar', 'rate': 'double precision',
            'earlier_rate': 'double precision', 'p_value': 'double precision'
        }
    ) }}

)

select
    monitor,
    'row' as subject,
    row_key,
    cast(null as date) as period_start,
    rank,
    given_label,
    suggested_label,
    given_probability,
    case when is_issue then 'likely_error' else 'doubtful' end as status,
    expected_precision,
    expected_precision_lower,
    expected_precision_upper,
    cast(null as double precision) as rate,
    cast(null as double precision) as earlier_rate,
    cast(null as double precision) as p_value,
    {{ data_health.run_time() }} as built_at,
    ranked_by
from issues

union all

select
    monitor,
    'label' as subject,
    cast(null as varchar) as row_key,
    period_start,
    cast(null as bigint) as rank,
    label as given_label,
    cast(null as varchar) as suggested_label,
    cast(null as double precision) as given_probability,
    status,
    cast(null as double precision) as expected_precision,
    cast(null as double precision) as expected_precision_lower,
    cast(null as double precision) as expected_precision_upper,
    rate,
    earlier_rate,
    p_value,
    {{ data_health.run_time() }} as built_at,
    cast(null as varchar) as ranked_by
from rates
