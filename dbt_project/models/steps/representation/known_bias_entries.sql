{{ config(
    enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases'),
    materialized='ephemeral'
) }}
{%- set monitors, predicting = data_health.resolved_monitors(), [] %}
{%- for monitor in monitors.values() if monitor.parts.performance and monitor.prediction %}
    {%- do predicting.append(monitor.name) %}
{%- endfor %}
with entries as (

    select
        known_bias_register.*,
        coalesce(right(metric, 4) = '_gap' or metric = 'equalized_odds', false) as is_gap
    from (select * from {{ ref('known_bias_register') }}) as known_bias_register

),

unknown_names as (

    select
        entry_number,
        max(case when kind = 'monitor' then nearest end) as unknown_monitor,
        max(case when kind = 'metric' then nearest end) as unknown_metric,
        max(case when kind = 'subgroup' then nearest end) as unknown_subgroup,
        max(case when kind = 'group' then nearest end) as unknown_group,
        max(case when kind = 'reference' then nearest end) as unknown_reference
    from {{ ref('known_bias_names') }}
    group by entry_number

),

settings as (

    select
        monitor,
        max(case when part = 'representation' then minimum_rows end) as minimum_rows,
        max(case when part = 'performance' then matures_after_days end) as matures_after_days
    from {{ ref('monitor_settings') }}
    where part in ('representation', 'performance')
    group by monitor

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

-- 1. What every entry is checked in: each reference, the newest period that is over, or else the newest, and the twelve newest that are
--    over as one. A gap between groups of which labels are known waits until the labels of a period are complete.
ranked_periods as (

    select
        periods.*,
        row_number() over (partition by monitor, dataset order by is_partial, period_start desc nulls last) as rank,
        row_number() over (partition by monitor, dataset order by is_partial, is_immature, period_start desc nulls last) as mature_rank
    from (
        select
            dataset_periods.monitor,
            dataset_periods.dataset,
            dataset_periods.dataset_period_key,
            min(dataset_periods.period_start) as period_start,
            max(dataset_periods.period_end) as period_end,
            max(case when monitored_periods.status = 'partial' then 1 else 0 end) as is_partial,
            max(case
                when dataset_periods.dataset = 'production'
                    and {{ dbt.dateadd('day', 'settings.matures_after_days', 'dataset_periods.period_end') }}
                        > cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date) then 1
                else 0
            end) as is_immature
        from dataset_periods
        inner join settings
            on dataset_periods.monitor = settings.monitor
        inner join {{ data_health.named_model('monitored_periods') }}
            on dataset_periods.stored_period_key = monitored_periods.period_key
        where dataset_periods.dataset <> 'production'
            or dataset_periods.period_start is not null
        group by dataset_periods.monitor, dataset_periods.dataset, dataset_periods.dataset_period_key
    ) as periods

),

-- of gaps, periods whose labels may still arrive are not among the twelve
spans as (

    select
        ranked_periods.*,
        kinds.is_gap,
        sizes.span,
        case when kinds.is_gap then mature_rank else rank end as span_rank
    from ranked_periods
    cross join (values (true), (false)) as kinds (is_gap)
    cross join (values (1), (12)) as sizes (span)
    where case when kinds.is_gap then mature_rank else rank end <= sizes.span
        and (sizes.span = 1 or (dataset = 'production' and is_partial = 0 and not (kinds.is_gap and is_immature = 1)))

),

-- 2. The entries, each with what it names, as far as that exists; a group may be named as the table does, or as the population does.
named_entries as (

    select
        entries.*,
        case when entries.metric = 'share_ratio' and population.group_value is null
            then coalesce(population_names.population_value, entries.group_value) else entries.group_value end as known_as,
        case when entries.metric = 'share_ratio' or (not entries.is_gap and known_groups.group_value is null) then 'population'
            else 'table' end as naming,
        declared_subgroups.subgroup_number
    from entries
    left join declared_subgroups
        on entries.monitor = declared_subgroups.monitor
        and entries.subgroup_key = replace(lower(declared_subgroups.subgroup), ' ', '')
    left join population_names
        on entries.monitor = population_names.monitor
        and entries.subgroup_key = population_names.subgroup_key
        and entries.group_value = population_names.group_value
    left join population
        on entries.monitor = population.monitor
        and entries.subgroup_key = population.subgroup_key
        and entries.group_value = population.group_value
    left join known_groups
        on entries.monitor = known_groups.monitor
        and declared_subgroups.subgroup_number = known_groups.subgroup_number
        and known_groups.naming = 'table'
        and entries.group_value = known_groups.group_value

),

resolved_entries as (

    select
        named_entries.entry_number, named_entries.id, named_entries.monitor, named_entries.subgroup, named_entries.subgroup_key,
        named_entries.subgroup_number, named_entries.known_as as group_value, named_entries.naming, named_entries.metric,
        named_entries.is_gap, named_entries.threshold, named_entries.reference, named_entries.version, named_entries.owner,
        named_entries.opened, named_entries.expiry, named_entries.on_inconclusive,
        settings.minimum_rows,
        population.share as population_share,
        case
            when named_entries.id_count > 1 then 'the id is given to ' || named_entries.id_count || ' entries'
            when named_entries.monitor is null
                or named_entries.monitor not in ({{ data_health.text_literal(monitors.keys() | list or ['']) }})
                then 'no monitor of this name' || coalesce(unknown_names.unknown_monitor, '')
            when settings.minimum_rows is null then 'the monitor has no subgroups'
            when named_entries.metric is null or unknown_names.unknown_metric is not null
                then 'no metric of this name' || coalesce(unknown_names.unknown_metric, '')
            when named_entries.is_gap and named_entries.monitor not in ({{ data_health.text_literal(predicting or ['']) }})
                then 'the monitor has no predictions, or the part performance is off'
            when named_entries.threshold is null
                or not {{ data_health.engine_sql('is_finite', 'named_entries.threshold') }} then 'no threshold'
            when named_entries.on_inconclusive not in ('block', 'warn') then 'on_inconclusive is neither block nor warn'
            when named_entries.written_expiry is not null and named_entries.expiry is null then 'expiry is not a date'
            when named_entries.subgroup_number is null
                then 'not a subgroup of the monitor' || coalesce(unknown_names.unknown_subgroup, '')
            when named_entries.metric = 'share_ratio' and population.share is null
                then 'the population has no share of this group' || coalesce(unknown_names.unknown_group, '')
            when named_entries.metric = 'share_ratio' and population.share = 0e0 then 'the population has no share of this group'
            when unknown_names.unknown_group is not null then 'no row has ever been of this group' || unknown_names.unknown_group
            when unknown_names.unknown_reference is not null then 'no reference of this name' || unknown_names.unknown_reference
        end as problem
    from named_entries
    left join settings
        on named_entries.monitor = settings.monitor
    left join unknown_names
        on named_entries.entry_number = unknown_names.entry_number
    left join population
        on named_entries.monitor = population.monitor
        and named_entries.subgroup_key = population.subgroup_key
        and named_entries.known_as = population.group_value

)

select
    resolved_entries.*,
    spans.span,
    spans.dataset,
    spans.dataset_period_key,
    spans.period_start,
    spans.period_end
from resolved_entries
left join spans
    on resolved_entries.monitor = spans.monitor
    and resolved_entries.is_gap = spans.is_gap
    and spans.dataset = coalesce(resolved_entries.reference, spans.dataset)
