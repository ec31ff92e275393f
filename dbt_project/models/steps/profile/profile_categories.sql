{{ config(enabled='profile' in data_health.parts_on(), materialized='ephemeral') }}
{#- Categories: how many, how even, and the most frequent one. #}
with dataset_periods as (

    select dataset_period_key, stored_period_key
    from {{ ref('dataset_periods') }}

),

distributions as (

    select period_key, column_name, segment_column, segment_value, bin_type, category, row_count
    from {{ ref('named_distributions') }}

),

period_categories as (

    select
        dataset_periods.dataset_period_key,
        distributions.segment_column,
        distributions.segment_value,
        distributions.column_name,
        distributions.bin_type,
        distributions.category,
        cast(sum(distributions.row_count) as double precision) as row_count
    from distributions
    inner join dataset_periods
        on distributions.period_key = dataset_periods.stored_period_key
    where distributions.bin_type in ('value', 'other')
    group by 1, 2, 3, 4, 5, 6

),

ranked_categories as (

    select
        period_categories.*,
        sum(row_count) over (partition by dataset_period_key, segment_column, segment_value, column_name) as present_count,
        row_number() over (
            partition by dataset_period_key, segment_column, segment_value, column_name
            order by case when bin_type = 'value' then 0 else 1 end, row_count desc nulls last, category nulls last
        ) as category_rank
    from period_categories

)

select
    dataset_period_key,
    segment_column,
    segment_value,
    column_name,
    count(case when bin_type = 'value' then 1 end) as category_count,
    max(case when bin_type = 'other' then 1 else 0 end) as has_other,
    sum(case when bin_type = 'other' then row_count else 0 end) as other_count,
    -sum(row_count / present_count * ln(row_count / present_count)) / ln(2e0) as entropy,
    max(case when category_rank = 1 and bin_type = 'value' then category end) as top_value,
    max(case when category_rank = 1 and bin_type = 'value' then row_count end) as top_count
from ranked_categories
group by 1, 2, 3, 4
