{{ config(materialized='ephemeral') }}
with incident_members as (

    select
        monitor,
        subject_kind,
        subject,
        is_from_previous,
        episode,
        role,
        finding,
        column_name,
        segment_column,
        split_part(reference_list, ', ', 1) as reference,
        reference_list,
        metric,
        severity,
        first_period,
        last_period,
        first_number,
        last_number,
        is_open,
        is_of_newest_period,
        -- one period that only warns, and is over, may be chance
        severity = 'warn' and not is_open and first_number = last_number as is_weak,
        case when role = 'label' then 'label' when metric like 'null%' then 'missing values' else 'values' end as change_kind
    from {{ ref('incident_members') }}

),

profiles as (

    select monitor, dataset, column_name, row_count, null_count, null_share
    from {{ data_health.named_model('health_profile', 'profile' in data_health.parts_on(), {
        'monitor': 'varchar', 'dataset': 'varchar', 'column_name': 'varchar', 'segment_column': 'varchar', 'row_count': 'bigint',
        'null_count': 'bigint', 'null_share': 'double precision'
    }) }}
    where segment_column = '(all)'

),

category_changes as (

    select monitor, column_name, reference, period_start
    from {{ ref('category_changes') }}
    where recoded_count > 0

),

episodes as (

    select
        monitor,
        subject_kind,
        subject,
        is_from_previous,
        episode,
        max(coalesce(role, 'feature')) as role,
        -- it begins with what is more than chance
        coalesce(min(case when not is_weak then first_number end), min(first_number)) as first_number,
        max(last_number) as last_number,
        cast(coalesce(min(case when not is_weak then first_period end), min(first_period)) as varchar) as first_day,
        max(case when is_open then 1 else 0 end) = 1 as is_open,
        max(case when not is_weak and severity = 'alert' then 1 else 0 end) = 1 as is_alert,
        min(case when is_weak then 1 else 0 end) = 1 as is_weak,
        min(case when is_of_newest_period then 1 else 0 end) = 1 as is_of_newest_period,
        max(case when reference_list = 'previous build' then 1 else 0 end) = 1 as is_change_of_schema,
        max(case when not is_weak then metric end) as metric,
        case when min(change_kind) = max(change_kind) then min(change_kind) else 'values' end as change_kind
    from incident_members
    group by monitor, subject_kind, subject, is_from_previous, episode

),

recoded as (

    select distinct
        incident_members.monitor,
        incident_members.subject,
        incident_members.episode
    from incident_members
    inner join category_changes
        on incident_members.monitor = category_changes.monitor
        and incident_members.column_name = category_changes.column_name
        and incident_members.reference = category_changes.reference
        and incident_members.last_period = category_changes.period_start
    where incident_members.finding = 'drift'
        and incident_members.segment_column = '(all)'

),

-- Columns that miss a few values in every period, where a reference misses none: a difference, and no change of a period.
steady_gaps as (

    select monitor, column_name
    from profiles
    group by monitor, column_name
    having min(case when dataset <> 'production' then null_count end) = 0
        and sum(case when dataset = 'production' then null_count end) > 0
        and max(case when dataset = 'production' then null_share end)
            <= 0.02 + 4 * sum(case when dataset = 'production' then null_count end)
                / sum(case when dataset = 'production' then row_count end)

)

select
    episodes.monitor,
    episodes.subject_kind,
    episodes.subject,
    episodes.is_from_previous,
    episodes.episode,
    episodes.role,
    episodes.first_number,
    episodes.last_number,
    episodes.first_day,
    episodes.is_open,
    episodes.is_alert,
    episodes.is_weak
        and episodes.subject_kind in ('column', 'features together', 'combinations', 'population', 'performance')
        and (episodes.change_kind <> 'missing values' or steady_gaps.column_name is null) as is_passing,
    episodes.is_of_newest_period,
    episodes.is_change_of_schema,
    episodes.metric,
    case
        when recoded.subject is not null then 'recoding'
        when episodes.change_kind = 'missing values' and steady_gaps.column_name is not null then 'steady gaps'
        else episodes.change_kind
    end as change_kind
from episodes
left join recoded
    on episodes.subject_kind = 'column'
    and episodes.monitor = recoded.monitor
    and episodes.subject = recoded.subject
    and episodes.episode = recoded.episode
left join steady_gaps
    on episodes.subject_kind = 'column'
    and episodes.monitor = steady_gaps.monitor
    and episodes.subject = steady_gaps.column_name
