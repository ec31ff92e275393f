{{ config(enabled='components' in data_health.parts_on(), materialized='ephemeral') }}
{%- set least_periods = 8 %}

with subspace_measures as (

    select
        monitor, reference, period_start, metric, column_name, value, reference_value, noise, component_count,
        column_count, row_count, effective_row_count, reference_effective_row_count
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'period_start': 'date', 'metric': 'varchar',
        'column_name': 'varchar', 'value': 'double precision', 'reference_value': 'double precision', 'noise': 'double precision',
        'component_count': 'bigint', 'column_count': 'bigint', 'row_count': 'bigint', 'effective_row_count': 'double precision',
        'reference_effective_row_count': 'double precision'
    }) }}
    where kind = 'measure'

),

dataset_periods as (

    select monitor, dataset, period_start, period_end, is_latest
    from {{ ref('dataset_periods') }}

),

-- 1. What is judged: a distance, which for an overlap is what it lacks to one.
reference_members as (

    select monitor, reference, period_start
    from {{ ref('reference_members') }}

),

distances as (

    select
        subspace_measures.monitor,
        subspace_measures.reference,
        subspace_measures.metric,
        case subspace_measures.metric
            when 'constant_columns' then 'count'
            when 'subspace_overlap' then 'overlap'
            when 'subspace_overlap_of_clipped_values' then 'overlap'
            when 'mean_shift' then 'shift'
            when 'mean_shift_of_clipped_values' then 'shift'
            else 'error'
        end as kind,
        replace(subspace_measures.metric, '_of_clipped_values', '') as plain_metric,
        subspace_measures.period_start,
        coalesce(subspace_measures.period_start, cast('0001-01-01' as date)) as period_day,
        subspace_measures.value,
        subspace_measures.reference_value,
        case when subspace_measures.metric like '%overlap%' then 1 - subspace_measures.value else subspace_measures.value end as distance,
        subspace_measures.noise,
        subspace_measures.component_count,
        subspace_measures.column_count,
        subspace_measures.row_count,
        subspace_measures.effective_row_count,
        subspace_measures.reference_effective_row_count,
        subspace_measures.effective_row_count >= greatest(subspace_measures.column_count, 30)
            and subspace_measures.reference_effective_row_count >= greatest(20 * subspace_measures.column_count, 30) as has_enough_rows,
        reference_members.monitor is not null as is_member
    from subspace_measures
    left join reference_members
        on subspace_measures.monitor = reference_members.monitor
        and subspace_measures.reference = reference_members.reference
        and subspace_measures.period_start = reference_members.period_start
    where subspace_measures.column_name = '(all)'

),

usual_distances as (

    select
        distances.*,
        case
            when kind = 'error' then abs(distance - reference_value) <= greatest(0.25e0 * reference_value, 10 * noise)
            else distance <= greatest(0.25e0, 10 * noise)
        end as is_usual_itself
    from distances

),

counted_distances as (

    select
        usual_distances.*,
        sum(case when is_member and has_enough_rows then 1 else 0 end) over (partition by monitor, reference, metric)
            >= {{ least_periods }} as has_members,
        -- a period that drifted does not say how far periods usually are; that it did is told by clipped values, where there are any
        coalesce(
            max(case when metric <> plain_metric then case when is_usual_itself then 1 else 0 end end) over (
                partition by monitor, reference, period_day, plain_metric
            ), case when is_usual_itself then 1 else 0 end
        ) = 1 as is_usual
    from usual_distances

),

-- 2. The spread among the periods of the reference, each about the components of the others; where it is made of too few, also among those
--    before that did not drift. Of errors it is that of logarithms, of sums of squares, as shifts and what overlaps lack are, that of cube
--    roots, which are close to normal (Wilson and Hilferty 1931).
compared_periods as (

    select
        judged.monitor,
        judged.reference,
        judged.metric,
        judged.period_day,
        case when others.kind = 'error' then ln(greatest(others.distance, 1e-12)) else power(greatest(others.distance, 0e0), 1e0 / 3) end
            as scaled_distance,
        others.effective_row_count
    from counted_distances as judged
    inner join counted_distances as others
        on judged.monitor = others.monitor
        and judged.reference = others.reference
        and judged.metric = others.metric
        and others.has_enough_rows
        and (
            others.is_member
            or not judged.has_members and others.is_usual and others.period_day < judged.period_day and others.period_start is not null
        )
    where judged.kind <> 'count'
        and not judged.is_member

),

centres as (

    select
        monitor,
        reference,
        metric,
        period_day,
        count(*) as compared_count,
        avg(effective_row_count) as mean_row_count,
        avg(scaled_distance) as usual_scaled,
        stddev_samp(scaled_distance) as scaled_spread
    from compared_periods
    group by monitor, reference, metric, period_day

),

-- a mean of few rows spreads more; what overlaps lack falls with the number of rows itself
spreads as (

    select
        counted_distances.*,
        coalesce(centres.compared_count, 0) as compared_count,
        centres.usual_scaled,
        centres.scaled_spread,
        nullif(centres.compared_count - 1e0, 0) as degrees_of_freedom,
        greatest(1e0, centres.mean_row_count / nullif(counted_distances.effective_row_count, 0)) as thinness,
        cast(counted_distances.component_count as double precision)
            / nullif(counted_distances.reference_effective_row_count, 0) as overfitting
    from counted_distances
    left join centres
        on counted_distances.monitor = centres.monitor
        and counted_distances.reference = centres.reference
        and counted_distances.metric = centres.metric
        and counted_distances.period_day = centres.period_day

),

-- 3. Which column has most to do with the difference.
ranked_parts as (

    select
        monitor,
        reference,
        metric,
        coalesce(period_start, cast('0001-01-01' as date)) as period_day,
        column_name,
        row_number() over (
            partition by monitor, reference, metric, period_start order by abs(value - reference_value) desc nulls last, column_name
        ) as part_rank
    from subspace_measures
    where column_name <> '(all)'
        and abs(value - reference_value) > 0

),

largest_parts as (

    select
        monitor,
        reference,
        metric,
        period_day,
        {{ dbt.listagg('column_name', "', '", 'order by part_rank') }} as column_names
    from ranked_parts
    where part_rank = 1
        or metric = 'constant_columns'
    group by monitor, reference, metric, period_day

),

production_periods as (

    select
        monitor,
        coalesce(period_start, cast('0001-01-01' as date)) as period_day,
        max(period_end) as period_end,
        max(case when is_latest then 1 else 0 end) = 1 as is_latest
    from dataset_periods
    where dataset = 'production'
    group by 1, 2

)

select
    spreads.monitor,
    spreads.reference,
    spreads.period_start,
    production_periods.period_end,
    production_periods.is_latest,
    spreads.metric,
    spreads.kind,
    spreads.plain_metric,
    spreads.value,
    spreads.reference_value,
    cast(spreads.distance as double precision) as distance,
    spreads.noise,
    spreads.component_count,
    spreads.column_count,
    spreads.row_count,
    spreads.effective_row_count,
    spreads.has_enough_rows,
    spreads.has_members,
    cast(spreads.compared_count as bigint) as compared_count,
    cast(spreads.usual_scaled as double precision) as usual_scaled,
    cast(spreads.scaled_spread as double precision) as scaled_spread,
    cast(spreads.degrees_of_freedom as double precision) as degrees_of_freedom,
    cast(spreads.thinness as double precision) as thinness,
    cast(spreads.overfitting as double precision) as overfitting,
    largest_parts.column_names as largest_contributor
from spreads
inner join production_periods
    on spreads.monitor = production_periods.monitor
    and spreads.period_day = production_periods.period_day
left join largest_parts
    on spreads.monitor = largest_parts.monitor
    and spreads.reference = largest_parts.reference
    and spreads.metric = largest_parts.metric
    and spreads.period_day = largest_parts.period_day
-- a period that belongs to the reference is not judged against itself
where not spreads.is_member
