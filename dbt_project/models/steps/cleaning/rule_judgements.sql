{{ config(enabled='cleaning' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    The share of rows that fail a cleaning rule, judged as that of late rows is in health_volume: on the arcsine scale, by its own history.
    A rule that no row passes needs no history. What has no time is one period, that of the build.
-#}
{%- set least_history, history_length, least_rows = 3, 36, 30 %}
with periods as (

    select
        cleaning,
        rule,
        period_start,
        max(tested_count) as tested_count,
        max(failed_count) as failed_count,
        count(period_start) over (partition by cleaning) as dated_count
    from {{ ref('health_rule_outcomes') }}
    where on_failure is not null
        and tested_count > 0
    group by cleaning, rule, period_start

),

outcomes as (

    select
        cleaning,
        rule,
        coalesce(period_start, cast({{ data_health.run_time() }} as date)) as period_start,
        tested_count,
        failed_count
    from periods
    where period_start is not null
        or dated_count = 0

),

numbered_outcomes as (

    select
        outcomes.*,
        {{ data_health.arcsine_share('cast(failed_count as double precision) / tested_count') }} as angle,
        cast(row_number() over (partition by cleaning, rule order by period_start nulls last) as integer) as period_number
    from outcomes

),

steps as (

    select cast(generated_number as integer) as step
    from ({{ dbt.generate_series(history_length) }}) as generated_numbers

),

medians as (

    select
        judged.cleaning,
        judged.rule,
        judged.period_number,
        percentile_cont(0.5) within group (order by earlier.angle) as usual_angle,
        count(*) as period_count
    from numbered_outcomes as judged
    cross join steps
    inner join numbered_outcomes as earlier
        on judged.cleaning = earlier.cleaning
        and judged.rule = earlier.rule
        and judged.period_number - steps.step = earlier.period_number
    group by judged.cleaning, judged.rule, judged.period_number

),

spreads as (

    select
        judged.cleaning,
        judged.rule,
        judged.period_number,
        {{ data_health.robust_spread('percentile_cont(0.5) within group (order by abs(earlier.angle - medians.usual_angle))') }}
            as spread
    from numbered_outcomes as judged
    inner join medians
        on judged.cleaning = medians.cleaning
        and judged.rule = medians.rule
        and judged.period_number = medians.period_number
    cross join steps
    inner join numbered_outcomes as earlier
        on judged.cleaning = earlier.cleaning
        and judged.rule = earlier.rule
        and judged.period_number - steps.step = earlier.period_number
    group by judged.cleaning, judged.rule, judged.period_number

),

compared_outcomes as (

    select
        numbered_outcomes.cleaning,
        numbered_outcomes.rule,
        numbered_outcomes.period_start,
        numbered_outcomes.tested_count,
        numbered_outcomes.failed_count,
        medians.usual_angle,
        coalesce(medians.period_count, 0) as period_count,
        numbered_outcomes.angle - medians.usual_angle as effect,
        sqrt(
            1e0 / numbered_outcomes.tested_count + power(spreads.spread * (1e0 + 60e0 / (medians.period_count * medians.period_count)), 2)
        ) as spread
    from numbered_outcomes
    left join medians
        on numbered_outcomes.cleaning = medians.cleaning
        and numbered_outcomes.rule = medians.rule
        and numbered_outcomes.period_number = medians.period_number
    left join spreads
        on numbered_outcomes.cleaning = spreads.cleaning
        and numbered_outcomes.rule = spreads.rule
        and numbered_outcomes.period_number = spreads.period_number

)

select
    cleaning,
    rule,
    period_start,
    tested_count,
    failed_count,
    power(sin(usual_angle / 2), 2) as usual_share,
    case
        when failed_count = tested_count and tested_count >= {{ least_rows }} then 'alert'
        when period_count < {{ least_history }} then 'insufficient_data'
        when effect > greatest(0.2e0, 5e0 * spread) then 'alert'
        when effect > greatest(0.1e0, 3.5e0 * spread) then 'warn'
        else 'ok'
    end as status
from compared_outcomes
