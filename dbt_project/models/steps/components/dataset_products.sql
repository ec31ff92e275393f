{{ config(enabled='components' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}

with wide_periods as (

    select period_key, max(built_at) as built_at
    from {{ data_health.named_model('wide_products', data_health.engine_sql('runs_python'), {
        'period_key': 'varchar', 'built_at': 'timestamp'
    }) }}
    group by period_key

),

-- a table that has become wide is in wide_products
column_products as (

    select
        period_key,
        monitor,
        column_a,
        column_b,
        centre_a,
        centre_b,
        scale_a,
        scale_b,
        row_count,
        pair_count,
        weight_column,
        weight_sum,
        weight_square_sum,
        pair_weight,
        sum_a,
        sum_b,
        product_sum,
        clipped_product_sum,
        clipped_sum,
        clamped_count
    from (select * from {{ ref('column_products') }}) as sums_of_pairs
    where not exists (
        select 1
        from wide_periods
        where sums_of_pairs.period_key = wide_periods.period_key
            and sums_of_pairs.built_at <= wide_periods.built_at
    )

),

column_statistics as (

    select period_key, column_name, minimum, maximum
    from {{ ref('column_statistics') }}
    where segment_column = '(all)'

),

features as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_monitored
        and role = 'feature'
{%- if data_health.is_configured('components.one_hot') %}

    union

    select monitor, factor_name as column_name
    from {{ ref('one_hot_levels') }}
{%- endif %}

),

grids as (

    select monitor, column_name, coalesce(centre, 0e0) as centre, coalesce(scale, 1e0) as scale
    from {{ ref('column_grids') }}
{%- if data_health.is_configured('components.one_hot') %}

    union all

    select monitor, factor_name as column_name, 0e0 as centre, 1e0 as scale
    from {{ ref('one_hot_levels') }}
{%- endif %}

),

dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end, is_latest, stored_period_key
    from {{ ref('dataset_periods') }}

),

settings as (

    select monitor, max_columns, weight_column
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

-- z = (x - centre) / scale on the grid of the row is slope * z + shift on the grid of today;
-- sums of rows that are gone may have other weights
moved_products as (

    select
        column_products.period_key,
        column_products.monitor,
        column_products.column_a,
        column_products.column_b,
        grids_a.centre as centre_a,
        grids_b.centre as centre_b,
        grids_a.scale as scale_a,
        grids_b.scale as scale_b,
        column_products.scale_a / grids_a.scale as slope_a,
        column_products.scale_b / grids_b.scale as slope_b,
        case
            when column_products.centre_a = grids_a.centre then 0e0
            else (column_products.centre_a - grids_a.centre) / grids_a.scale
        end as shift_a,
        case
            when column_products.centre_b = grids_b.centre then 0e0
            else (column_products.centre_b - grids_b.centre) / grids_b.scale
        end as shift_b,
        column_products.centre_a = grids_a.centre and column_products.centre_b = grids_b.centre
            and column_products.scale_a = grids_a.scale and column_products.scale_b = grids_b.scale as is_on_this_grid,
        column_products.row_count,
        column_products.pair_count,
        column_products.weight_sum,
        column_products.weight_square_sum,
        coalesce(column_products.pair_weight, cast(column_products.pair_count as double precision)) as pair_weight,
        column_products.sum_a,
        column_products.sum_b,
        column_products.product_sum,
        column_products.clipped_product_sum,
        column_products.clipped_sum,
        column_products.clamped_count
    from column_products
    inner join settings
        on column_products.monitor = settings.monitor
        and column_products.weight_column is not distinct from settings.weight_column
    inner join features as features_a
        on column_products.monitor = features_a.monitor
        and column_products.column_a = features_a.column_name
    inner join features as features_b
        on column_products.monitor = features_b.monitor
        and column_products.column_b = features_b.column_name
    inner join grids as grids_a
        on column_products.monitor = grids_a.monitor
        and column_products.column_a = grids_a.column_name
    inner join grids as grids_b
        on column_products.monitor = grids_b.monitor
        and column_products.column_b = grids_b.column_name

),

period_rows as (

    select
        dataset_periods.dataset_period_key,
        sum(rows_of_stored_periods.row_count) as row_count,
        sum(rows_of_stored_periods.weight_sum) as weight_sum,
        sum(rows_of_stored_periods.weight_square_sum) as weight_square_sum
    from (
        select period_key, max(row_count) as row_count, max(weight_sum) as weight_sum, max(weight_square_sum) as weight_square_sum
        from moved_products
        group by period_key
    ) as rows_of_stored_periods
    inner join dataset_periods
        on rows_of_stored_periods.period_key = dataset_periods.stored_period_key
    group by dataset_periods.dataset_period_key

),

column_counts as (

    select monitor, count(distinct column_a) as column_count
    from moved_products
    group by monitor

),

-- what was clipped on another grid was clipped elsewhere
summed_products as (

    select
        dataset_periods.monitor,
        dataset_periods.dataset,
        dataset_periods.dataset_period_key,
        dataset_periods.period_start,
        dataset_periods.period_end,
        dataset_periods.is_latest,
        moved_products.column_a,
        moved_products.column_b,
        max(moved_products.centre_a) as centre_a,
        max(moved_products.centre_b) as centre_b,
        max(moved_products.scale_a) as scale_a,
        max(moved_products.scale_b) as scale_b,
        cast(sum(moved_products.pair_count) as bigint) as pair_count,
        sum(moved_products.pair_weight) as pair_weight,
        sum(case when moved_products.is_on_this_grid then moved_products.sum_a
            else moved_products.slope_a * moved_products.sum_a + moved_products.shift_a * moved_products.pair_weight end) as sum_a,
        sum(case when moved_products.is_on_this_grid then moved_products.sum_b
            else moved_products.slope_b * moved_products.sum_b + moved_products.shift_b * moved_products.pair_weight end) as sum_b,
        sum(case when moved_products.is_on_this_grid then moved_products.product_sum
            else moved_products.slope_a * moved_products.slope_b * moved_products.product_sum
                + moved_products.slope_a * moved_products.shift_b * moved_products.sum_a
                + moved_products.shift_a * moved_products.slope_b * moved_products.sum_b
                + moved_products.shift_a * moved_products.shift_b * moved_products.pair_weight end) as product_sum,
        case
            when min(case when moved_products.is_on_this_grid then 1 else 0 end) = 1 then sum(moved_products.clipped_product_sum)
        end as clipped_product_sum,
        case
            when min(case when moved_products.is_on_this_grid then 1 else 0 end) = 1 then sum(moved_products.clipped_sum)
        end as clipped_sum,
        cast(sum(moved_products.clamped_count) as bigint) as clamped_count,
        min(column_statistics.minimum) as minimum,
        max(column_statistics.maximum) as maximum
    from moved_products
    inner join dataset_periods
        on moved_products.period_key = dataset_periods.stored_period_key
    left join column_statistics
        on moved_products.period_key = column_statistics.period_key
        and moved_products.column_a = column_statistics.column_name
        and moved_products.column_a = moved_products.column_b
    group by 1, 2, 3, 4, 5, 6, 7, 8

)

select
    summed_products.monitor,
    summed_products.dataset,
    summed_products.dataset_period_key,
    summed_products.period_start,
    summed_products.period_end,
    summed_products.is_latest,
    summed_products.column_a,
    summed_products.column_b,
    summed_products.centre_a,
    summed_products.centre_b,
    summed_products.scale_a,
    summed_products.scale_b,
    cast(period_rows.row_count as bigint) as row_count,
    summed_products.pair_count,
    period_rows.weight_sum,
    period_rows.weight_square_sum,
    summed_products.pair_weight,
    summed_products.sum_a,
    summed_products.sum_b,
    summed_products.product_sum,
    summed_products.clipped_product_sum,
    summed_products.clipped_sum,
    summed_products.clamped_count,
    summed_products.minimum,
    summed_products.maximum
from summed_products
inner join period_rows
    on summed_products.dataset_period_key = period_rows.dataset_period_key
inner join column_counts
    on summed_products.monitor = column_counts.monitor
inner join settings
    on summed_products.monitor = settings.monitor
    and column_counts.column_count <= settings.max_columns
