{{ config(enabled='components' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    The column that is further from the components than the periods of the reference are, each about the components of the others: by its
    part of the clipped error. It sees one correlation that breaks among so many columns that the sum of all does not.
-#}
with column_errors as (

    select monitor, reference, period_start, column_name, value, column_count, effective_row_count, reference_effective_row_count
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'period_start': 'date', 'metric': 'varchar',
        'column_name': 'varchar', 'value': 'double precision', 'column_count': 'bigint', 'effective_row_count': 'double precision',
        'reference_effective_row_count': 'double precision'
    }) }}
    where kind = 'measure'
        and metric = 'reconstruction_error_of_clipped_values'
        and column_name <> '(all)'
        and value > 0

),

reference_members as (

    select monitor, reference, period_start
    from {{ ref('reference_members') }}

),

usual_errors as (

    select
        column_errors.monitor,
        column_errors.reference,
        column_errors.column_name,
        count(*) as compared_count,
        avg(ln(column_errors.value)) as usual_log,
        stddev_samp(ln(column_errors.value)) as log_spread,
        count(*) - 1e0 as degrees_of_freedom
    from column_errors
    inner join reference_members
        on column_errors.monitor = reference_members.monitor
        and column_errors.reference = reference_members.reference
        and column_errors.period_start = reference_members.period_start
    where column_errors.effective_row_count >= greatest(column_errors.column_count, 30)
    group by column_errors.monitor, column_errors.reference, column_errors.column_name
    having count(*) >= 8

),

-- 1. The point that chance exceeds in one of a hundred periods, over all columns: of the normal distribution by Hastings' fraction.
judged_errors as (

    select
        column_errors.monitor,
        column_errors.reference,
        column_errors.period_start,
        column_errors.column_name,
        column_errors.value,
        exp(usual_errors.usual_log) as expected_value,
        usual_errors.compared_count,
        usual_errors.degrees_of_freedom,
        greatest(
            usual_errors.log_spread * sqrt(1 + 1e0 / usual_errors.compared_count), sqrt(2e0 / column_errors.effective_row_count)
        ) as log_spread,
        sqrt(-2 * ln(0.01e0 / column_errors.column_count)) as root
    from column_errors
    inner join usual_errors
        on column_errors.monitor = usual_errors.monitor
        and column_errors.reference = usual_errors.reference
        and column_errors.column_name = usual_errors.column_name
    left join reference_members
        on column_errors.monitor = reference_members.monitor
        and column_errors.reference = reference_members.reference
        and column_errors.period_start = reference_members.period_start
    where reference_members.monitor is null
        and column_errors.effective_row_count >= greatest(column_errors.column_count, 30)
        and column_errors.reference_effective_row_count >= greatest(20 * column_errors.column_count, 30)

),

normal_points as (

    select
        judged_errors.*,
        root - (2.515517e0 + 0.802853e0 * root + 0.010328e0 * root * root)
            / (1 + 1.432788e0 * root + 0.189269e0 * root * root + 0.001308e0 * root * root * root) as z
    from judged_errors

),

-- 2. The same point of Student's distribution.
limits as (

    select
        normal_points.*,
        value >= 1.5e0 * expected_value and value - expected_value >= 0.1e0 as is_far,
        expected_value * exp(log_spread * {{ data_health.student_point('z', 'degrees_of_freedom') }}) as upper_limit
    from normal_points

),

ranked_errors as (

    select
        limits.*,
        is_far and value > upper_limit as is_outside,
        row_number() over (
            partition by monitor, reference, period_start
            order by case when is_far and value > upper_limit then 0 else 1 end,
                value / expected_value desc nulls last, column_name
        ) as rank
    from limits

)

select
    monitor,
    reference,
    period_start,
    max(case when rank = 1 then value end) as value,
    max(case when rank = 1 then expected_value end) as expected_value,
    max(case when rank = 1 then upper_limit end) as upper_limit,
    max(case when rank = 1 then compared_count end) as compared_count,
    max(case when rank = 1 then column_name end) as largest_contributor,
    max(case when is_outside then 1 else 0 end) = 1 as is_outside
from ranked_errors
group by monitor, reference, period_start
