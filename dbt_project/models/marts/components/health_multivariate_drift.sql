{{ config(enabled='components' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set least_periods = 8 %}

with settings as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

subspace_distances as (

    select
        monitor, reference, period_start, period_end, is_latest, metric, kind, plain_metric, value, reference_value, distance, noise,
        component_count, column_count, row_count, effective_row_count, has_enough_rows, has_members, compared_count,
        usual_scaled, scaled_spread, degrees_of_freedom, thinness, overfitting, largest_contributor
    from {{ ref('subspace_distances') }}

),

column_errors as (

    select monitor, reference, period_start, value, expected_value, upper_limit, compared_count, largest_contributor, is_outside
    from {{ ref('subspace_column_errors') }}

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

-- 1. What is expected: what the periods of the reference are about the components of the others, and a little more, since components were
--    fitted on them. The interval is that of a whole period; the limits of a single row are in python_checks/components/limits.py.
expectations as (

    select
        subspace_distances.*,
        case
            when kind = 'count' then 0e0
            when compared_count >= {{ least_periods }} and kind in ('overlap', 'shift') then power(usual_scaled, 3) * thinness
            when compared_count >= {{ least_periods }} then exp(usual_scaled)
            when kind in ('overlap', 'shift') then noise
            when plain_metric = 'reconstruction_error' then reference_value * (1 + 2 * overfitting)
            else reference_value * (1 + overfitting)
        end as expected_distance
    from subspace_distances
    inner join settings
        on subspace_distances.monitor = settings.monitor

),

-- so wide that chance exceeds either end in one of a thousand periods; the spread is never smaller than that of independent normal rows
intervals as (

    select
        expectations.*,
        case when compared_count >= {{ least_periods }} then greatest(
            scaled_spread * sqrt(1 + 1e0 / compared_count) * case when kind = 'error' then sqrt(thinness) else 1e0 end,
            case
                when kind = 'error' then noise / nullif(expected_distance, 0)
                when kind = 'shift' then usual_scaled * sqrt(2e0 / (9 * nullif(component_count, 0)))
                else 0e0
            end
        ) * {{ data_health.student_point('3.0902323e0', 'degrees_of_freedom') }} end as half_width
    from expectations

),

effects as (

    select
        intervals.*,
        case when kind = 'error' then expected_distance * exp(-half_width) else 0e0 end as lower_distance,
        case when kind = 'error' then expected_distance * exp(half_width) else power(usual_scaled + half_width, 3) * thinness end
            as upper_distance,
        -- rounding is no error
        greatest(expected_distance, 1e-6 * column_count) as least_distance,
        case
            when kind = 'overlap' then greatest(distance - expected_distance, 0e0) * 2
            when kind = 'shift' then greatest(distance - expected_distance, 0e0)
            when abs(distance - expected_distance) <= 1e-6 * column_count then 0e0
            else abs(distance / greatest(expected_distance, 1e-6 * column_count) - 1)
        end as effect
    from intervals

),

-- 2. How bad it is.
judged as (

    select
        effects.*,
        case
            when kind = 'count' and distance > 0 then 2
            when kind = 'count' then 0
            when not has_enough_rows then null
            -- too few periods to know the spread: only what no spread explains
            when compared_count < {{ least_periods }}
                and metric like '%of_clipped_values'
                and abs(distance - expected_distance) > 10 * noise
                and (
                    (kind = 'error' and (distance > 2 * least_distance or distance < 0.5e0 * least_distance))
                    or (kind = 'shift' and effect > 0.25e0)
                ) then 2
            when compared_count < {{ least_periods }} then null
            when distance between lower_distance and upper_distance or effect < 0.1e0 then 0
            when effect < 0.25e0 then 1
            else 2
        end as severity
    from effects

),

compared_severities as (

    select
        judged.*,
        -- null where clipped values were counted on another grid, -1 where they cannot be judged
        max(case when metric <> plain_metric then coalesce(severity, -1) end) over (
            partition by monitor, reference, period_start, plain_metric
        ) as clipped_severity
    from judged

),

-- a few cells far out can move a mean square anywhere: what all values say counts where clipped ones confirm it
confirmed as (

    select
        compared_severities.*,
        case
            when severity is null or kind = 'count' or metric <> plain_metric or coalesce(clipped_severity, 1) > 0 then severity
            when clipped_severity = 0 then 0
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
        else 'columns that are constant or without values in the reference, and are not so in the period'
    end
        || case when confirmed.metric <> confirmed.plain_metric then ', of values clipped at 10 scales of the fitted bins' else '' end
        as definition,
    confirmed.value,
    confirmed.reference_value,
    case when confirmed.reference_value > 1e-9 * confirmed.column_count then confirmed.value / confirmed.reference_value end as ratio,
    cast(case
        when confirmed.confirmed_severity is null then null
        when confirmed.kind = 'overlap' then 1 - confirmed.expected_distance
        else confirmed.expected_distance
    end as double precision) as expected_value,
    cast(case
        when confirmed.confirmed_severity is null then null
        when confirmed.kind = 'count' then 0e0
        when confirmed.kind = 'overlap' then greatest(0e0, 1 - confirmed.upper_distance)
        else confirmed.lower_distance
    end as double precision) as expected_lower,
    cast(case
        when confirmed.confirmed_severity is null then null
        when confirmed.kind = 'count' then 0e0
        when confirmed.kind = 'overlap' then 1e0
        else confirmed.upper_distance
    end as double precision) as expected_upper,
    confirmed.component_count,
    confirmed.column_count,
    confirmed.row_count,
    confirmed.effective_row_count,
    case when confirmed.kind <> 'count' then confirmed.compared_count end as compared_period_count,
    case when confirmed.kind <> 'count' and confirmed.compared_count > 0
        then case when confirmed.has_members then 'periods of the reference' else 'periods of the reference and before' end end
        as compared_periods,
    confirmed.largest_contributor,
    references_without.column_names as left_out_columns,
    case confirmed.confirmed_severity when 2 then 'alert' when 1 then 'warn' when 0 then 'ok' else 'insufficient_data' end as status,
    case
        when confirmed.confirmed_severity is not null then null
        when not confirmed.has_enough_rows then 'too few rows: a period needs 1 row per column, and the reference 20 rows per column'
        else 'only ' || cast(confirmed.compared_count as varchar) || ' periods show the usual spread; {{ least_periods }} are needed'
    end as reason,
    {{ data_health.run_time() }} as built_at
from confirmed
left join references_without
    on confirmed.monitor = references_without.monitor
    and confirmed.reference = references_without.reference

union all

-- 3. One column among many.
select
    confirmed.monitor,
    confirmed.period_start,
    confirmed.period_end,
    confirmed.is_latest,
    confirmed.reference,
    'column_error_of_clipped_values' as metric,
    'largest part of one column in the reconstruction error, of values clipped at 10 scales of the fitted bins' as definition,
    column_errors.value,
    cast(null as double precision) as reference_value,
    column_errors.value / column_errors.expected_value as ratio,
    column_errors.expected_value,
    0e0 as expected_lower,
    column_errors.upper_limit as expected_upper,
    confirmed.component_count,
    confirmed.column_count,
    confirmed.row_count,
    confirmed.effective_row_count,
    cast(column_errors.compared_count as bigint) as compared_period_count,
    'periods of the reference' as compared_periods,
    column_errors.largest_contributor,
    references_without.column_names as left_out_columns,
    case
        when not column_errors.is_outside then 'ok'
        when column_errors.value >= 2.5e0 * column_errors.expected_value then 'alert'
        else 'warn'
    end as status,
    cast(null as varchar) as reason,
    {{ data_health.run_time() }} as built_at
from confirmed
inner join column_errors
    on confirmed.monitor = column_errors.monitor
    and confirmed.reference = column_errors.reference
    and confirmed.period_start = column_errors.period_start
left join references_without
    on confirmed.monitor = references_without.monitor
    and confirmed.reference = references_without.reference
where confirmed.metric = 'reconstruction_error_of_clipped_values'
