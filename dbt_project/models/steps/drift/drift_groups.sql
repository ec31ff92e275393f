{{ config(enabled='drift' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
with comparisons as (

    select
        comparison_number, monitor, period_start, dataset_period_key, reference_dataset, reference_start, reference_end,
        reference_period_key, window_periods
    from {{ ref('drift_comparisons') }}

),

compared_columns as (

    select column_number, monitor, segment_column, segment_value, column_name, role, kind
    from {{ ref('drift_columns') }}
    where has_comparable_values

),

quantile_groups as (

    select comparison_number, column_number, group_number, reference_count, row_count
    from {{ ref('drift_tenths') }}

),

-- of a period with too few values to be compared alone, for the windows that add them up
quantile_groups_of_few as (

    select comparison_number, column_number, group_number, reference_count, row_count
    from {{ ref('drift_quantile_groups') }}
    where is_of_few

),

-- 1. Where there are too few finite values on one side to cut groups, all of them are one group.
finite_counts as (

    select
        compared_columns.column_number,
        profiles.monitor,
        profiles.dataset,
        coalesce(profiles.period_start, cast('0001-01-01' as date)) as period_start,
        cast(round(
            cast(profiles.row_count * (1 - coalesce(profiles.nan_share, 0) - coalesce(profiles.infinity_share, 0)) as numeric), 0
        ) as double precision) - profiles.null_count as finite_count
    from (select * from {{ ref('health_profile') }}) as profiles
    inner join compared_columns
        on profiles.monitor = compared_columns.monitor
        and profiles.segment_column = compared_columns.segment_column
        and coalesce(profiles.segment_value, '(null)') = coalesce(compared_columns.segment_value, '(null)')
        and profiles.column_name = compared_columns.column_name
    where compared_columns.kind in ('numeric', 'timestamp', 'text')

),

finite_counts_of_baselines as (

    select
        finite_counts.column_number,
        baselines.monitor,
        baselines.reference_dataset as dataset,
        baselines.reference_start as period_start,
        sum(finite_counts.finite_count) as finite_count
    from (
        select distinct monitor, reference_dataset, reference_start, reference_end
        from comparisons
        where window_periods is not null
    ) as baselines
    inner join finite_counts
        on baselines.monitor = finite_counts.monitor
        and finite_counts.dataset = 'production'
        and finite_counts.period_start >= baselines.reference_start
        and finite_counts.period_start < baselines.reference_end
    group by 1, 2, 3, 4

),

finite_counts_of_references as (

    select column_number, monitor, dataset, period_start, finite_count from finite_counts
    union all
    select column_number, monitor, dataset, period_start, finite_count from finite_counts_of_baselines

),

cut_columns as (

    select distinct comparison_number, column_number
    from quantile_groups

),

uncut_groups as (

    select
        comparisons.comparison_number,
        current_counts.column_number,
        reference_counts.finite_count as reference_count,
        current_counts.finite_count as row_count
    from comparisons
    inner join finite_counts as current_counts
        on comparisons.monitor = current_counts.monitor
        and current_counts.dataset = 'production'
        and comparisons.period_start = current_counts.period_start
    inner join finite_counts_of_references as reference_counts
        on comparisons.monitor = reference_counts.monitor
        and comparisons.reference_dataset = reference_counts.dataset
        and coalesce(comparisons.reference_start, cast('0001-01-01' as date)) = reference_counts.period_start
        and current_counts.column_number = reference_counts.column_number
    left join cut_columns
        on comparisons.comparison_number = cut_columns.comparison_number
        and current_counts.column_number = cut_columns.column_number
    where cut_columns.column_number is null
        and reference_counts.finite_count + current_counts.finite_count > 0

),

distributions as (

    select period_key, monitor, column_name, segment_column, segment_value, bin_type, category, row_count
    from {{ ref('named_distributions') }}

),

-- 2. Categories, nulls, NaN and infinities are counted one by one. A label that is not there yet is no value.
counted_values as (

    select
        drift_periods.dataset_period_key,
        compared_columns.column_number,
        distributions.bin_type,
        distributions.category,
        cast(sum(distributions.row_count) as double precision) as row_count
    from distributions
    inner join (select * from {{ ref('drift_periods') }}) as drift_periods
        on distributions.period_key = drift_periods.stored_period_key
    inner join compared_columns
        on distributions.monitor = compared_columns.monitor
        and distributions.segment_column = compared_columns.segment_column
        and coalesce(distributions.segment_value, '(null)') = coalesce(compared_columns.segment_value, '(null)')
        and distributions.column_name = compared_columns.column_name
    where distributions.bin_type in ('value', 'other', 'null', 'nan', 'negative_infinity', 'positive_infinity')
        and not (compared_columns.role = 'label' and distributions.bin_type = 'null')
    group by 1, 2, 3, 4

),

-- a reference is compared many times; its values are ranked once
ranked_values as (

    select
        counted_values.*,
        row_number() over (
            partition by dataset_period_key, column_number, case when bin_type in ('value', 'other') then 1 else 0 end
            order by row_count desc nulls last, bin_type desc nulls last, category nulls last
        ) as value_rank
    from counted_values
    where row_count > 0

),

values_of_both as (

    select
        comparisons.comparison_number,
        ranked_values.column_number,
        ranked_values.bin_type,
        ranked_values.category,
        ranked_values.value_rank,
        ranked_values.row_count as reference_count,
        cast(0 as double precision) as row_count
    from comparisons
    inner join ranked_values
        on comparisons.reference_period_key = ranked_values.dataset_period_key

    union all

    select
        comparisons.comparison_number,
        counted_values.column_number,
        counted_values.bin_type,
        counted_values.category,
        cast(null as bigint) as value_rank,
        cast(0 as double precision) as reference_count,
        counted_values.row_count
    from comparisons
    inner join counted_values
        on comparisons.dataset_period_key = counted_values.dataset_period_key

),

paired_values as (

    select
        comparison_number,
        column_number,
        bin_type,
        category,
        max(value_rank) as value_rank,
        sum(reference_count) as reference_count,
        sum(row_count) as row_count
    from values_of_both
    group by 1, 2, 3, 4

)

select
    comparison_number,
    column_number,
    'quantiles' as group_type,
    group_number,
    cast(null as varchar) as category,
    group_number as merged_group,
    reference_count,
    row_count,
    '{{ state.computed_from }}' as computed_from
from quantile_groups

union all

select
    comparison_number,
    column_number,
    'quantiles_of_few' as group_type,
    group_number,
    cast(null as varchar) as category,
    group_number as merged_group,
    reference_count,
    row_count,
    '{{ state.computed_from }}' as computed_from
from quantile_groups_of_few

union all

select
    comparison_number,
    column_number,
    'uncut' as group_type,
    cast(0 as bigint) as group_number,
    cast(null as varchar) as category,
    cast(0 as bigint) as merged_group,
    reference_count,
    row_count,
    '{{ state.computed_from }}' as computed_from
from uncut_groups

union all

select
    comparison_number,
    column_number,
    bin_type as group_type,
    value_rank as group_number,
    category,
    -- the nine most frequent values of the reference, its others, and those that it does not have
    cast(case
        when bin_type = 'null' then 100
        when bin_type = 'nan' then 101
        when bin_type = 'negative_infinity' then 102
        when bin_type = 'positive_infinity' then 103
        when value_rank is null then 10
        else least(value_rank, 10) - 1
    end as bigint) as merged_group,
    reference_count,
    row_count,
    '{{ state.computed_from }}' as computed_from
from paired_values
{%- endif %}
