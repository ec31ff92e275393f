{{ config(
    enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases'),
    materialized='ephemeral'
) }}
{#- the rates of health_fairness: what is counted, and among what -#}
{%- set rates = {
    'selection_rate': [['selected'], ['selected', 'unselected']],
    'true_positive_rate': [['true_positive'], ['true_positive', 'false_negative']],
    'false_positive_rate': [['false_positive'], ['false_positive', 'true_negative']],
    'precision': [['true_positive'], ['true_positive', 'false_positive']],
    'false_omission_rate': [['false_negative'], ['false_negative', 'true_negative']],
    'accuracy': [['true_positive', 'true_negative'], ['true_positive', 'true_negative', 'false_positive', 'false_negative']]
} %}
{%- set cells = {
    'true_positive': 'predicted = 1 and label = 1', 'false_positive': 'predicted = 1 and label = 0',
    'false_negative': 'predicted = 0 and label = 1', 'true_negative': 'predicted = 0 and label = 0',
    'selected': 'predicted = 1', 'unselected': 'predicted = 0'
} %}
with checks as (

    select *
    from {{ ref('known_bias_entries') }}
    where is_gap
        and problem is null
        and dataset is not null

),

population_names as (

    select monitor, subgroup_key, group_value, population_value
    from {{ ref('population_names') }}

),

distributions as (

    select
        period_key, model_version, replace(lower(subgroup), ' ', '') as subgroup_key, group_value, predicted, label,
        row_count, weight_sum, squared_weight_sum
    from {{ data_health.named_model('score_distributions', 'performance' in data_health.parts_on(), {
        'period_key': 'varchar', 'model_version': 'varchar', 'subgroup': 'varchar', 'group_value': 'varchar', 'predicted': 'integer',
        'label': 'integer', 'row_count': 'bigint', 'weight_sum': 'double precision', 'squared_weight_sum': 'double precision'
    }) }}

),

dataset_periods as (

    select dataset_period_key, stored_period_key
    from {{ ref('dataset_periods') }}

),

-- 1. The rows of the group and of all others, by version; the group is named as the table does, or as the population does.
sides as (

    select
        checks.entry_number,
        checks.dataset,
        checks.span,
        distributions.model_version,
        case when distributions.group_value = checks.group_value or population_names.population_value = checks.group_value
            then 'group' else 'other' end as side,
        max(checks.metric) as metric,
        max(checks.minimum_rows) as minimum_rows,
        sum(distributions.row_count) as row_count,
        {%- for name, condition in cells.items() %}
        sum(case when {{ condition }} then row_count else 0 end) as {{ name }}_count,
        sum(case when {{ condition }} then weight_sum else 0e0 end) as {{ name }}_weight,
        sum(case when {{ condition }} then squared_weight_sum else 0e0 end) as {{ name }}_squares{{ ',' if not loop.last }}
        {%- endfor %}
    from checks
    inner join dataset_periods
        on checks.dataset_period_key = dataset_periods.dataset_period_key
    inner join distributions
        on dataset_periods.stored_period_key = distributions.period_key
        and checks.subgroup_key = distributions.subgroup_key
        and coalesce(checks.version, distributions.model_version, '(none)') = coalesce(distributions.model_version, '(none)')
    left join population_names
        on checks.monitor = population_names.monitor
        and checks.subgroup_key = population_names.subgroup_key
        and distributions.group_value = population_names.group_value
    group by checks.entry_number, checks.dataset, checks.span, distributions.model_version, 5

),

rates as (
{%- for name, parts in rates.items() %}

    select
        entry_number, dataset, span, model_version, side, minimum_rows, row_count,
        '{{ name }}' as rate,
        ({{ parts[0] | join('_weight + ') }}_weight) / nullif({{ parts[1] | join('_weight + ') }}_weight, 0e0) as share,
        power({{ parts[1] | join('_weight + ') }}_weight, 2) / nullif({{ parts[1] | join('_squares + ') }}_squares, 0e0) as effective_count,
        {{ 'selected_count + unselected_count' if name == 'selection_rate' else 'true_positive_count + false_negative_count' }}
            as positive_count,
        {{ 'cast(null as bigint)' if name == 'selection_rate' else 'false_positive_count + true_negative_count' }} as negative_count
    from sides
    where metric = '{{ name }}_gap'{{ " or metric = 'equalized_odds'" if name in ['true_positive_rate', 'false_positive_rate'] }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- 2. One rate of the group beside that of the others, with Wilson's intervals whose ends are one-sided bounds of 95 %.
known_rates as (

    select
        rates.*,
        case
            when negative_count is null and positive_count < minimum_rows then 'fewer than ' || minimum_rows || ' rows with a prediction'
            when positive_count < 10 then 'fewer than 10 rows with a positive label and a prediction'
            when negative_count < 10 then 'fewer than 10 rows with a negative label and a prediction'
            when share is null then 'no row counts for this rate'
        end || case side when 'other' then ' in the other groups' else '' end as gap_in_data,
        {{ data_health.wilson('centre', 'share', 'effective_count', '1.6448536269514722e0') }} as centre,
        {{ data_health.wilson('margin', 'share', 'effective_count', '1.6448536269514722e0') }} as margin
    from rates

),

pairs as (

    select
        entry_number,
        dataset,
        span,
        model_version,
        rate,
        max(case side when 'group' then gap_in_data end) as group_gap,
        max(case side when 'other' then gap_in_data end) as other_gap,
        max(case side when 'group' then row_count end) as group_row_count,
        sum(row_count) as base_row_count,
        max(case side when 'group' then effective_count end) as group_count,
        {%- for side in ['group', 'other'] %}
        {%- for name in ['share', 'centre', 'margin'] %}
        max(case side when '{{ side }}' then {{ name }} end) as {{ side }}_{{ name }},
        {%- endfor %}
        {%- endfor %}
        count(*) as side_count
    from known_rates
    group by entry_number, dataset, span, model_version, rate

),

differences as (

    select
        pairs.*,
        case
            when side_count < 2 then 'only one of the group and the others has a prediction'
            else coalesce(group_gap, other_gap)
        end as gap_in_data,
        group_share - other_share as difference,
        {{ data_health.newcombe('lower', 'group', 'other') }} as difference_lower,
        {{ data_health.newcombe('upper', 'group', 'other') }} as difference_upper
    from pairs

)

-- 3. The larger of two gaps is within a threshold if both are.
select
    entry_number,
    dataset,
    span,
    model_version,
    cast(max(coalesce(group_row_count, 0)) as bigint) as group_row_count,
    cast(max(base_row_count) as bigint) as base_row_count,
    max(gap_in_data) as gap_in_data,
    min(group_count) as share_count,
    case when max(gap_in_data) is null then max(abs(difference)) end as value,
    case when max(gap_in_data) is null then max(greatest(difference_lower, -difference_upper, 0e0)) end as value_lower,
    case when max(gap_in_data) is null then max(greatest(difference_upper, -difference_lower)) end as value_upper
from differences
group by entry_number, dataset, span, model_version
