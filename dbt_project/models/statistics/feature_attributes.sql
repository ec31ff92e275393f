with feature_bins as (

    select monitor, attributes_key, position, column_name, kind, bin_type, drawn_at
    from {{ ref('feature_bins') }}

)

select
    monitor,
    attributes_key,
    position,
    column_name,
    kind,
    cast(count(case when bin_type in ('bin', 'value') then 1 end) as integer) as bin_count,
    max(drawn_at) as drawn_at
from feature_bins
group by monitor, attributes_key, position, column_name, kind
