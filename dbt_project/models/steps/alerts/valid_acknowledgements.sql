{{ config(materialized='ephemeral') }}
{%- set acknowledgements = data_health.normalised_relation(data_health.configured_block().get('acknowledgements')) %}
with written_acknowledgements as (
{% if acknowledgements %}
    select
        nullif(nullif(cast(monitor as varchar), '*'), '') as monitor,
        nullif(nullif(cast(finding as varchar), '*'), '') as finding,
        nullif(nullif(cast(column_name as varchar), '*'), '') as column_name,
        nullif(nullif(left(cast(first_period as varchar), 10), '*'), '') as first_period,
        left(cast(acknowledged_until as varchar), 10) as acknowledged_until,
        cast(acknowledged_by as varchar) as acknowledged_by,
        cast(note as varchar) as note
    from {{ data_health.relation_of(acknowledgements) }}
{%- else %}
    {{ data_health.rows_as_table({
        'monitor': 'varchar', 'finding': 'varchar', 'column_name': 'varchar', 'first_period': 'varchar', 'acknowledged_until': 'varchar',
        'acknowledged_by': 'varchar', 'note': 'varchar'
    }) }}
{%- endif %}

),

typed_acknowledgements as (

    select
        monitor,
        finding,
        column_name,
        first_period is null as is_of_any_period,
        case when {{ data_health.engine_sql('is_date', 'first_period') }} then cast(first_period as date) end as first_period,
        case when {{ data_health.engine_sql('is_date', 'acknowledged_until') }} then cast(acknowledged_until as date) end
            as acknowledged_until,
        acknowledged_by,
        note
    from written_acknowledgements

)

-- those that have not expired; a text that is no date is null, and acknowledges nothing
select
    monitor,
    finding,
    column_name,
    is_of_any_period,
    first_period,
    acknowledged_until,
    acknowledged_by,
    note
from typed_acknowledgements
where acknowledged_until >= cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date)
