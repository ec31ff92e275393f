{{ config(
    enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases'),
    materialized='ephemeral'
) }}
{%- set register = data_health.normalised_relation(data_health.configured_block().get('known_biases')) %}
{%- set monitors = data_health.resolved_monitors() %}
{%- set metrics = [
    'share_ratio', 'share', 'row_count', 'label_rate_ratio', 'selection_ratio', 'true_positive_rate', 'false_positive_rate',
    'missing_share', 'label_coverage'
] %}
-- depends_on: {{ ref('health_monitors') }}
with written_entries as (
{% if register %}
    select
        cast(id as varchar) as id,
        cast(monitor as varchar) as monitor,
        cast(subgroup as varchar) as subgroup,
        coalesce(nullif(cast(value as varchar), ''), '(null)') as group_value,
        cast(metric as varchar) as metric,
        cast(threshold as double precision) as threshold,
        nullif(cast(reference as varchar), '') as reference,
        cast(owner as varchar) as owner,
        -- a column of a seed that is empty in every row has some type
        nullif(left(cast(opened as varchar), 10), '') as opened,
        nullif(left(cast(expiry as varchar), 10), '') as expiry
    from {{ data_health.relation_of(register) }}
{%- else %}
    {{ data_health.rows_as_table({
        'id': 'varchar', 'monitor': 'varchar', 'subgroup': 'varchar', 'group_value': 'varchar', 'metric': 'varchar',
        'threshold': 'double precision', 'reference': 'varchar', 'owner': 'varchar', 'opened': 'varchar', 'expiry': 'varchar'
    }) }}
{%- endif %}

),

settings as (

    select monitor, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

declared_subgroups as (

    select distinct monitor, subgroup_number, subgroup
    from {{ ref('declared_subgroups') }}

),

population as (

    select monitor, subgroup_key, group_value, share
    from {{ ref('population_groups') }}

),

population_names as (

    select monitor, subgroup_key, group_value, population_value
    from {{ ref('population_names') }}

),

known_groups as (

    select distinct monitor, subgroup_number, naming, group_value
    from {{ ref('subgroup_periods') }}

),

dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end, stored_period_key
    from {{ ref('dataset_periods') }}

),

stored_periods as (

    select period_key, status
    from {{ ref('monitored_periods') }}

),

-- 1. What every entry is checked in: the newest period that is over, or else the newest, and each reference.
ranked_periods as (

    select
        dataset_periods.monitor,
        dataset_periods.dataset,
        dataset_periods.dataset_period_key,
        min(dataset_periods.period_start) as period_start,
        max(dataset_periods.period_end) as period_end,
        row_number() over (
            partition by dataset_periods.monitor, dataset_periods.dataset
            order by max(case when stored_periods.status = 'partial' then 1 else 0 end), min(dataset_periods.period_start) desc nulls last
        ) as rank
    from dataset_periods
    inner join settings
        on dataset_periods.monitor = settings.monitor
    inner join stored_periods
        on dataset_periods.stored_period_key = stored_periods.period_key
    where dataset_periods.dataset <> 'production'
        or dataset_periods.period_start is not null
    group by dataset_periods.monitor, dataset_periods.dataset, dataset_periods.dataset_period_key

),

-- 2. The entries, each with what it names, as far as that exists.
numbered_entries as (

    select
        id,
        monitor,
        subgroup,
        group_value,
        metric,
        threshold,
        reference,
        owner,
        {%- for name in ['opened', 'expiry'] %}
        case when {{ data_health.engine_sql('is_date', name) }} then cast({{ name }} as date) end as {{ name }},
        {%- endfor %}
        expiry as written_expiry,
        replace(lower(subgroup), ' ', '') as subgroup_key,
        case when metric = 'share_ratio' then 'population' else 'table' end as naming,
        row_number() over (order by monitor, id, subgroup, group_value nulls last, metric, reference, threshold) as entry_number
    from written_entries

),

-- a group may be named as the table does, where the population has another name for it
named_entries as (

    select
        numbered_entries.id,
        numbered_entries.monitor,
        numbered_entries.subgroup,
        case when numbered_entries.naming = 'population' and population.group_value is null
            then coalesce(population_names.population_value, numbered_entries.group_value)
            else numbered_entries.group_value end as group_value,
        numbered_entries.metric,
        numbered_entries.threshold,
        numbered_entries.reference,
        numbered_entries.owner,
        numbered_entries.opened,
        numbered_entries.expiry,
        numbered_entries.written_expiry,
        numbered_entries.subgroup_key,
        numbered_entries.naming,
        numbered_entries.entry_number,
        declared_subgroups.subgroup_number
    from numbered_entries
    left join declared_subgroups
        on numbered_entries.monitor = declared_subgroups.monitor
        and numbered_entries.subgroup_key = replace(lower(declared_subgroups.subgroup), ' ', '')
    left join population_names
        on numbered_entries.monitor = population_names.monitor
        and numbered_entries.subgroup_key = population_names.subgroup_key
        and numbered_entries.group_value = population_names.group_value
    left join population
        on numbered_entries.monitor = population.monitor
        and numbered_entries.subgroup_key = population.subgroup_key
        and numbered_entries.group_value = population.group_value

),

resolved_entries as (

    select
        named_entries.*,
        settings.minimum_rows,
        population.share as population_share,
        case
            when named_entries.monitor is null
                or named_entries.monitor not in ({{ data_health.text_literal(monitors.keys() | list or ['']) }})
                then 'no monitor of this name'
            when settings.monitor is null then 'the monitor has no subgroups'
            when named_entries.metric is null or named_entries.metric not in ({{ data_health.text_literal(metrics) }})
                then 'no metric of this name; allowed: {{ metrics | join(', ') }}'
            when named_entries.threshold is null
                or not {{ data_health.engine_sql('is_finite', 'named_entries.threshold') }} then 'no threshold'
            when named_entries.written_expiry is not null and named_entries.expiry is null then 'expiry is not a date'
            when named_entries.subgroup_number is null then 'not a subgroup of the monitor'
            when named_entries.metric = 'share_ratio' and coalesce(population.share, 0e0) = 0e0
                then 'the population has no share of this group'
            when known_groups.group_value is null and population.group_value is null then 'no row has ever been of this group'
        end as problem
    from named_entries
    left join settings
        on named_entries.monitor = settings.monitor
    left join known_groups
        on named_entries.monitor = known_groups.monitor
        and named_entries.subgroup_number = known_groups.subgroup_number
        and named_entries.naming = known_groups.naming
        and named_entries.group_value = known_groups.group_value
    left join population
        on named_entries.monitor = population.monitor
        and named_entries.subgroup_key = population.subgroup_key
        and named_entries.group_value = population.group_value

)

select
    resolved_entries.*,
    ranked_periods.dataset,
    ranked_periods.dataset_period_key,
    ranked_periods.period_start,
    ranked_periods.period_end
from resolved_entries
left join ranked_periods
    on resolved_entries.monitor = ranked_periods.monitor
    and ranked_periods.dataset = coalesce(resolved_entries.reference, ranked_periods.dataset)
    and ranked_periods.rank = 1
