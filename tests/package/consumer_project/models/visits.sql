select
    visit_id,
    cast(happened_at as timestamp) as happened_at,
    cast(loaded_at as timestamp) as loaded_at,
    sex,
    site,
    age,
    cast(weight_kg as double precision) as weight_kg,
    diagnosis
from {{ source('raw', 'deliveries') }}
where visit_id is not null
