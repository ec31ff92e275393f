{{ config(enabled='components' in data_health.parts_on() and data_health.is_configured('components.scores')) }}
{%- do data_health.begin_model() %}
{%- set least_periods = 5 %}

with settings as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

score_counts as (

    select
        monitor, period_start, reference, loadings_version, component_count, is_current, row_count,
        hotelling_t2_mean, hotelling_t2_limit_95, hotelling_t2_outside_95, hotelling_t2_limit_99, hotelling_t2_outside_99,
        reconstruction_error_mean, reconstruction_error_limit_95, reconstruction_error_outside_95,
        reconstruction_error_limit_99, reconstruction_error_outside_99
    from {{ ref('component_score_counts') }}

),

dataset_periods as (

    select monitor, dataset, period_start, period_end, is_latest
    from {{ ref('dataset_periods') }}

),

reference_members as (

    select monitor, reference, period_start
    from {{ ref('reference_members') }}

),

long_counts as (
    {%- for metric in ['hotelling_t2', 'reconstruction_error'] %}

    select
        monitor,
        period_start,
        coalesce(period_start, cast('0001-01-01' as date)) as period_day,
        reference,
        '{{ metric }}' as metric,
        loadings_version,
        component_count,
        is_current,
        row_count,
        {{ metric }}_mean as mean_value,
        {{ metric }}_limit_95 as limit_95,
        {{ metric }}_limit_99 as limit_99,
        case when is_current then {{ metric }}_outside_95 end as outside_count_95,
        case when is_current then {{ metric }}_outside_99 end as outside_count_99
    from score_counts
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counts as (

    select
        long_counts.*,
        cast(long_counts.outside_count_99 as double precision) / long_counts.row_count as outside_share_99,
        reference_members.monitor is not null as is_member
    from long_counts
    left join reference_members
        on long_counts.monitor = reference_members.monitor
        and long_counts.reference = reference_members.reference
        and long_counts.period_start = reference_members.period_start

),

-- What is usual: the rows of the reference themselves, where they are among the scored ones, else the periods before.
shares_of_references as (

    select
        monitor,
        reference,
        metric,
        loadings_version,
        component_count,
        sum(outside_count_99) / nullif(cast(sum(row_count) as double precision), 0) as own_share,
        sum(row_count) as own_rows
    from counts
    where is_member
        and is_current
    group by 1, 2, 3, 4, 5

),

shares_before as (

    select
        judged.monitor,
        judged.reference,
        judged.metric,
        judged.loadings_version,
        judged.component_count,
        judged.period_day,
        percentile_cont(0.5) within group (order by others.outside_share_99) as usual_share,
        sum(others.row_count) as usual_rows
    from counts as judged
    inner join counts as others
        on judged.monitor = others.monitor
        and judged.reference = others.reference
        and judged.metric = others.metric
        and judged.loadings_version = others.loadings_version
        and judged.component_count = others.component_count
        and others.period_day < judged.period_day
        and others.period_start is not null
        and others.row_count >= 30
    group by 1, 2, 3, 4, 5, 6
    having count(*) >= {{ least_periods }}

),

expected_shares as (

    select
        counts.*,
        coalesce(shares_of_references.own_share, shares_before.usual_share) as expected_share_99,
        case
            when shares_of_references.own_share is not null then shares_of_references.own_rows
            else shares_before.usual_rows
        end as expected_rows
    from counts
    left join shares_of_references
        on counts.monitor = shares_of_references.monitor
        and counts.reference = shares_of_references.reference
        and counts.metric = shares_of_references.metric
        and counts.loadings_version = shares_of_references.loadings_version
        and counts.component_count = shares_of_references.component_count
    left join shares_before
        on counts.monitor = shares_before.monitor
        and counts.reference = shares_before.reference
        and counts.metric = shares_before.metric
        and counts.loadings_version = shares_before.loadings_version
        and counts.component_count = shares_before.component_count
        and counts.period_day = shares_before.period_day

),

pooled_shares as (

    select
        expected_shares.*,
        (outside_count_99 + expected_share_99 * expected_rows) / (row_count + nullif(expected_rows, 0)) as pooled_share,
        -- one of T normal deviates exceeds sqrt(2 ln(100 T)) once in a hundred periods
        sqrt(2 * ln(100e0 * greatest(count(expected_share_99) over (partition by monitor, period_day), 1))) as tolerated_errors
    from expected_shares

),

-- on the arcsine scale a share of n rows has the variance 1 / n, whatever it is
effects as (

    select
        pooled_shares.*,
        {{ data_health.arcsine_share('outside_share_99') }} - {{ data_health.arcsine_share('expected_share_99') }} as effect,
        tolerated_errors * sqrt(1e0 / row_count + 1e0 / nullif(expected_rows, 0)) as chance,
        outside_share_99 - expected_share_99 as excess_share,
        greatest(
            tolerated_errors * sqrt(pooled_share * (1 - pooled_share) * (1e0 / row_count + 1e0 / nullif(expected_rows, 0))),
            3e0 / row_count
        ) as tolerated_excess
    from pooled_shares

)

select
    effects.monitor,
    effects.period_start,
    production.period_end,
    coalesce(production.is_latest, false) as is_latest,
    effects.reference,
    cast(effects.metric as varchar) as metric,
    effects.loadings_version,
    effects.component_count,
    effects.is_current,
    effects.row_count,
    effects.mean_value,
    effects.limit_95,
    effects.limit_99,
    effects.outside_count_95,
    effects.outside_count_99,
    cast(effects.outside_count_95 as double precision) / effects.row_count as outside_share_95,
    effects.outside_share_99,
    effects.expected_share_99,
    case
        when effects.effect is null or effects.chance is null or effects.row_count < 30 then 'insufficient_data'
        when effects.effect <= effects.chance or effects.excess_share <= effects.tolerated_excess then 'ok'
        when effects.effect >= 0.2 then 'alert'
        when effects.effect >= 0.1 then 'warn'
        else 'ok'
    end as status,
    {{ data_health.run_time() }} as built_at
from effects
inner join settings
    on effects.monitor = settings.monitor
left join dataset_periods as production
    on effects.monitor = production.monitor
    and production.dataset = 'production'
    and effects.period_day = coalesce(production.period_start, cast('0001-01-01' as date))
-- a period that belongs to the reference is not judged against itself
where not effects.is_member
