{{ config(enabled='components' in data_health.parts_on() and data_health.engine_sql('runs_python'), materialized='view') }}

with wide_products as (

    select
        period_key, monitor, column_number, column_name, source_column, centre, scale, row_count, value_count, own_sum, clipped_sum,
        minimum, maximum, weight_column, weight_sum, weight_square_sum, pair_counts, pair_weights, pair_sums, product_sums,
        clipped_product_sums, built_at
    from {{ ref('wide_products') }}

),

-- a table that has become narrow is added up by column_products
narrow_periods as (

    select period_key, max(built_at) as built_at
    from {{ ref('column_products') }}
    group by period_key

),

dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end, stored_period_key
    from {{ ref('dataset_periods') }}

),

features as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and role = 'feature'
{%- if data_health.is_configured('components.one_hot') %}

    union

    select monitor, factor_name as column_name
    from {{ ref('one_hot_levels') }}
{%- endif %}

),

grids as (

    select monitor, column_name, centre, scale
    from {{ ref('column_grids') }}

),

-- sums of rows that are gone may have other weights
settings as (

    select monitor, weight_column
    from {{ ref('monitor_settings') }}
    where part = 'components'

)

select
    dataset_periods.monitor,
    dataset_periods.dataset,
    dataset_periods.dataset_period_key,
    dataset_periods.period_start,
    dataset_periods.period_end,
    dataset_periods.stored_period_key,
    wide_products.column_number,
    wide_products.column_name,
    features.column_name is not null as is_monitored,
    wide_products.centre,
    wide_products.scale,
    coalesce(
        grids.centre, case when wide_products.source_column = wide_products.column_name then 0e0 else wide_products.centre end
    ) as current_centre,
    coalesce(
        grids.scale, case when wide_products.source_column = wide_products.column_name then 1e0 else wide_products.scale end
    ) as current_scale,
    wide_products.row_count,
    wide_products.value_count,
    wide_products.own_sum,
    wide_products.clipped_sum,
    wide_products.minimum,
    wide_products.maximum,
    wide_products.weight_sum,
    wide_products.weight_square_sum,
    wide_products.pair_counts,
    wide_products.pair_weights,
    wide_products.pair_sums,
    wide_products.product_sums,
    wide_products.clipped_product_sums
from wide_products
inner join dataset_periods
    on wide_products.period_key = dataset_periods.stored_period_key
inner join settings
    on wide_products.monitor = settings.monitor
    and wide_products.weight_column is not distinct from settings.weight_column
left join narrow_periods
    on wide_products.period_key = narrow_periods.period_key
left join features
    on wide_products.monitor = features.monitor
    and wide_products.source_column = features.column_name
left join grids
    on wide_products.monitor = grids.monitor
    and wide_products.source_column = grids.column_name
    and wide_products.source_column = wide_products.column_name
where narrow_periods.built_at is null
    or narrow_periods.built_at < wide_products.built_at
