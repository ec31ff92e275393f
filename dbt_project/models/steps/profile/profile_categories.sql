{{ config(enabled=data_health.part_is_on('profile'), materialized='ephemeral') }}
{#- Categories: how many, how even, and the most frequent one. #}
with dataset_periods as (

    select dataset_period_key, stored_period_key
    from {{ ref('dataset_periods') }}

),

period_categories as (

    select
        dataset_periods.dataset_period_key,
        column_distributions.segment_column,
        column_distributions.segment_value,
        column_distributions.column_name,
        column_distributions.bin_type,
        column_distributions.category,
        cast(sum(column_distributions.row_count) as double precision) as row_count
    from (select * from {{ ref('column_distributions') }}) as column_distributions
    inner join dataset_periods
        on column_distributions.period_key = dataset_periods.stored_period_key
    where column_distributions.bin_type in ('value', 'other')
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
    - sum(row_count / present_count * ln(row_count / present_count)) / ln(2e0) as entropy,
    max(case when category_rank = 1 and bin_type = 'value' then category end) as top_value,
    max(case when category_rank = 1 and bin_type = 'value' then row_count end) as top_count
from ranked_categories
group by 1, 2, 3, 4
