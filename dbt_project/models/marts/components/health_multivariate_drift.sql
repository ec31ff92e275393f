{{ config(enabled=data_health.part_is_on('components')) }}
{%- do data_health.begin_model() %}
{%- set least_periods = 5 %}

with settings as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

subspace_distances as (

    select
        monitor, reference, period_start, period_end, is_latest, metric, kind, plain_metric, value, reference_value, distance, noise,
        component_count, column_count, row_count, effective_row_count, has_enough_rows, has_members, compared_count,
        usual_distance, usual_spread, freedom, thinness, optimism, largest_contributor
    from {{ ref('subspace_distances') }}

),

left_out_columns as (

    select monitor, reference, column_name
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'column_name': 'varchar', 'values_used': 'varchar',
        'component': 'bigint'
    }) }}
    where kind = 'loading'
        and values_used = 'all'
        and component is null

),

references_without as (

    select monitor, reference, {{ dbt.listagg('column_name', "', '", 'order by column_name') }} as column_names
    from left_out_columns
    group by monitor, reference

),

-- The interval: as wide as three standard deviations of a normal distribution are unlikely, with so few periods known.
-- Rows that the components were not fitted on lie further from them, by a share that is known to first order.
-- It is the interval of a whole period; the limits of a single row are in python_checks/components/limits.py.
expectations as (

    select
        subspace_distances.*,
        case
            when kind = 'count' then 0e0
            when kind = 'overlap' or (kind = 'shift' and has_members) then usual_distance * thinness
            when kind = 'shift' then noise
            when plain_metric = 'reconstruction_error' then reference_value * (1 + 2 * optimism)
            else reference_value * (1 + optimism)
        end as expected_distance,
        case
            when kind in ('overlap', 'shift') then greatest(usual_spread * thinness, noise)
            else greatest(usual_spread * sqrt(thinness), noise)
        end * sqrt(1 + 1e0 / nullif(compared_count, 0))
            * (3 + 7.5e0 / freedom + 17.25e0 / power(freedom, 2) + 30.2e0 / power(freedom, 3)) as half_width
    from subspace_distances
    inner join settings
        on subspace_distances.monitor = settings.monitor

),

effects as (

    select
        expectations.*,
        -- rounding is no error
        greatest(expected_distance, 1e-6 * column_count) as least_distance,
        case
            when kind = 'overlap' then greatest(distance - expected_distance, 0e0) * 2
            when kind = 'shift' then greatest(distance - expected_distance, 0e0)
            when abs(distance - expected_distance) <= 1e-6 * column_count then 0e0
            else abs(distance / greatest(expected_distance, 1e-6 * column_count) - 1)
        end as effect
    from expectations

),

judged as (

    select
        effects.*,
        case
            when kind = 'count' and distance > 0 then 2
            when kind = 'count' then 0
            when not has_enough_rows then null
            -- too few periods to know the spread: only what no spread explains
            when compared_count < {{ least_periods }} and metric like 'clipped%' and abs(distance - expected_distance) > 10 * noise
                and (
                    (kind = 'error' and (distance > 2 * least_distance or distance < 0.5e0 * least_distance))
                    or (kind = 'shift' and effect > 1)
                ) then 2
            when compared_count < {{ least_periods }} then null
            when abs(distance - expected_distance) <= half_width or effect < 0.1e0 then 0
            when effect < 0.25e0 then 1
            -- as the periods before were, but never excused when it is far
            when not has_members and abs(distance - usual_distance) <= half_width and effect < 0.5e0 then 1
            else 2
        end as severity
    from effects

),

compared_severities as (

    select
        judged.*,
        -- null where clipped values were counted on another grid
        max(case when metric <> plain_metric then coalesce(severity, 0) end) over (
            partition by monitor, reference, period_start, plain_metric
        ) as clipped_severity
    from judged

),

-- a few cells far out can move a mean square anywhere; what only they say is a warning where they are all there is
confirmed as (

    select
        compared_severities.*,
        case
            when kind = 'count' or metric <> plain_metric or severity = 0 or coalesce(clipped_severity, 1) > 0 then severity
            when kind in ('error', 'shift') and effect > 100 then 1
            when severity > 0 then 0
        end as confirmed_severity
    from compared_severities

)

select
    confirmed.monitor,
    confirmed.period_start,
    confirmed.period_end,
    confirmed.is_latest,
    confirmed.reference,
    confirmed.metric,
    case confirmed.plain_metric
        when 'reconstruction_error'
            then 'mean squared distance of rows from the first components of the reference, in its standard deviations'
        when 'hotelling_t2'
            then 'mean of the squared scores on the first components of the reference, each divided by its eigenvalue'
        when 'mean_shift'
            then 'squared scores of the mean of all rows on the first components of the reference, '
                || 'each divided by its eigenvalue, summed'
        when 'subspace_overlap'
            then 'Krzanowski: squared Frobenius norm of the product of the first components of both, divided by their number'
        else 'columns that are constant or without values in the reference and are otherwise here'
    end
        || case when confirmed.metric <> confirmed.plain_metric then ', of values clipped at 10 scales of the grid' else '' end
        as definition,
    confirmed.value,
    confirmed.reference_value,
    confirmed.value / nullif(confirmed.reference_value, 0) as ratio,
    cast(case
        when confirmed.confirmed_severity is null then null
        when confirmed.kind = 'overlap' then 1 - confirmed.expected_distance
        else confirmed.expected_distance
    end as double precision) as expected_value,
    cast(case
        when confirmed.confirmed_severity is null then null
        when confirmed.kind = 'count' then 0e0
        when confirmed.kind = 'overlap' then greatest(0e0, 1 - confirmed.expected_distance - confirmed.half_width)
        else greatest(0e0, confirmed.expected_distance - confirmed.half_width)
    end as double precision) as expected_lower,
    cast(case
        when confirmed.confirmed_severity is null then null
        when confirmed.kind = 'count' then 0e0
        when confirmed.kind = 'overlap' then 1e0
        else confirmed.expected_distance + confirmed.half_width
    end as double precision) as expected_upper,
    confirmed.component_count,
    confirmed.column_count,
    confirmed.row_count,
    confirmed.effective_row_count,
    case when confirmed.kind <> 'count' then confirmed.compared_count end as compared_period_count,
    case when confirmed.kind <> 'count' and confirmed.compared_count > 0
        then case when confirmed.has_members then 'periods of the reference' else 'earlier periods' end end as compared_periods,
    confirmed.largest_contributor,
    references_without.column_names as left_out_columns,
    case confirmed.confirmed_severity when 2 then 'alert' when 1 then 'warn' when 0 then 'ok' else 'insufficient_data' end as status,
    {{ data_health.run_time() }} as built_at
from confirmed
left join references_without
    on confirmed.monitor = references_without.monitor
    and confirmed.reference = references_without.reference
