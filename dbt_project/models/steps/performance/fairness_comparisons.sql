{{ config(enabled='performance' in data_health.parts_on() and data_health.is_configured('subgroups'), materialized='ephemeral') }}
{%- set references = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.parts.performance %}
    {%- for subgroup, entry in monitor.fairness.items() if entry.reference %}
        {%- do references.append([monitor.name, subgroup | replace(' ', '') | lower, entry.reference]) %}
    {%- endfor %}
{%- endfor %}
with rates as (

    select
        fairness_rates.*,
        monitor || '|' || dataset || '|' || coalesce(cast(period_start as varchar), 'none') || '|' || coalesce(model_version, '(none)')
            || '|' || metric as family_key
    from (select * from {{ ref('fairness_rates') }}) as fairness_rates

),

reference_groups as (
{{ data_health.rows_as_table({'monitor': 'varchar', 'subgroup_key': 'varchar', 'group_value': 'varchar'}, references) }}

),

wholes as (

    select family_key, hits, weight, squares, value, variance, effective_count
    from rates
    where subgroup = '(all)'

),

ranked_rates as (

    select
        rates.*,
        row_number() over (
            partition by rates.family_key, rates.subgroup
            order by case
                when rates.metric in ('false_positive_rate', 'false_omission_rate') then -rates.value
                when rates.metric = 'calibration_gap' then -abs(rates.value)
                else rates.value
            end desc nulls last, rates.group_value nulls last
        ) as best_rank,
        coalesce(rates.group_value = reference_groups.group_value, false) as is_reference,
        -- 0 where a group is named and no row has it
        max(case when rates.group_value = reference_groups.group_value then 1 when reference_groups.group_value is not null then 0 end)
            over (partition by rates.family_key, rates.subgroup) as named_group_count
    from rates
    left join reference_groups
        on rates.monitor = reference_groups.monitor
        and replace(lower(rates.subgroup), ' ', '') = reference_groups.subgroup_key
    where rates.subgroup <> '(all)'

),

-- 1. All rows are the group and the others: a difference to all rows is so much of the difference to the others.
against_all as (

    select
        ranked_rates.*,
        '(all)' as reference,
        wholes.value as reference_value,
        case when ranked_rates.hits is null then wholes.value
            else (wholes.hits - ranked_rates.hits) / nullif(wholes.weight - ranked_rates.weight, 0e0) end as other_value,
        case when ranked_rates.hits is null then wholes.effective_count
            when wholes.weight > ranked_rates.weight and wholes.squares > ranked_rates.squares
                then power(wholes.weight - ranked_rates.weight, 2) / (wholes.squares - ranked_rates.squares) end as other_count,
        wholes.variance as other_variance,
        case when ranked_rates.hits is null then 1e0 else 1 - ranked_rates.weight / nullif(wholes.weight, 0e0) end as factor
    from ranked_rates
    inner join wholes
        on ranked_rates.family_key = wholes.family_key

),

against_a_group as (

    select
        ranked_rates.*,
        case comparison when 'best' then '(best group)' else '(reference group)' end as reference,
        others.value as reference_value,
        others.value as other_value,
        others.effective_count as other_count,
        others.variance as other_variance,
        1e0 as factor
    from ranked_rates
    cross join (values ('best'), ('reference')) as comparisons (comparison)
    inner join ranked_rates as others
        on ranked_rates.family_key = others.family_key
        and ranked_rates.subgroup = others.subgroup
        and case comparison when 'best' then others.best_rank = 1 and others.value is not null else others.is_reference end
        and ranked_rates.group_value <> others.group_value

),

against_no_group as (

    select
        ranked_rates.*,
        '(reference group)' as reference,
        cast(null as double precision) as reference_value,
        cast(null as double precision) as other_value,
        cast(null as double precision) as other_count,
        cast(null as double precision) as other_variance,
        1e0 as factor
    from ranked_rates
    where named_group_count = 0

),

compared as (

    select * from against_all
    union all
    select * from against_a_group
    union all
    select * from against_no_group

),

-- 2. Wilson's interval of each share; of another value, a normal one.
measured as (

    select
        compared.*,
        value as group_share,
        other_value as other_share,
        {%- for name, share, rows, variance in [
            ('group', 'value', 'effective_count', 'variance'), ('other', 'other_value', 'other_count', 'other_variance')
        ] %}
        case when hits is null then {{ share }} else {{ data_health.wilson('centre', share, rows) }} end as {{ name }}_centre,
        case when hits is null then 1.959963984540054e0 * sqrt({{ variance }})
            else {{ data_health.wilson('margin', share, rows) }} end as {{ name }}_margin,
        {%- endfor %}
        case when hits is null then other_variance else other_value * (1 - other_value) / other_count end as variance_of_other
    from compared

)

select
    monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value, metric, reference,
    row_count, labelled_count, positive_count, negative_count, minimum_rows, missing_reason, hits is not null as is_share,
    named_group_count,
    value,
    group_centre - group_margin as value_lower,
    group_centre + group_margin as value_upper,
    reference_value,
    factor * (value - other_value) as difference,
    factor * ({{ data_health.newcombe('lower', 'group', 'other') }}) as difference_lower,
    factor * ({{ data_health.newcombe('upper', 'group', 'other') }}) as difference_upper,
    case when metric <> 'calibration_gap' then value / nullif(reference_value, 0e0) end as ratio,
    case when metric <> 'calibration_gap' and value > 0e0 and reference_value > 0e0 then sqrt(greatest(
        power(1 / value - (1 - factor) / reference_value, 2) * variance + power(factor / reference_value, 2) * variance_of_other, 0e0
    )) end as log_ratio_error
from measured
