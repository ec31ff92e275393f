{{ config(enabled='profile' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    The rows of column_distributions with the names of what they are of, and beside them, counted by column_statistics, what is null, NaN
    or infinite.
#}
with counted_columns as (

    select column_statistics.*, column_grids.kind
    from {{ data_health.named_model('column_statistics') }}
    inner join {{ data_health.named_model('column_grids') }}
        on column_statistics.monitor = column_grids.monitor
        and column_statistics.column_name = column_grids.column_name

),

special_counts as (

    {%- for bin_type in ['null', 'nan', 'negative_infinity', 'positive_infinity'] %}
    select
        period_key, monitor, dataset, column_name, segment_column, segment_value, grid_generation,
        '{{ bin_type }}' as bin_type, {{ bin_type }}_count as row_count
    from counted_columns
    where {{ bin_type }}_count > 0
        and kind <> 'key'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    counted_columns.period_key,
    counted_columns.monitor,
    counted_columns.dataset,
    counted_columns.column_name,
    counted_columns.segment_column,
    counted_columns.segment_value,
    counted_columns.grid_generation,
    case
        when column_distributions.bin is not null then case when counted_columns.kind = 'text' then 'length' else 'bin' end
        when column_distributions.category is not null then case when counted_columns.kind = 'text' then 'pattern' else 'value' end
        else 'other'
    end as bin_type,
    counted_columns.bin_width,
    column_distributions.bin,
    column_distributions.category,
    column_distributions.row_count,
    column_distributions.value_sum,
    coalesce(counted_columns.centre, 0e0) as centre,
    column_distributions.minimum,
    column_distributions.maximum
from {{ data_health.named_model('column_distributions') }}
inner join counted_columns
    on column_distributions.statistics_key = counted_columns.statistics_key

union all

select
    period_key, monitor, dataset, column_name, segment_column, segment_value, grid_generation, bin_type,
    cast(null as integer) as bin_width,
    cast(null as bigint) as bin,
    cast(null as varchar) as category,
    row_count,
    cast(null as double precision) as value_sum,
    cast(null as double precision) as centre,
    cast(null as double precision) as minimum,
    cast(null as double precision) as maximum
from special_counts
