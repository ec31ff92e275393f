{{ config(enabled='volume' in data_health.parts_on()) }}
{%- set previous = load_relation(this) if execute and model.resource_type != 'unit_test' else none %}

with configured_columns as (

    select
        monitored_columns.monitor,
        monitored_columns.dataset,
        monitored_columns.column_name,
        monitored_columns.data_type,
        monitored_columns.family,
        monitored_columns.valid_from,
        monitored_columns.valid_to
    -- under --empty dbt gives a relation an alias of its own, so that a second one needs these brackets
    from (select * from {{ ref('monitored_columns') }}) as monitored_columns
    inner join (select * from {{ ref('configured_datasets') }}) as configured_datasets
        on monitored_columns.monitor = configured_datasets.monitor
        and monitored_columns.dataset = configured_datasets.dataset

),

column_versions as (

    select
        configured_columns.*,
        min(valid_from) over (partition by monitor, dataset) as first_seen_at,
        lag(data_type) over (partition by monitor, dataset, column_name order by valid_from) as previous_type,
        lag(family) over (partition by monitor, dataset, column_name order by valid_from) as previous_family,
        lag(valid_to) over (partition by monitor, dataset, column_name order by valid_from) as previous_valid_to,
        lead(valid_from) over (partition by monitor, dataset, column_name order by valid_from) as next_valid_from
    from configured_columns

),

configuration as (

    select monitor, subject, name, value, role, is_monitored
    from {{ ref('health_monitors') }}

),

features as (

    select monitor, name as column_name
    from configuration
    where subject = 'column'
        and role = 'feature'
        and is_monitored

),

-- a column that is not there any more is not in the configuration, but was counted
counted_columns as (

    select distinct monitor, column_name
    from {{ data_health.named_model('column_grids', 'profile' in data_health.parts_on(), {
        'monitor': 'varchar', 'column_name': 'varchar'
    }) }}

),

default_references as (

    select monitor, value as reference
    from configuration
    where subject = 'setting'
        and name = 'default_reference'

),

first_counts as (

    select monitor, period_start, min(first_counted_at) as first_counted_at
    from {{ ref('monitored_periods') }}
    where dataset = 'production'
        and period_start is not null
    group by monitor, period_start

),

added_columns as (

    select monitor, dataset, column_name, 'added' as change, 'previous build' as compared_with,
        cast(null as varchar) as type_before, data_type as type_now, valid_from as detected_at,
        valid_to is null as is_current, false as is_other_family
    from column_versions
    where valid_from > first_seen_at
        and (previous_valid_to is null or previous_valid_to < valid_from)

),

retyped_columns as (

    select monitor, dataset, column_name, 'retyped' as change, 'previous build' as compared_with,
        previous_type as type_before, data_type as type_now, valid_from as detected_at,
        valid_to is null as is_current, family <> previous_family as is_other_family
    from column_versions
    where previous_valid_to = valid_from

),

dropped_columns as (

    select monitor, dataset, column_name, 'dropped' as change, 'previous build' as compared_with,
        data_type as type_before, cast(null as varchar) as type_now, valid_to as detected_at,
        next_valid_from is null as is_current, false as is_other_family
    from column_versions
    where valid_to is not null
        and (next_valid_from is null or next_valid_from > valid_to)

),

production_columns as (

    select monitor, column_name, data_type, family, valid_from
    from column_versions
    where dataset = 'production'
        and valid_to is null

),

reference_columns as (

    select monitor, dataset, column_name, data_type, family, valid_from
    from column_versions
    where dataset <> 'production'
        and valid_to is null

),

missing_in_production as (

    select reference_columns.monitor, 'production' as dataset, reference_columns.column_name, 'missing in production' as change,
        reference_columns.dataset as compared_with, reference_columns.data_type as type_before, cast(null as varchar) as type_now,
        reference_columns.valid_from as detected_at, true as is_current, false as is_other_family
    from reference_columns
    left join production_columns
        on reference_columns.monitor = production_columns.monitor
        and reference_columns.column_name = production_columns.column_name
    where production_columns.column_name is null

),

missing_in_reference as (

    select features.monitor, 'production' as dataset, features.column_name, 'missing in reference' as change,
        references_of_monitor.dataset as compared_with, cast(null as varchar) as type_before, production_columns.data_type as type_now,
        production_columns.valid_from as detected_at, true as is_current, false as is_other_family
    from features
    inner join production_columns
        on features.monitor = production_columns.monitor
        and features.column_name = production_columns.column_name
    inner join (select distinct monitor, dataset from reference_columns) as references_of_monitor
        on features.monitor = references_of_monitor.monitor
    left join reference_columns
        on features.monitor = reference_columns.monitor
        and references_of_monitor.dataset = reference_columns.dataset
        and features.column_name = reference_columns.column_name
    where reference_columns.column_name is null

),

typed_differently as (

    select production_columns.monitor, 'production' as dataset, production_columns.column_name, 'other type than reference' as change,
        reference_columns.dataset as compared_with, reference_columns.data_type as type_before, production_columns.data_type as type_now,
        greatest(production_columns.valid_from, reference_columns.valid_from) as detected_at, true as is_current, true as is_other_family
    from production_columns
    inner join reference_columns
        on production_columns.monitor = reference_columns.monitor
        and production_columns.column_name = reference_columns.column_name
        and production_columns.family <> reference_columns.family

),

changes as (
{% for name in [
    'added_columns', 'retyped_columns', 'dropped_columns', 'missing_in_production', 'missing_in_reference', 'typed_differently'
] %}
    select monitor, dataset, column_name, change, compared_with, type_before, type_now, detected_at, is_current, is_other_family
    from {{ name }}
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- what this mart already told, whichever run found it
told_changes as (
{% if previous %}
    select monitor, dataset, column_name, change, compared_with, detected_at
    from {{ previous }}
{%- else %}
    {{ data_health.rows_as_table({
        'monitor': 'varchar', 'dataset': 'varchar', 'column_name': 'varchar', 'change': 'varchar', 'compared_with': 'varchar',
        'detected_at': 'timestamp'
    }) }}
{%- endif %}

),

detected_changes as (

    select
        changes.monitor,
        changes.dataset,
        changes.column_name,
        changes.change,
        changes.compared_with,
        changes.detected_at,
        max(first_counts.period_start) as period_start
    from changes
    left join first_counts
        on changes.monitor = first_counts.monitor
        and changes.detected_at >= first_counts.first_counted_at
    group by changes.monitor, changes.dataset, changes.column_name, changes.change, changes.compared_with, changes.detected_at

),

weighed_changes as (

    select
        changes.*,
        detected_changes.period_start,
        counted_columns.column_name is not null as is_counted,
        default_references.reference is not null as is_against_default
    from changes
    inner join detected_changes
        on changes.monitor = detected_changes.monitor
        and changes.dataset = detected_changes.dataset
        and changes.column_name = detected_changes.column_name
        and changes.change = detected_changes.change
        and changes.compared_with = detected_changes.compared_with
        and changes.detected_at = detected_changes.detected_at
    left join counted_columns
        on changes.monitor = counted_columns.monitor
        and changes.column_name = counted_columns.column_name
    left join default_references
        on changes.monitor = default_references.monitor
        and changes.compared_with = default_references.reference

)

select
    changes.monitor,
    changes.dataset,
    changes.column_name,
    changes.change,
    changes.compared_with,
    changes.type_before,
    changes.type_now,
    changes.detected_at,
    changes.period_start,
    changes.is_current,
    case
        when changes.change in ('added', 'dropped', 'retyped') and (changes.dataset <> 'production' or not changes.is_counted) then 'ok'
        when changes.change = 'dropped' then 'alert'
        when changes.change = 'retyped' and changes.is_other_family then 'alert'
        when changes.change in ('added', 'retyped') then 'warn'
        when changes.is_against_default and changes.change <> 'missing in reference' then 'alert'
        else 'warn'
    end as status,
    told_changes.monitor is null as is_new,
    {{ data_health.run_time() }} as built_at
from weighed_changes as changes
left join told_changes
    on changes.monitor = told_changes.monitor
    and changes.dataset = told_changes.dataset
    and changes.column_name = told_changes.column_name
    and changes.change = told_changes.change
    and changes.compared_with = told_changes.compared_with
    and changes.detected_at = told_changes.detected_at
