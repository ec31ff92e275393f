{{ config(enabled='components' in data_health.parts_on() and data_health.is_configured('components.scores')) }}
{%- do data_health.begin_model() %}

with settings as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

sampled_rows as (

    select
        monitor, reference, loadings_version, sample_number, period_start, component_1, component_2, component_3, hotelling_t2,
        reconstruction_error
    from {{ ref('component_score_sample') }}

)

select
    sampled_rows.monitor,
    sampled_rows.reference,
    sampled_rows.loadings_version,
    sampled_rows.sample_number,
    sampled_rows.period_start,
    sampled_rows.component_1,
    sampled_rows.component_2,
    sampled_rows.component_3,
    sampled_rows.hotelling_t2,
    sampled_rows.reconstruction_error,
    {{ data_health.run_time() }} as built_at
from sampled_rows
inner join settings
    on sampled_rows.monitor = settings.monitor
