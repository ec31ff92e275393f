{{ config(enabled='profile' in data_health.parts_on(), materialized='ephemeral') }}
with score_columns as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and role = 'score'
        and is_monitored

),

dataset_periods as (

    select distinct monitor, dataset, period_start, stored_period_key
    from {{ ref('dataset_periods') }}

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

),

statistics_of_scores as (

    select
        column_statistics.monitor,
        column_statistics.dataset,
        column_statistics.period_key,
        score_columns.column_name,
        column_statistics.minimum,
        column_statistics.maximum,
        coalesce(column_statistics.positive_infinity_count, 0) as positive_infinity_count,
        coalesce(column_statistics.negative_infinity_count, 0) as negative_infinity_count
    from {{ data_health.named_model('column_statistics') }}
    inner join score_columns
        on column_statistics.monitor = score_columns.monitor
        and lower(column_statistics.column_name) = lower(score_columns.column_name)
    where column_statistics.segment_column = '(all)'

),

-- a reference that is a sum over production periods has nothing to say for itself; one that is not is read as a whole
ranges as (

    select
        statistics_of_scores.monitor,
        case when statistics_of_scores.dataset <> 'production' then statistics_of_scores.dataset end as reference,
        statistics_of_scores.column_name,
        case when statistics_of_scores.dataset = 'production' then dataset_periods.period_start
            else newest_periods.newest_period end as period_start,
        min(statistics_of_scores.minimum) as minimum,
        max(statistics_of_scores.maximum) as maximum,
        sum(statistics_of_scores.positive_infinity_count) as positive_infinity_count,
        sum(statistics_of_scores.negative_infinity_count) as negative_infinity_count
    from statistics_of_scores
    inner join dataset_periods
        on statistics_of_scores.period_key = dataset_periods.stored_period_key
        and statistics_of_scores.dataset = dataset_periods.dataset
    inner join newest_periods
        on statistics_of_scores.monitor = newest_periods.monitor
    group by 1, 2, 3, 4

)

-- what rounding adds to a single-precision number is allowed
select
    monitor,
    'score' as finding,
    column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    'prediction.score' as metric,
    period_start,
    case
        when minimum < -1e-6 or maximum > 1.000001e0 or positive_infinity_count > 0 or negative_infinity_count > 0 then 'warn'
        else 'ok'
    end as status,
    'scores from ' || case when negative_infinity_count > 0 then '-infinity'
            else coalesce({{ data_health.engine_sql('short_number', 'minimum') }}, 'infinity') end
        || ' to ' || case when positive_infinity_count > 0 then 'infinity'
            else coalesce({{ data_health.engine_sql('short_number', 'maximum') }}, '-infinity') end
        || '; a score is a probability, from 0 to 1' as evidence,
    'health_profile' as mart
from ranges
where period_start is not null
    and (minimum is not null or positive_infinity_count > 0 or negative_infinity_count > 0)
