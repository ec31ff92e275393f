{{ config(enabled=data_health.part_is_on('representation')) }}
{%- do data_health.begin_model() %}
{#- a share, its numerator and its denominator -#}
{%- set rates = [
    ('label_coverage', 'labelled_count', 'row_count'),
    ('label_rate', 'positive_count', 'labelled_count'),
    ('selection_rate', 'predicted_positive_count', 'predicted_count'),
    ('true_positive_rate', 'true_positive_count', 'judged_positive_count'),
    ('false_positive_rate', 'false_positive_count', 'judged_negative_count')
] %}
{%- set names = rates | map(attribute=0) | list + ['missing_share'] %}
{%- set z = '1.959963984540054e0' %}
with settings as (

    select monitor, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

comparisons as (

    select comparison_number, monitor
    from {{ ref('representation_comparisons') }}

),

groups as (

    select
        comparison_number,
        subgroup_number,
        group_value,
        row_count,
        labelled_count,
        positive_count,
        predicted_count,
        predicted_positive_count,
        judged_positive_count,
        judged_count - judged_positive_count as judged_negative_count,
        true_positive_count,
        false_positive_count,
        missing_count,
        feature_value_count
    from {{ ref('representation_groups') }}

),

-- 1. The group's own rates, none of them without rows enough to be one.
supported_counts as (

    select
        comparison_number,
        subgroup_number,
        group_value,
        cast(row_count as double precision) as row_count,
        cast(labelled_count as double precision) as labelled_count,
        cast(positive_count as double precision) as positive_count,
        cast(predicted_count as double precision) as predicted_count,
        cast(predicted_positive_count as double precision) as predicted_positive_count,
        cast(case when judged_positive_count >= 10 then judged_positive_count end as double precision) as judged_positive_count,
        cast(case when judged_negative_count >= 10 then judged_negative_count end as double precision) as judged_negative_count,
        cast(coalesce(true_positive_count, 0) as double precision) as true_positive_count,
        cast(coalesce(false_positive_count, 0) as double precision) as false_positive_count,
        -- one row is one observation, however many features it has: their gaps come together
        cast(missing_count as double precision) / nullif(feature_value_count, 0) as missing_share
    from groups

),

rates as (

    select
        comparison_number,
        subgroup_number,
        group_value,
        missing_share,
        {%- for name, part, whole in rates %}
        {{ part }} / nullif({{ whole }}, 0e0) as {{ name }},
        {%- endfor %}
        {%- for name, part, whole in rates + [('missing_share', 'missing_share * row_count', 'row_count')] %}
        {%- set share, rows = '(' ~ part ~ ' / nullif(' ~ whole ~ ', 0e0))', 'nullif(' ~ whole ~ ', 0e0)' %}
        {%- set middle = '(' ~ share ~ ' + ' ~ z ~ ' * ' ~ z ~ ' / (2 * ' ~ rows ~ '))' %}
        {%- set reach = z ~ ' * sqrt(greatest(' ~ share ~ ' * (1 - ' ~ share ~ '), 0e0) / ' ~ rows ~ ' + ' ~ z ~ ' * ' ~ z ~ ' / (4 * ' ~ rows ~ ' * ' ~ rows ~ '))' %}
        case when {{ part }} = 0e0 and {{ whole }} > 0e0 then 0e0 when {{ part }} is not null and {{ whole }} > 0e0 then greatest(({{ middle }} - {{ reach }}) / (1 + {{ z }} * {{ z }} / {{ rows }}), 0e0) end as {{ name }}_lower,
        case when {{ part }} is not null and {{ whole }} > 0e0 then least(({{ middle }} + {{ reach }}) / (1 + {{ z }} * {{ z }} / {{ rows }}), 1e0) end as {{ name }}_upper{{ ',' if not loop.last }}
        {%- endfor %}
    from supported_counts

),

-- 2. Four fifths: each group's selection rate against that of the group which is selected most often
selections as (

    select
        groups.comparison_number,
        groups.subgroup_number,
        groups.group_value,
        groups.predicted_count,
        settings.minimum_rows,
        cast(groups.predicted_positive_count as double precision) as selected_count,
        rates.selection_rate,
        row_number() over (
            partition by groups.comparison_number, groups.subgroup_number
            order by case when groups.predicted_count >= settings.minimum_rows then rates.selection_rate else -1e0 end desc nulls last, groups.group_value
        ) as selection_rank
    from groups
    inner join comparisons
        on groups.comparison_number = comparisons.comparison_number
    inner join settings
        on comparisons.monitor = settings.monitor
    inner join rates
        on groups.comparison_number = rates.comparison_number
        and groups.subgroup_number = rates.subgroup_number
        and groups.group_value = rates.group_value

),

best_groups as (

    select comparison_number, subgroup_number, group_value as best_group, predicted_count as best_count, selected_count as best_selected_count, selection_rate as best_rate
    from selections
    where selection_rank = 1
        and predicted_count >= minimum_rows
        and selected_count > 0

),

selection_ratios as (

    select
        selections.comparison_number,
        selections.subgroup_number,
        selections.group_value,
        selections.predicted_count,
        selections.minimum_rows,
        best_groups.best_group,
        selections.selection_rate / best_groups.best_rate as selection_ratio,
        case when selections.selection_rank > 1 then
            (selections.selected_count + case when selections.selected_count = 0 then 0.5e0 else 0e0 end)
                / (selections.predicted_count + case when selections.selected_count = 0 then 0.5e0 else 0e0 end) / best_groups.best_rate end as compared_ratio,
        case when selections.selection_rank > 1 then
            sqrt(greatest(1 / greatest(selections.selected_count, 0.5e0) - 1 / nullif(cast(selections.predicted_count as double precision), 0e0)
                + 1 / best_groups.best_selected_count - 1 / cast(best_groups.best_count as double precision), 0e0)) end as selection_error
    from selections
    left join best_groups
        on selections.comparison_number = best_groups.comparison_number
        and selections.subgroup_number = best_groups.subgroup_number

)

select
    rates.comparison_number,
    rates.subgroup_number,
    rates.group_value,
    {%- for name in names %}
    rates.{{ name }},
    rates.{{ name }}_lower,
    rates.{{ name }}_upper,
    {%- endfor %}
    selection_ratios.best_group,
    selection_ratios.selection_ratio,
    case when selection_ratios.selection_ratio > 0e0 then selection_ratios.compared_ratio * exp(- {{ z }} * selection_ratios.selection_error) when selection_ratios.selection_ratio = 0e0 then 0e0 end as selection_ratio_lower,
    selection_ratios.compared_ratio * exp({{ z }} * selection_ratios.selection_error) as selection_ratio_upper,
    case
        when rates.selection_rate is null then null
        when selection_ratios.predicted_count < selection_ratios.minimum_rows or selection_ratios.selection_ratio is null then 'insufficient_data'
        when selection_ratios.compared_ratio * exp({{ z }} * selection_ratios.selection_error) < 0.8e0 then 'warn'
        when selection_ratios.selection_ratio < 0.8e0 then 'insufficient_data'
        else 'ok'
    end as selection_status
from rates
inner join selection_ratios
    on rates.comparison_number = selection_ratios.comparison_number
    and rates.subgroup_number = selection_ratios.subgroup_number
    and rates.group_value = selection_ratios.group_value
