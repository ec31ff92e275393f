with coverages as (

    select
        monitor,
        period_start,
        segment_column,
        segment_value,
        reference,
        column_name,
        status,
        reason,
        row_count,
        case when reason = 'out of range' then 'out_of_range_share' else 'unseen_share' end as metric,
        case when reason = 'out of range' then out_of_range_share else unseen_share end as share
    from {{ ref('health_coverage') }}

),

combinations as (

    select
        monitor,
        period_start,
        reference,
        column_names,
        status,
        reason,
        unseen_share,
        row_count
    from {{ ref('health_coverage_combinations') }}
    where column_names <> '(all)'

),

-- against the period before, a group that comes back is a change too; the share of its column drifts where it does not
representations as (

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

regions as (

    select
        monitor,
        period_start,
        reference,
        metric,
        row_count,
        outside_share_99,
        expected_share_99,
        status,
        row_number() over (
            partition by monitor, period_start, reference
            order by case status when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 else 4 end, metric, component_count
        ) as place
    from {{ ref('health_region') }}
    where period_start is not null
        and is_current

),

known_biases as (

    select
        monitor,
        coalesce(id, 'entry ' || cast(entry_number as varchar)) as id,
        reference,
        metric,
        status,
        evidence
    from {{ ref('health_known_biases') }}

),

-- a label that suddenly is common or rare
label_rates as (

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

newest_volumes as (

    select
        monitor,
        -- the newest that is over; the one after it may have too few rows to tell
        coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as newest_period
    from {{ ref('health_volume') }}
    where period_start is not null
    group by monitor

)

select
    monitor,
    'coverage' as finding,
    column_name,
    segment_column,
    segment_value,
    reference,
    metric,
    period_start,
    status,
    coalesce(cast(cast(100 * share as decimal(5, 1)) as varchar) || ' % of ' || cast(row_count as varchar) || ' rows: ', '')
        || coalesce(reason, 'covered') || ', against ' || reference as evidence,
    'health_coverage' as mart
from coverages

union all

select
    monitor,
    'combinations' as finding,
    column_names as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    'unseen_share' as metric,
    period_start,
    status,
    coalesce(cast(cast(100 * unseen_share as decimal(5, 1)) as varchar) || ' % of ' || cast(row_count as varchar) || ' rows: ', '')
        || coalesce(reason, 'covered') || ', against ' || reference as evidence,
    'health_coverage_combinations' as mart
from combinations

union all

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
        || coalesce(' (' || {{ data_health.engine_sql('short_number', 'ratio_lower') }} || ' to ' || {{ data_health.engine_sql('short_number', 'ratio_upper') }} || ')', '')
        || coalesce(': ' || reason, '') as evidence,
    'health_representation' as mart
from representations

union all

select
    monitor,
    'region' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    metric,
    period_start,
    status,
    cast(cast(100 * outside_share_99 as decimal(5, 1)) as varchar) || ' % of ' || cast(row_count as varchar) || ' rows are '
        || case metric when 'hotelling_t2' then 'far out along the components of ' else 'far from the components of ' end || reference
        || coalesce('; usual are ' || cast(cast(100 * expected_share_99 as decimal(5, 1)) as varchar) || ' %', '') as evidence,
    'health_region' as mart
from regions
where place = 1

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
    newest_volumes.newest_period as period_start,
    case known_biases.status when 'fail' then 'alert' when 'pass' then 'ok' else 'insufficient_data' end as status,
    known_biases.evidence || ', in ' || known_biases.reference as evidence,
    'health_known_biases' as mart
from known_biases
inner join newest_volumes
    on known_biases.monitor = newest_volumes.monitor

union all

-- labels come later than their rows: of the newest period that has any, found in the newest
select
    label_rates.monitor,
    'label_rate' as finding,
    label_rates.given_label as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'label_rate' as metric,
    newest_volumes.newest_period as period_start,
    case when label_rates.status in ('leak', 'break') then 'alert' else label_rates.status end as status,
    coalesce(cast(cast(100 * label_rates.rate as decimal(5, 1)) as varchar) || ' % of the labels of ' || cast(label_rates.period_start as varchar), 'no label')
        || coalesce(', ' || cast(cast(100 * label_rates.earlier_rate as decimal(5, 1)) as varchar) || ' % before', '')
        || case when label_rates.status in ('leak', 'break') then ': a ' || label_rates.status else '' end as evidence,
    'health_label_quality' as mart
from label_rates
inner join newest_volumes
    on label_rates.monitor = newest_volumes.monitor
