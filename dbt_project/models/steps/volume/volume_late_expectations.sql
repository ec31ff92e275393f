{{ config(enabled='volume' in data_health.parts_on(), materialized='ephemeral') }}
{#- What share of rows usually comes late, on the scale of the arcsine: median and spread of the newest periods that are known. #}
{%- set history_length = 36 %}
with periods as (

    select
        monitor,
        period_start,
        case when row_count > 0
            then {{ data_health.arcsine_share('cast(late_row_count as double precision) / row_count') }} end as late_angle
    from {{ ref('volume_periods') }}
    where period_start is not null
        and period_status <> 'implausible'

),

steps as (

    select cast(generated_number as integer) as step
    from ({{ dbt.generate_series(history_length) }}) as generated_numbers

),

late_numbers as (

    select
        monitor,
        period_start,
        late_angle,
        coalesce(sum(case when late_angle is not null then 1 else 0 end) over (
            partition by monitor order by period_start nulls last rows between unbounded preceding and 1 preceding
        ), 0) as earlier_count
    from periods

),

late_medians as (

    select
        judged.monitor,
        judged.period_start,
        percentile_cont(0.5) within group (order by earlier.late_angle) as usual_angle,
        count(*) as period_count
    from late_numbers as judged
    cross join steps
    inner join late_numbers as earlier
        on judged.monitor = earlier.monitor
        and judged.earlier_count - steps.step = earlier.earlier_count
        and earlier.late_angle is not null
    group by judged.monitor, judged.period_start

),

late_spreads as (

    select
        judged.monitor,
        judged.period_start,
        {{ data_health.robust_spread('percentile_cont(0.5) within group (order by abs(earlier.late_angle - medians.usual_angle))') }}
            as spread
    from late_numbers as judged
    inner join late_medians as medians
        on judged.monitor = medians.monitor
        and judged.period_start = medians.period_start
    cross join steps
    inner join late_numbers as earlier
        on judged.monitor = earlier.monitor
        and judged.earlier_count - steps.step = earlier.earlier_count
        and earlier.late_angle is not null
    group by judged.monitor, judged.period_start

)

select
    late_numbers.monitor,
    late_numbers.period_start,
    late_numbers.late_angle,
    late_medians.usual_angle as usual_late_angle,
    late_spreads.spread * (1e0 + 60e0 / (late_medians.period_count * late_medians.period_count)) as late_spread,
    cast(coalesce(late_medians.period_count, 0) as bigint) as late_period_count
from late_numbers
left join late_medians
    on late_numbers.monitor = late_medians.monitor
    and late_numbers.period_start = late_medians.period_start
left join late_spreads
    on late_numbers.monitor = late_spreads.monitor
    and late_numbers.period_start = late_spreads.period_start
