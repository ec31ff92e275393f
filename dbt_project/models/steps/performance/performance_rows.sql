{{ config(enabled='performance' in data_health.parts_on(), materialized='ephemeral') }}
{%- set sums = [
    'row_count', 'weight_sum', 'squared_weight_sum', 'score_sum', 'squared_score_sum', 'log_score_sum', 'log_complement_sum',
    'outside_count'
] %}
with distributions as (

    select
        period_key, monitor, dataset, period_start, model_version, subgroup, group_value, score_bin, bin_width, bin_generation, predicted,
        label,
        {{ sums | join(', ') }}
    from {{ ref('score_distributions') }}

),

settings as (

    select monitor, minimum_rows, matures_after_days
    from {{ ref('monitor_settings') }}
    where part = 'performance'
        and metric = 'performance'

),

default_references as (

    select monitor, value as reference
    from {{ ref('health_monitors') }}
    where subject = 'setting'
        and name = 'default_reference'

),

-- 1. The periods of every dataset. Labels of a period are complete so many days after its end; a table without a time has all it has.
dataset_periods as (

    select
        periods.monitor,
        periods.dataset,
        periods.dataset_period_key,
        periods.period_start,
        periods.period_end,
        periods.is_latest,
        periods.stored_period_key,
        periods.dataset <> 'production' or periods.period_start is null or settings.matures_after_days is null
            or {{ dbt.dateadd('day', 'settings.matures_after_days', 'periods.period_end') }}
                <= cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date) as is_mature
    from (select * from {{ ref('dataset_periods') }} where not is_empty) as periods
    inner join settings
        on periods.monitor = settings.monitor

),

-- 2. A version of which the default reference knows no label is compared with its own first periods that are complete: up to three, and at
--    most half of them, so that some are left to be judged.
versions_of_references as (

    select distinct distributions.monitor, coalesce(distributions.model_version, '(none)') as model_version
    from distributions
    inner join dataset_periods
        on distributions.period_key = dataset_periods.stored_period_key
    inner join default_references
        on dataset_periods.monitor = default_references.monitor
        and dataset_periods.dataset = default_references.reference
    where distributions.label is not null
        and (distributions.predicted is not null or distributions.score_bin is not null)

),

periods_of_versions as (

    select
        distributions.monitor,
        coalesce(distributions.model_version, '(none)') as model_version,
        dataset_periods.stored_period_key,
        dataset_periods.period_start,
        dataset_periods.period_end,
        row_number() over (
            partition by distributions.monitor, distributions.model_version order by dataset_periods.period_start nulls last
        ) as period_rank,
        count(*) over (partition by distributions.monitor, distributions.model_version) as period_count
    from distributions
    inner join dataset_periods
        on distributions.period_key = dataset_periods.stored_period_key
        and dataset_periods.dataset = 'production'
    inner join settings
        on distributions.monitor = settings.monitor
    left join versions_of_references
        on distributions.monitor = versions_of_references.monitor
        and versions_of_references.model_version in (coalesce(distributions.model_version, '(none)'), '(none)')
    where dataset_periods.is_mature
        and dataset_periods.period_start is not null
        and distributions.subgroup = '(all)'
        and distributions.label is not null
        and versions_of_references.monitor is null
    group by
        distributions.monitor, distributions.model_version, settings.minimum_rows, dataset_periods.stored_period_key,
        dataset_periods.period_start, dataset_periods.period_end
    having sum(distributions.row_count) >= settings.minimum_rows

),

members as (

    select
        monitor, dataset, dataset_period_key, period_start, period_end, is_latest, is_mature, stored_period_key,
        cast(null as varchar) as model_version
    from dataset_periods

    union all

    select
        monitor,
        '(first periods)' as dataset,
        monitor || '|(first periods)' as dataset_period_key,
        min(period_start) over (partition by monitor, model_version) as period_start,
        max(period_end) over (partition by monitor, model_version) as period_end,
        true as is_latest,
        true as is_mature,
        stored_period_key,
        model_version
    from periods_of_versions
    where period_rank <= least(3, greatest(1, floor(period_count / 2e0)))

),

rows_of_members as (

    select
        members.monitor,
        members.dataset,
        members.dataset_period_key,
        members.period_start,
        members.period_end,
        members.is_latest,
        members.is_mature,
        distributions.model_version,
        distributions.subgroup,
        distributions.group_value,
        distributions.score_bin,
        distributions.bin_width,
        distributions.bin_generation,
        distributions.predicted,
        distributions.label,
        distributions.{{ sums | join(', distributions.') }}
    from distributions
    inner join members
        on distributions.period_key = members.stored_period_key
        and coalesce(members.model_version, distributions.model_version, '(none)') = coalesce(distributions.model_version, '(none)')

),

-- 3. Every group has a number, and its bins are as wide as the widest that are added up.
groups as (

    select
        monitor,
        dataset,
        dataset_period_key,
        period_start,
        period_end,
        is_latest,
        is_mature,
        model_version,
        subgroup,
        group_value,
        max(bin_width) as bin_width,
        max(bin_generation) as bin_generation,
        row_number() over (order by dataset_period_key, model_version nulls last, subgroup, group_value nulls last) as group_id
    from rows_of_members
    group by
        monitor, dataset, dataset_period_key, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value

)

select
    groups.group_id,
    groups.monitor,
    groups.dataset,
    groups.period_start,
    groups.period_end,
    groups.is_latest,
    groups.is_mature,
    groups.model_version,
    groups.subgroup,
    groups.group_value,
    groups.bin_generation,
    -- bins that were drawn anew have another order: only the newest are ranked
    case when rows_of_members.bin_generation = groups.bin_generation
        then rows_of_members.score_bin - mod(rows_of_members.score_bin, groups.bin_width) end as score_bin,
    rows_of_members.score_bin is not null as is_scored,
    rows_of_members.predicted,
    rows_of_members.label,
    rows_of_members.{{ sums | join(', rows_of_members.') }}
from rows_of_members
inner join groups
    on rows_of_members.dataset_period_key = groups.dataset_period_key
    and coalesce(rows_of_members.model_version, '(none)') = coalesce(groups.model_version, '(none)')
    and rows_of_members.subgroup = groups.subgroup
    and rows_of_members.group_value = groups.group_value
