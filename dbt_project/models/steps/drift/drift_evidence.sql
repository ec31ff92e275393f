{{ config(enabled='drift' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{%- set subjects = data_health.drift_metrics().values() | selectattr('subject', 'defined') | map(attribute='subject') | list %}
{%- set is_fault = "test in ('bin', 'tail', 'decimals', 'sentinel')" %}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
with comparisons as (

    select comparison_number, monitor, reference, period_start
    from {{ ref('drift_comparisons') }}
    where window_periods is null

),

minimum_rows as (

    select monitor, min(minimum_rows) as minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'drift'
    group by monitor

),

measures as (

    select
        comparison_number,
        column_number,
        reference_row_count,
        row_count,
        reference_finite_count,
        finite_count,
        kolmogorov_smirnov_lower,
        pooled_chi_square,
        pooled_group_count
        {%- for subject in subjects %},
        {{ subject }}_squared_deviate,
        {{ subject }}_exponent,
        {{ subject }}_test_count
        {%- endfor %}
    from {{ ref('drift_measures') }}

),

-- 1. Overdispersion takes rows away: as if there were so many times fewer.
overdispersions as (

    select comparison_number, column_number, overdispersion, overdispersion_pairs
    from {{ ref('drift_overdispersion') }}

),

-- however much its rows hang together, a period is worth the fewest rows that are judged
dispersed_measures as (

    select
        measures.*,
        coalesce(overdispersions.overdispersion, 1e0) as overdispersion,
        coalesce(overdispersions.overdispersion_pairs, 0) as overdispersion_pairs,
        greatest(least(
            coalesce(overdispersions.overdispersion, 1e0),
            least(measures.reference_row_count, measures.row_count) / cast(minimum_rows.minimum_rows as double precision)
        ), 1e0) as variance_inflation
    from measures
    inner join comparisons
        on measures.comparison_number = comparisons.comparison_number
    inner join minimum_rows
        on comparisons.monitor = minimum_rows.monitor
    left join overdispersions
        on measures.comparison_number = overdispersions.comparison_number
        and measures.column_number = overdispersions.column_number

),

-- 2. Every test of a column; `multiplicity`: from how many it is the most telling.
tests as (

    select
        comparison_number,
        column_number,
        'kolmogorov_smirnov' as test,
        kolmogorov_smirnov_lower / sqrt(variance_inflation) as statistic,
        sqrt(reference_finite_count * finite_count / (reference_finite_count + finite_count)) as root_size,
        cast(null as double precision) as degrees_of_freedom,
        cast(1 as bigint) as multiplicity
    from dispersed_measures
    where kolmogorov_smirnov_lower is not null

    union all

    select
        comparison_number,
        column_number,
        'chi_square' as test,
        pooled_chi_square / variance_inflation as statistic,
        cast(null as double precision) as root_size,
        cast(pooled_group_count - 1 as double precision) as degrees_of_freedom,
        cast(1 as bigint) as multiplicity
    from dispersed_measures
    where kolmogorov_smirnov_lower is null
        and pooled_group_count > 1

    {%- for subject in subjects %}

    union all

    select
        comparison_number,
        column_number,
        '{{ subject }}' as test,
        {{ subject }}_squared_deviate / variance_inflation as statistic,
        cast(null as double precision) as root_size,
        1e0 as degrees_of_freedom,
        {{ subject }}_test_count as multiplicity
    from dispersed_measures
    where {{ subject }}_squared_deviate is not null

    union all

    select
        comparison_number,
        column_number,
        '{{ subject }}' as test,
        {{ subject }}_exponent / variance_inflation as statistic,
        cast(null as double precision) as root_size,
        cast(null as double precision) as degrees_of_freedom,
        {{ subject }}_test_count as multiplicity
    from dispersed_measures
    where {{ subject }}_exponent is not null
    {%- endfor %}

),

-- 3. Probabilities. Kolmogorov's distribution with Stephens' correction; Chernoff's bound for few rows; the tail of chi-square by
-- the error function for one degree of freedom, exactly for two, and by Lugannani and Rice (Wilson and Hilferty near the mean) for more.
standardised_tests as (

    select
        tests.*,
        (root_size + 0.12e0 + 0.11e0 / root_size) * statistic as stephens,
        statistic / degrees_of_freedom - 1 as excess,
        case
            when degrees_of_freedom = 1 then sqrt(statistic)
            when degrees_of_freedom > 2 and statistic > 0 and abs(statistic / degrees_of_freedom - 1) >= 0.01e0
                then sign(statistic - degrees_of_freedom)
                    * sqrt(statistic - degrees_of_freedom - degrees_of_freedom * ln(statistic / degrees_of_freedom))
            when degrees_of_freedom > 2 then
                (power(statistic / degrees_of_freedom, 1e0 / 3) - 1 + 2 / (9 * degrees_of_freedom)) / sqrt(2 / (9 * degrees_of_freedom))
        end as deviate
    from tests

),

tails as (

    select
        standardised_tests.*,
        exp(greatest(-deviate * deviate / 2, -700e0)) / sqrt(2 * pi()) as density,
        {{ data_health.two_sided_normal_tail('deviate', 't') }} / 2 as tail_of_size
    from (
        select standardised_tests.*, 1 / (1 + abs(deviate) / (2 * sqrt(2e0))) as t
        from standardised_tests
    ) as standardised_tests

),

probabilities as (

    select
        comparison_number,
        column_number,
        test,
        multiplicity,
        case
            when test = 'kolmogorov_smirnov' and stephens < 0.3e0 then 1e0
            when test = 'kolmogorov_smirnov' then 2 * (
                exp(greatest(-2 * stephens * stephens, -700e0)) - exp(greatest(-8 * stephens * stephens, -700e0))
                + exp(greatest(-18 * stephens * stephens, -700e0)) - exp(greatest(-32 * stephens * stephens, -700e0))
                + exp(greatest(-50 * stephens * stephens, -700e0)) - exp(greatest(-72 * stephens * stephens, -700e0))
            )
            when degrees_of_freedom is null then 2 * exp(greatest(-statistic, -700e0))
            when degrees_of_freedom = 1 then 2 * tail_of_size
            when degrees_of_freedom = 2 then exp(greatest(-statistic / 2, -700e0))
            when statistic <= 0 then 1e0
            when abs(excess) < 0.01e0 then case when deviate > 0 then tail_of_size else 1 - tail_of_size end
            else case when deviate > 0 then tail_of_size else 1 - tail_of_size end
                + density * (1 / ((statistic - degrees_of_freedom) / sqrt(2 * degrees_of_freedom)) - 1 / deviate)
        end as probability
    from tails

),

-- tests of single faults, which are plain where there is one, take a tenth of the error: those of the whole column lose little
column_tests as (

    select
        comparison_number,
        column_number,
        max(case when test in ('kolmogorov_smirnov', 'chi_square') then least(probability, 1e0) end) as distribution_p,
        {%- for subject in subjects %}
        min(case when test = '{{ subject }}' then least(probability * multiplicity, 1e0) end) as {{ subject }}_p,
        {%- endfor %}
        least(
            min(case when not {{ is_fault }} then least(probability, 1e0) * multiplicity end)
                * count(distinct case when not {{ is_fault }} then test end)
                / (1 - 0.1e0 * max(case when {{ is_fault }} then 1 else 0 end)),
            coalesce(
                min(case when {{ is_fault }} then least(probability, 1e0) * multiplicity end)
                * count(distinct case when {{ is_fault }} then test end) / 0.1e0,
                1e0
            ),
            1e0
        ) as column_p
    from probabilities
    group by comparison_number, column_number

),

judged_columns as (

    select
        comparisons.monitor,
        comparisons.reference,
        comparisons.period_start,
        dispersed_measures.comparison_number,
        dispersed_measures.column_number,
        dispersed_measures.overdispersion,
        dispersed_measures.overdispersion_pairs,
        dispersed_measures.variance_inflation,
        coalesce(
            dispersed_measures.reference_row_count >= minimum_rows.minimum_rows
                and dispersed_measures.row_count >= minimum_rows.minimum_rows,
            false
        ) as has_enough_rows,
        column_tests.distribution_p,
        {%- for subject in subjects %}
        column_tests.{{ subject }}_p,
        {%- endfor %}
        column_tests.column_p
    from dispersed_measures
    inner join comparisons
        on dispersed_measures.comparison_number = comparisons.comparison_number
    inner join minimum_rows
        on comparisons.monitor = minimum_rows.monitor
    left join column_tests
        on dispersed_measures.comparison_number = column_tests.comparison_number
        and dispersed_measures.column_number = column_tests.column_number

),

-- 4. Benjamini and Hochberg over all columns and segments that one period has against one reference.
ranked_columns as (

    select
        judged_columns.*,
        row_number() over in_family as p_rank,
        -- few columns are looked at as often as many, period after period
        greatest(count(column_p) over (partition by comparison_number, has_enough_rows), 20) as family_size
    from judged_columns
    window in_family as (partition by comparison_number, has_enough_rows order by column_p, column_number)

)

select
    comparison_number,
    column_number,
    has_enough_rows,
    overdispersion,
    overdispersion_pairs,
    variance_inflation,
    distribution_p,
    {%- for subject in subjects %}
    {{ subject }}_p,
    {%- endfor %}
    column_p,
    case when has_enough_rows and column_p is not null then
        {{ data_health.benjamini_hochberg('column_p', 'p_rank', 'family_size', 'comparison_number, has_enough_rows') }}
    end as q_value,
    '{{ state.computed_from }}' as computed_from
from ranked_columns
{%- endif %}
