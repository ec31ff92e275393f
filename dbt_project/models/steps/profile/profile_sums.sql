{{ config(enabled='profile' in data_health.parts_on(), materialized='ephemeral') }}
{#- Sums over the stored periods of each dataset and period, about one centre. #}
with dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end, stored_period_key, is_latest
    from {{ ref('dataset_periods') }}

),

column_grids as (

    select
        monitor, column_name, kind, centre,
        coalesce(lower(data_type) like '%int%', false) as is_whole,
        -- up to this size two different values are different doubles
        cast(case
            when lower(data_type) like '%int%' then 9e15
            when lower(data_type) like 'decimal(%,%)' or lower(data_type) like 'numeric(%,%)'
                then 4e15 / power(1e1, cast(trim(split_part(replace(data_type, ')', ''), ',', 2)) as integer))
            when lower(data_type) like '%double%' or lower(data_type) like '%float%' or lower(data_type) like '%real%'
                or lower(data_type) like '%time%' or lower(data_type) like '%date%' then 1.7e308
            else 0
        end as double precision) as told_apart_to
    from {{ ref('column_grids') }}

),

period_statistics as (

    select
        dataset_periods.monitor,
        dataset_periods.dataset,
        dataset_periods.dataset_period_key,
        dataset_periods.period_start,
        dataset_periods.period_end,
        dataset_periods.is_latest,
        column_statistics.segment_column,
        column_statistics.segment_value,
        column_statistics.column_name,
        column_grids.kind,
        column_grids.centre,
        column_grids.is_whole,
        column_grids.told_apart_to,
        -- its fourth power has to be a number
        case when abs(column_statistics.centre - column_grids.centre) > 1e-60
            then column_statistics.centre - column_grids.centre else 0 end as centre_shift,
        column_statistics.row_count,
        column_statistics.null_count,
        column_statistics.nan_count,
        column_statistics.positive_infinity_count,
        column_statistics.negative_infinity_count,
        column_statistics.extreme_count,
        column_statistics.zero_count,
        column_statistics.negative_count,
        column_statistics.empty_count,
        column_statistics.sentinel_count,
        column_statistics.whole_count,
        column_statistics.tenths_count,
        column_statistics.minimum,
        column_statistics.maximum,
        column_statistics.sum_1,
        column_statistics.sum_2,
        column_statistics.sum_3,
        column_statistics.sum_4,
        column_statistics.length_sum,
        column_statistics.length_minimum,
        column_statistics.length_maximum,
        column_statistics.distinct_count,
        column_statistics.row_count - column_statistics.null_count - column_statistics.nan_count
            - column_statistics.positive_infinity_count - column_statistics.negative_infinity_count
            - column_statistics.extreme_count as moment_count
    -- under --empty dbt gives a relation an alias of its own, so that a second one needs these brackets
    from (select * from {{ ref('column_statistics') }}) as column_statistics
    inner join dataset_periods
        on column_statistics.period_key = dataset_periods.stored_period_key
    inner join column_grids
        on column_statistics.monitor = column_grids.monitor
        and column_statistics.column_name = column_grids.column_name

)

select
    monitor,
    dataset,
    dataset_period_key,
    period_start,
    period_end,
    is_latest,
    segment_column,
    segment_value,
    column_name,
    kind,
    centre,
    is_whole,
    told_apart_to,
    count(*) as stored_period_count,
    {%- for statistic in ['row', 'null', 'nan', 'positive_infinity', 'negative_infinity', 'extreme', 'zero', 'negative', 'empty'] %}
    cast(sum({{ statistic }}_count) as bigint) as {{ statistic }}_count,
    {%- endfor %}
    -- a period that an earlier release counted does not have them
    {%- for statistic in ['sentinel', 'whole', 'tenths'] %}
    cast(case when count({{ statistic }}_count) = count(*) then sum({{ statistic }}_count) end as bigint) as {{ statistic }}_count,
    {%- endfor %}
    min(minimum) as minimum,
    max(maximum) as maximum,
    cast(sum(moment_count) as double precision) as moment_count,
    sum(sum_1 + moment_count * centre_shift) as sum_1,
    sum(sum_2 + 2 * centre_shift * sum_1 + moment_count * power(centre_shift, 2)) as sum_2,
    sum(sum_3 + 3 * centre_shift * sum_2 + 3 * power(centre_shift, 2) * sum_1 + moment_count * power(centre_shift, 3)) as sum_3,
    sum(sum_4 + 4 * centre_shift * sum_3 + 6 * power(centre_shift, 2) * sum_2 + 4 * power(centre_shift, 3) * sum_1
        + moment_count * power(centre_shift, 4)) as sum_4,
    cast(sum(length_sum) as double precision) as length_sum,
    min(length_minimum) as length_minimum,
    max(length_maximum) as length_maximum,
    max(distinct_count) as largest_distinct_count,
    sum(distinct_count) as total_distinct_count
from period_statistics
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
