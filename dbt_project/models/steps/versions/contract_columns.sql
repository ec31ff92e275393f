{{ config(enabled='versions' in data_health.parts_on(), materialized='ephemeral') }}
{#- What the registry says of every feature, beside what the table has: its column, its newest period that is over, its training data. #}
with features as (

    select *
    from {{ ref('registered_features') }}
    where feature is not null

),

shown_columns as (

    select monitor, name as column_name, is_value_shown
    from {{ ref('health_monitors') }}
    where subject = 'column'

),

production_columns as (

    select monitor, column_name, data_type, family
    from {{ ref('monitored_columns') }}
    where dataset = 'production'
        and valid_to is null

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

),

profiles as (

    select
        health_profile.monitor,
        health_profile.dataset,
        health_profile.column_name,
        health_profile.period_start,
        health_profile.period_end,
        cast(health_profile.row_count as double precision) as row_count,
        health_profile.null_count,
        health_profile.minimum,
        health_profile.maximum
    from {{ data_health.named_model('health_profile') }}
    inner join newest_periods
        on health_profile.monitor = newest_periods.monitor
    where health_profile.segment_column = '(all)'
        and (health_profile.dataset <> 'production' or health_profile.period_start = newest_periods.newest_period)

),

references_of_monitors as (

    select
        monitor,
        dataset,
        column_name,
        sum(row_count) as row_count,
        sum(null_count) / nullif(sum(row_count), 0e0) as null_share
    from profiles
    where dataset <> 'production'
    group by monitor, dataset, column_name

)

select
    features.monitor,
    features.model_version,
    features.is_serving,
    features.feature,
    features.feature_number,
    features.data_type,
    features.family,
    features.definition,
    features.is_required,
    features.minimum,
    features.maximum,
    features.value_range,
    features.allowed_values,
    features.reference,
    features.owner,
    features.entry_count,
    production_columns.column_name,
    production_columns.data_type as production_type,
    production_columns.family as production_family,
    coalesce(shown_columns.is_value_shown, false) as is_value_shown,
    newest_periods.newest_period as period_start,
    profiles.row_count,
    profiles.null_count / nullif(profiles.row_count, 0e0) as null_share,
    profiles.minimum as production_minimum,
    profiles.maximum as production_maximum,
    {%- for name in ['minimum', 'maximum'] %}
    case
        when profiles.{{ name }} = floor(profiles.{{ name }}) and abs(profiles.{{ name }}) < 1e15
            then cast(cast(profiles.{{ name }} as bigint) as varchar)
        else {{ data_health.engine_sql('short_number', 'profiles.' ~ name) }}
    end{{ " || ' to ' ||" if loop.first else ' as production_range,' }}
    {%- endfor %}
    references_of_monitors.row_count as reference_row_count,
    references_of_monitors.null_share as reference_null_share
from features
left join newest_periods
    on features.monitor = newest_periods.monitor
left join production_columns
    on features.monitor = production_columns.monitor
    and lower(features.feature) = lower(production_columns.column_name)
left join shown_columns
    on production_columns.monitor = shown_columns.monitor
    and production_columns.column_name = shown_columns.column_name
left join profiles
    on production_columns.monitor = profiles.monitor
    and production_columns.column_name = profiles.column_name
    and profiles.dataset = 'production'
left join references_of_monitors
    on production_columns.monitor = references_of_monitors.monitor
    and production_columns.column_name = references_of_monitors.column_name
    and features.reference = references_of_monitors.dataset
