{{ config(enabled='volume' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    How many rows a period should have, from the periods before it, on the scale of logarithms: the median of the newest periods is
    the level, the median of what earlier periods were above their own level is the trend, and how far they were from that trend is
    the spread. A first pass finds the periods that are alerts; a second one leaves them out of the history of all others.
-#}
{%- set least_history, level_length, history_length, seasonal_history = 8, 6, 36, 60 %}
{%- set warn_spreads, alert_spreads = '3.5e0', '5e0' %}
with periods as (

    select
        monitor,
        period_start,
        season,
        month_number,
        seasonality = 'month' as is_by_month,
        row_count,
        row_count > 0 as is_usable,
        case when row_count > 0 then ln(cast(row_count as double precision)) end as log_count,
        case when seasonality <> 'month' then {{ level_length }} when grain = 'quarter' then 4 else 12 end as level_length,
        case when seasonality = 'month' then {{ seasonal_history }} else {{ history_length }} end as history_length,
        volume_warn,
        volume_alert
    from {{ ref('volume_periods') }}
    where period_start is not null
        and period_status <> 'implausible'

),

steps as (

    select cast(generated_number as integer) as step
    from ({{ dbt.generate_series(seasonal_history) }}) as generated_numbers

),
{% for pass in ['first', 'second'] %}
{{ pass }}_numbers as (

    select
        periods.*,
        {%- set is_history = 'is_usable' if pass == 'first' else 'is_usable and not first_bands.is_alert' %}
        {{ is_history }} as is_history,
        coalesce(sum(case when {{ is_history }} then 1 else 0 end) over (
            partition by periods.monitor, periods.season
            order by periods.period_start nulls last rows between unbounded preceding and 1 preceding
        ), 0) as earlier_count
    from periods
    {%- if pass == 'second' %}
    inner join first_bands
        on periods.monitor = first_bands.monitor
        and periods.period_start = first_bands.period_start
    {%- endif %}

),

{{ pass }}_levels as (

    select
        judged.monitor,
        judged.period_start,
        percentile_cont(0.5) within group (order by earlier.log_count) as level
    from {{ pass }}_numbers as judged
    inner join steps
        on steps.step <= judged.level_length
    inner join {{ pass }}_numbers as earlier
        on judged.monitor = earlier.monitor
        and judged.season = earlier.season
        and judged.earlier_count - steps.step = earlier.earlier_count
        and earlier.is_history
    group by judged.monitor, judged.period_start

),

{{ pass }}_ratios as (

    select
        numbers.*,
        levels.level,
        numbers.log_count - levels.level as log_ratio
    from {{ pass }}_numbers as numbers
    left join {{ pass }}_levels as levels
        on numbers.monitor = levels.monitor
        and numbers.period_start = levels.period_start

),

{{ pass }}_ratios_by_month as (

    select
        ratios.*,
        case when is_by_month then log_ratio - lag(log_ratio) over (
            partition by monitor, month_number, is_history order by period_start nulls last
        ) end as change_in_a_year
    from {{ pass }}_ratios as ratios

),

{{ pass }}_trends as (

    select
        judged.monitor,
        judged.period_start,
        -- of a month, what the same months of other years were above their level
        coalesce(
            percentile_cont(0.5) within group (
                order by case when judged.is_by_month and judged.month_number = earlier.month_number then earlier.log_ratio end
            ),
            percentile_cont(0.5) within group (order by earlier.log_ratio)
        ) as trend
    from {{ pass }}_ratios_by_month as judged
    inner join steps
        on steps.step <= judged.history_length
    inner join {{ pass }}_ratios_by_month as earlier
        on judged.monitor = earlier.monitor
        and judged.season = earlier.season
        and judged.earlier_count - steps.step = earlier.earlier_count
        and earlier.is_history
    group by judged.monitor, judged.period_start

),

{{ pass }}_deviations as (

    select
        judged.monitor,
        judged.period_start,
        abs(earlier.change_in_a_year) as change_in_a_year,
        abs(earlier.log_ratio - trends.trend) as distance_to_trend,
        -- of Poisson counts the variance of the logarithm is 1 / expected, so the sum of these is chi-square
        earlier.row_count * power(earlier.log_ratio - trends.trend, 2) as squared_deviate,
        count(earlier.change_in_a_year) over (partition by judged.monitor, judged.period_start) >= {{ least_history }} as is_by_year
    from {{ pass }}_ratios_by_month as judged
    inner join {{ pass }}_trends as trends
        on judged.monitor = trends.monitor
        and judged.period_start = trends.period_start
    inner join steps
        on steps.step <= judged.history_length
    inner join {{ pass }}_ratios_by_month as earlier
        on judged.monitor = earlier.monitor
        and judged.season = earlier.season
        and judged.earlier_count - steps.step = earlier.earlier_count
        and earlier.is_history

),

{{ pass }}_middle_deviations as (

    select
        monitor,
        period_start,
        percentile_cont(0.5) within group (
            order by case when is_by_year then change_in_a_year else distance_to_trend end
        ) as middle_deviation,
        sum(squared_deviate) as squared_deviates,
        nullif(greatest(count(squared_deviate) - 1e0, 0), 0) as degrees_of_freedom
    from {{ pass }}_deviations
    group by monitor, period_start

),

-- a standard deviation in which no value counts for more than three of what the median deviation stands for
{{ pass }}_spreads as (

    select
        deviations.monitor,
        deviations.period_start,
        count(case when is_by_year then change_in_a_year else distance_to_trend end) as value_count,
        avg(case
            when is_by_year and change_in_a_year is null or not is_by_year and distance_to_trend is null then null
            else power(least(
                case when is_by_year then change_in_a_year else distance_to_trend end,
                3e0 * {{ data_health.robust_spread('middle_deviation') }}
            ), 2)
        end) as variance,
        -- narrower than chance: below the .001 point of chi-square, by Wilson and Hilferty
        coalesce(max(middle_deviations.squared_deviates) < max(degrees_of_freedom * power(greatest(
            1 - 2e0 / (9 * degrees_of_freedom) - 3.0902323e0 * sqrt(2e0 / (9 * degrees_of_freedom)), 0e0
        ), 3)), false) as is_narrow
    from {{ pass }}_deviations as deviations
    inner join {{ pass }}_middle_deviations as middle_deviations
        on deviations.monitor = middle_deviations.monitor
        and deviations.period_start = middle_deviations.period_start
    group by deviations.monitor, deviations.period_start

),

{{ pass }}_expectations as (

    select
        ratios.monitor,
        ratios.period_start,
        ratios.row_count,
        ratios.earlier_count,
        ratios.volume_warn,
        ratios.volume_alert,
        case when ratios.earlier_count >= {{ least_history }} then exp(ratios.level + trends.trend) end as expected,
        -- the spread of a few values is often too small by chance; no number of rows is farther away than e^500
        least(
            sqrt(spreads.variance * spreads.value_count / nullif(spreads.value_count - 1e0, 0))
                * (1e0 + 30e0 / nullif(spreads.value_count * spreads.value_count, 0)),
            100e0
        ) as spread,
        coalesce(spreads.is_narrow, false) as is_narrow
    from {{ pass }}_ratios as ratios
    left join {{ pass }}_trends as trends
        on ratios.monitor = trends.monitor
        and ratios.period_start = trends.period_start
    left join {{ pass }}_spreads as spreads
        on ratios.monitor = spreads.monitor
        and ratios.period_start = spreads.period_start

),

-- outside means outside of all three: the spread of history, what chance alone does to counts, and what is worth a word; where history is
-- narrower than chance, chance is no excuse, and a quarter of the ratio is worth a word
{{ pass }}_limits as (

    select
        monitor,
        period_start,
        row_count,
        earlier_count,
        expected,
        {%- for name, spreads in {'warn': warn_spreads, 'alert': alert_spreads}.items() %}
        {%- set effect = '(1e0 + volume_' ~ name ~ ' * case when is_narrow then 0.25e0 else 1e0 end)' %}
        case when expected is not null then least(
            expected * exp(-{{ spreads }} * spread),
            case when is_narrow then expected else power(greatest(0e0, sqrt(expected) - {{ spreads }} / 2), 2) end,
            expected / {{ effect }}
        ) end as {{ name }}_below,
        case when expected is not null then greatest(
            expected * exp({{ spreads }} * spread),
            case when is_narrow then expected else power(sqrt(expected) + {{ spreads }} / 2, 2) end,
            expected * {{ effect }}
        ) end as {{ name }}_above{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ pass }}_expectations

),

{{ pass }}_bands as (

    select
        monitor,
        period_start,
        earlier_count,
        expected,
        warn_below,
        warn_above,
        alert_below,
        alert_above,
        coalesce(row_count < alert_below or row_count > alert_above, false) as is_alert
    from {{ pass }}_limits

){{ ',' if not loop.last }}
{% endfor %}

select
    monitor,
    period_start,
    cast(earlier_count as bigint) as comparable_period_count,
    expected as expected_row_count,
    warn_below,
    warn_above,
    alert_below,
    alert_above
from second_bands
