{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
{%- set counts = [
    'row_count', 'weighted_count', 'labelled_count', 'positive_count', 'predicted_count', 'predicted_positive_count', 'judged_count',
    'judged_positive_count', 'true_positive_count', 'false_positive_count', 'missing_count', 'feature_value_count'
] %}
{%- set sums = ['weight_sum', 'squared_weight_sum'] %}
{%- set of_reference = ['row_count', 'weight_sum', 'squared_weight_sum'] %}
with pairs as (

    select
        comparison_number, monitor, dataset, dataset_period_key, period_start, period_end, is_latest,
        reference, reference_dataset, reference_period_key, naming
    from {{ ref('representation_comparisons') }}

),

counted as (

    select
        dataset_period_key,
        subgroup_number,
        naming,
        group_value,
        has_null,
        {%- for name in counts + sums %}
        {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('subgroup_periods') }}

),

counted_periods as (

    select distinct dataset_period_key
    from counted

),

-- a period that was gone before these subgroups were asked for has none of them
comparisons as (

    select pairs.*
    from pairs
    inner join counted_periods
        on pairs.dataset_period_key = counted_periods.dataset_period_key

),

declared_columns as (

    select monitor, subgroup_number, subgroup, column_name
    from {{ ref('declared_subgroups') }}

),

subgroups as (

    select distinct monitor, subgroup_number, subgroup
    from declared_columns

),

table_columns as (

    select monitor, dataset, lower(column_name) as column_name
    from {{ ref('monitored_columns') }}
    where valid_to is null

),

known_datasets as (

    select distinct monitor, dataset
    from table_columns

),

-- a reference that lacks a column of a subgroup has none of its groups
lacking as (

    select distinct
        declared_columns.monitor,
        known_datasets.dataset,
        declared_columns.subgroup_number
    from declared_columns
    inner join known_datasets
        on declared_columns.monitor = known_datasets.monitor
    left join table_columns
        on declared_columns.monitor = table_columns.monitor
        and known_datasets.dataset = table_columns.dataset
        and lower(declared_columns.column_name) = table_columns.column_name
    where table_columns.column_name is null

),

population as (

    select monitor, subgroup_key, group_value, share
    from {{ ref('population_groups') }}

),

-- groups that one side has and the other lacks are there with no rows
sides as (

    select
        comparisons.comparison_number,
        counted.subgroup_number,
        counted.group_value,
        counted.has_null,
        {%- for name in counts + sums %}
        counted.{{ name }},
        {%- endfor %}
        {%- for name in of_reference %}
        cast(null as {{ 'bigint' if name == 'row_count' else 'double precision' }}) as reference_{{ name }},
        {%- endfor %}
        cast(null as double precision) as population_share
    from comparisons
    inner join counted
        on comparisons.dataset_period_key = counted.dataset_period_key
        and comparisons.naming = counted.naming

    union all

    select
        comparisons.comparison_number,
        counted.subgroup_number,
        counted.group_value,
        counted.has_null,
        {%- for name in counts %}
        cast(null as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in sums %}
        cast(null as double precision) as {{ name }},
        {%- endfor %}
        {%- for name in of_reference %}
        counted.{{ name }} as reference_{{ name }},
        {%- endfor %}
        cast(null as double precision) as population_share
    from comparisons
    inner join counted
        on comparisons.reference_period_key = counted.dataset_period_key
        and comparisons.naming = counted.naming

    union all

    select
        comparisons.comparison_number,
        subgroups.subgroup_number,
        population.group_value,
        population.group_value = '(null)' as has_null,
        {%- for name in counts %}
        cast(null as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in sums %}
        cast(null as double precision) as {{ name }},
        {%- endfor %}
        {%- for name in of_reference %}
        cast(null as {{ 'bigint' if name == 'row_count' else 'double precision' }}) as reference_{{ name }},
        {%- endfor %}
        population.share as population_share
    from comparisons
    inner join population
        on comparisons.monitor = population.monitor
    inner join subgroups
        on population.monitor = subgroups.monitor
        and population.subgroup_key = replace(lower(subgroups.subgroup), ' ', '')
    where comparisons.reference = '(population)'

),

side_by_side as (

    select
        comparison_number,
        subgroup_number,
        group_value,
        max(case when has_null then 1 else 0 end) = 1 as has_null,
        {%- for name in counts %}
        cast({{ 'sum(' ~ name ~ ')' if 'positive' in name else 'coalesce(sum(' ~ name ~ '), 0)' }} as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in sums %}
        coalesce(sum({{ name }}), 0e0) as {{ name }},
        {%- endfor %}
        cast(coalesce(sum(reference_row_count), 0) as bigint) as reference_row_count,
        coalesce(sum(reference_weight_sum), 0e0) as reference_weight_sum,
        coalesce(sum(reference_squared_weight_sum), 0e0) as reference_squared_weight_sum,
        max(population_share) as population_share
    from sides
    group by comparison_number, subgroup_number, group_value

)

select
    side_by_side.comparison_number,
    comparisons.monitor,
    comparisons.dataset,
    comparisons.period_start,
    comparisons.period_end,
    comparisons.is_latest,
    comparisons.reference,
    side_by_side.subgroup_number,
    subgroups.subgroup,
    side_by_side.group_value,
    side_by_side.has_null,
    {%- for name in counts + sums %}
    side_by_side.{{ name }},
    {%- endfor %}
    side_by_side.reference_row_count,
    side_by_side.reference_weight_sum,
    side_by_side.reference_squared_weight_sum,
    side_by_side.population_share,
    lacking_here.monitor is not null as is_lacking_here,
    lacking_there.monitor is not null as is_lacking_in_reference
from side_by_side
inner join comparisons
    on side_by_side.comparison_number = comparisons.comparison_number
inner join subgroups
    on comparisons.monitor = subgroups.monitor
    and side_by_side.subgroup_number = subgroups.subgroup_number
left join lacking as lacking_here
    on comparisons.monitor = lacking_here.monitor
    and comparisons.dataset = lacking_here.dataset
    and side_by_side.subgroup_number = lacking_here.subgroup_number
left join lacking as lacking_there
    on comparisons.monitor = lacking_there.monitor
    and comparisons.reference_dataset = lacking_there.dataset
    and side_by_side.subgroup_number = lacking_there.subgroup_number
