{{ config(enabled='representation' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set parts = range(1, 9) %}
{%- set counts = [
    'row_count', 'weighted_count', 'labelled_count', 'positive_count', 'predicted_count', 'predicted_positive_count', 'judged_count',
    'judged_positive_count', 'true_positive_count', 'false_positive_count', 'missing_count', 'feature_value_count'
] %}
with settings as (

    select monitor, has_population
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

declared_subgroups as (

    select monitor, attributes_key, subgroup_number, subgroup, part_number, position, column_name
    from {{ ref('declared_subgroups') }}

),

names as (

    select monitor, subgroup_key, group_value, population_value
    from {{ ref('population_names') }}

),

cells as (

    select
        period_key,
        monitor,
        attributes_key,
        {%- for number in parts %}
        value_{{ number }},
        {%- endfor %}
        {%- for name in counts if name != 'feature_value_count' %}
        {{ name }},
        {%- endfor %}
        row_count * feature_count as feature_value_count,
        weight_sum,
        squared_weight_sum
    from {{ ref('subgroup_cells') }}

),

dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end, stored_period_key, is_latest
    from {{ ref('dataset_periods') }}

),

-- 1. Each subgroup as one row: which value of a cell is its first part, its second …
subgroups as (

    select
        declared_subgroups.monitor,
        declared_subgroups.attributes_key,
        declared_subgroups.subgroup_number,
        declared_subgroups.subgroup,
        settings.has_population,
        count(*) as part_count
        {%- for number in parts %},
        max(case when declared_subgroups.part_number = {{ number }} then declared_subgroups.position end) as position_{{ number }},
        max(case when declared_subgroups.part_number = {{ number }}
            then replace(lower(declared_subgroups.column_name), ' ', '') end) as key_{{ number }}
        {%- endfor %}
    from declared_subgroups
    inner join settings
        on declared_subgroups.monitor = settings.monitor
    group by
        declared_subgroups.monitor,
        declared_subgroups.attributes_key,
        declared_subgroups.subgroup_number,
        declared_subgroups.subgroup,
        settings.has_population

),

-- 2. The cells of a stored period, summed over the columns that a subgroup leaves out.
parts_of_cells as (

    select
        cells.period_key,
        subgroups.monitor,
        subgroups.subgroup_number,
        {%- for number in parts %}
        case subgroups.position_{{ number }}
            {%- for position in parts %}
            when {{ position }} then cells.value_{{ position }}
            {%- endfor %}
        end as part_{{ number }},
        {%- endfor %}
        {%- for name in counts + ['weight_sum', 'squared_weight_sum'] %}
        cells.{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    inner join subgroups
        on cells.monitor = subgroups.monitor
        and cells.attributes_key = subgroups.attributes_key

),

summed_parts as (

    select
        period_key,
        monitor,
        subgroup_number,
        {%- for number in parts %}
        part_{{ number }},
        {%- endfor %}
        {%- for name in counts + ['weight_sum', 'squared_weight_sum'] %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from parts_of_cells
    group by period_key, monitor, subgroup_number, part_1, part_2, part_3, part_4, part_5, part_6, part_7, part_8

),

-- 3. Groups as text. What could be taken for something else stands in quotes: a text (null), a comma inside a value of several parts.
distinct_parts as (

    select distinct
        summed_parts.monitor,
        summed_parts.subgroup_number,
        subgroups.subgroup,
        subgroups.has_population,
        subgroups.part_count
        {%- for number in parts %},
        summed_parts.part_{{ number }},
        subgroups.key_{{ number }},
        case
            when summed_parts.part_{{ number }} is null then '(null)'
            when summed_parts.part_{{ number }} = '(null)' or left(summed_parts.part_{{ number }}, 1) = '"'
                then '"' || replace(summed_parts.part_{{ number }}, '"', '""') || '"'
            else summed_parts.part_{{ number }}
        end as text_{{ number }}
        {%- endfor %}
    from summed_parts
    inner join subgroups
        on summed_parts.monitor = subgroups.monitor
        and summed_parts.subgroup_number = subgroups.subgroup_number

),

named_parts as (

    select
        distinct_parts.*
        {%- for number in parts %},
        coalesce(names_{{ number }}.population_value, distinct_parts.text_{{ number }}) as population_text_{{ number }}
        {%- endfor %}
    from distinct_parts
    {%- for number in parts %}
    left join names as names_{{ number }}
        on distinct_parts.monitor = names_{{ number }}.monitor
        and distinct_parts.key_{{ number }} = names_{{ number }}.subgroup_key
        and distinct_parts.text_{{ number }} = names_{{ number }}.group_value
    {%- endfor %}

),

spelled_parts as (

    {%- for naming, text in [('table', 'text_'), ('population', 'population_text_')] %}
    {{ 'union all' if not loop.first }}

    select
        monitor,
        subgroup_number,
        subgroup,
        part_count,
        {%- for number in parts %}
        part_{{ number }},
        {%- endfor %}
        '{{ naming }}' as naming,
        {% for number in parts -%}
        case when part_count >= {{ number }} then {{ "', ' || " if number > 1 }}case
            when part_count > 1 and {{ text }}{{ number }} like '%, %' and left({{ text }}{{ number }}, 1) <> '"'
                then '"' || replace({{ text }}{{ number }}, '"', '""') || '"'
            else {{ text }}{{ number }}
        end else '' end {{ '|| ' if not loop.last }}
        {%- endfor -%} as spelled,
        {% for number in parts -%}
        (part_count >= {{ number }} and {{ text }}{{ number }} = '(null)'){{ ' or ' if not loop.last }}
        {%- endfor %} as has_null
    from named_parts
    {{ 'where has_population' if naming == 'population' }}
    {%- endfor %}

),

groups as (

    select
        spelled_parts.monitor,
        spelled_parts.subgroup_number,
        spelled_parts.subgroup,
        {%- for number in parts %}
        spelled_parts.part_{{ number }},
        {%- endfor %}
        spelled_parts.naming,
        case
            when spelled_parts.naming = 'population' then coalesce(names.population_value, spelled_parts.spelled)
            else spelled_parts.spelled
        end as group_value,
        spelled_parts.has_null and (spelled_parts.naming = 'table' or names.population_value is null) as has_null
    from spelled_parts
    left join names
        on spelled_parts.monitor = names.monitor
        and replace(lower(spelled_parts.subgroup), ' ', '') = names.subgroup_key
        and spelled_parts.spelled = names.group_value
        and spelled_parts.part_count > 1

)

select
    dataset_periods.monitor,
    dataset_periods.dataset,
    dataset_periods.dataset_period_key,
    dataset_periods.period_start,
    dataset_periods.period_end,
    dataset_periods.is_latest,
    groups.subgroup_number,
    groups.subgroup,
    groups.naming,
    groups.group_value,
    max(case when groups.has_null then 1 else 0 end) = 1 as has_null,
    {%- for name in counts %}
    cast(sum(summed_parts.{{ name }}) as bigint) as {{ name }},
    {%- endfor %}
    sum(summed_parts.weight_sum) as weight_sum,
    sum(summed_parts.squared_weight_sum) as squared_weight_sum
from summed_parts
inner join groups
    on summed_parts.monitor = groups.monitor
    and summed_parts.subgroup_number = groups.subgroup_number
    {%- for number in parts %}
    and coalesce(summed_parts.part_{{ number }}, '(null)') = coalesce(groups.part_{{ number }}, '(null)')
    and (summed_parts.part_{{ number }} is null) = (groups.part_{{ number }} is null)
    {%- endfor %}
inner join dataset_periods
    on summed_parts.period_key = dataset_periods.stored_period_key
group by
    dataset_periods.monitor,
    dataset_periods.dataset,
    dataset_periods.dataset_period_key,
    dataset_periods.period_start,
    dataset_periods.period_end,
    dataset_periods.is_latest,
    groups.subgroup_number,
    groups.subgroup,
    groups.naming,
    groups.group_value
