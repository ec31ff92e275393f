{{ config(enabled='components' in data_health.parts_on() and data_health.is_configured('components.scores')) }}
{%- do data_health.begin_model() %}

with scored_rows as (

    select
        monitor, reference, loadings_version, period_start, component_1, component_2, component_3, hotelling_t2,
        reconstruction_error, row_hash
    from {{ ref('scored_rows') }}

),

-- rows of the same hash and scores are the same point of a plot
drawn_rows as (

    select
        scored_rows.*,
        row_number() over (
            partition by monitor, reference
            order by
                row_hash, component_1 nulls last, component_2 nulls last, component_3 nulls last, hotelling_t2 nulls last,
                reconstruction_error nulls last, period_start nulls last, loadings_version
        ) as sample_number
    from scored_rows

)

select
    monitor,
    reference,
    loadings_version,
    cast(sample_number as bigint) as sample_number,
    period_start,
    component_1,
    component_2,
    component_3,
    hotelling_t2,
    reconstruction_error
from drawn_rows
where sample_number <= 2000
