{{ config(materialized='ephemeral') }}
with episodes as (

    select
        monitor,
        subject_kind,
        subject,
        is_from_previous,
        episode,
        role,
        first_number,
        last_number,
        first_day,
        is_open,
        is_passing,
        is_of_newest_period,
        is_change_of_schema
    from {{ ref('incident_episodes') }}

),

grouped_columns as (

    select monitor, subject, is_from_previous, episode, role, first_number, last_number, incident_key
    from {{ ref('incident_columns') }}

),

column_groups as (

    select
        monitor,
        incident_key,
        min(first_number) as first_number,
        max(last_number) as last_number,
        count(*) as column_count,
        max(case when role = 'label' then 1 else 0 end) as has_label
    from grouped_columns
    group by monitor, incident_key

),

-- 1. What follows from a change of columns: a group that it may belong to, the nearest first.
followers as (

    select
        episodes.monitor,
        episodes.subject_kind,
        episodes.subject,
        episodes.is_from_previous,
        episodes.episode,
        column_groups.incident_key,
        row_number() over (
            partition by episodes.monitor, episodes.subject_kind, episodes.subject, episodes.is_from_previous, episodes.episode
            order by
                abs(episodes.first_number - column_groups.first_number),
                case when column_groups.first_number <= episodes.first_number then 0 else 1 end,
                column_groups.column_count desc nulls last,
                column_groups.incident_key
        ) as rank
    from episodes
    inner join column_groups
        on episodes.monitor = column_groups.monitor
        and episodes.first_number between column_groups.first_number - 1 and column_groups.first_number + 1
    where not episodes.is_passing
        and (
            episodes.subject_kind = 'features together'
            or (episodes.subject_kind = 'column' and episodes.role in ('score', 'predicted_label'))
            or (episodes.subject_kind = 'performance' and column_groups.has_label = 1)
        )

),

-- A schema, a rule or a combination belongs to the change of a column that it names, while that goes on; groups of a subgroup, where
-- both begin together.
named_followers as (

    select
        episodes.monitor,
        episodes.subject_kind,
        episodes.subject,
        episodes.is_from_previous,
        episodes.episode,
        grouped_columns.incident_key,
        row_number() over (
            partition by episodes.monitor, episodes.subject_kind, episodes.subject, episodes.is_from_previous, episodes.episode
            order by grouped_columns.first_number desc nulls last, grouped_columns.last_number desc nulls last,
                grouped_columns.incident_key
        ) as rank
    from episodes
    inner join grouped_columns
        on episodes.monitor = grouped_columns.monitor
        and not grouped_columns.is_from_previous
        and episodes.first_number between grouped_columns.first_number - 1 and grouped_columns.last_number + 1
        and (
            (episodes.subject_kind in ('schema', 'column') and episodes.subject = grouped_columns.subject)
            or (
                episodes.subject_kind = 'population'
                and episodes.subject = grouped_columns.subject
                and episodes.first_number between grouped_columns.first_number - 1 and grouped_columns.first_number + 1
            )
            or (episodes.subject_kind = 'cleaning_rule' and split_part(episodes.subject, '.', 1) = grouped_columns.subject)
            or (
                episodes.subject_kind = 'combinations'
                and ', ' || episodes.subject || ',' like '%, ' || grouped_columns.subject || ',%'
            )
        )
    where episodes.subject_kind in ('schema', 'cleaning_rule', 'combinations', 'population')
        or (episodes.subject_kind = 'column' and episodes.is_of_newest_period)

),

-- 2. Columns that change only while a load is wrong are part of that.
loads as (

    select
        monitor,
        first_number,
        max(last_number) as last_number,
        min(first_day) as first_day,
        max(case when is_open then 1 else 0 end) = 1 as is_open
    from episodes
    where subject_kind = 'load'
        and subject in ('volume', 'key')
    group by monitor, first_number

),

loaded_columns as (

    select column_groups.monitor, column_groups.incident_key, 'load ' || loads.first_day as load_key
    from column_groups
    inner join loads
        on column_groups.monitor = loads.monitor
        and column_groups.first_number = loads.first_number
        and column_groups.last_number <= loads.last_number + case when column_groups.column_count >= 3 then 1 else 0 end
        -- of what is still so, nobody knows how long it lasts
        and (column_groups.column_count >= 3 or not loads.is_open)

),

-- A model version that expects another column or type misses what the schema lost: one event.
schema_keys as (

    select
        monitor,
        subject,
        max(case when is_change_of_schema then 'schema ' || first_day else 'schema' end) as schema_key
    from episodes
    where subject_kind = 'schema'
        and is_open
    group by monitor, subject

),

-- 3. Everything else is an event of its own.
keyed as (

    select
        episodes.*,
        coalesce(grouped_columns.incident_key, followers.incident_key, named_followers.incident_key, case
            when episodes.is_passing then 'passing'
            when episodes.subject = '(predictions)' then 'predictions ' || episodes.first_day
            when episodes.subject_kind = 'column' and episodes.is_of_newest_period
                then coalesce(schema_keys.schema_key, 'column ' || episodes.subject)
            when episodes.subject_kind = 'schema' and episodes.is_change_of_schema then 'schema ' || episodes.first_day
            when episodes.subject_kind = 'schema' then 'schema'
            when episodes.subject_kind = 'population' then 'population ' || episodes.subject
                || case when episodes.is_of_newest_period then '' else ' ' || episodes.first_day end
            when episodes.subject_kind = 'load' and episodes.subject in ('volume', 'key') then 'load ' || episodes.first_day
            when episodes.subject_kind = 'configuration' then 'configuration'
            when episodes.subject_kind in ('load', 'cleaning_rule') and not episodes.is_of_newest_period
                then episodes.subject || ' ' || episodes.first_day
            when episodes.subject_kind = 'load' then episodes.subject
            else episodes.subject_kind || ' ' || episodes.first_day
        end) as incident_key
    from episodes
    left join grouped_columns
        on episodes.subject_kind = 'column'
        and episodes.monitor = grouped_columns.monitor
        and episodes.subject = grouped_columns.subject
        and episodes.is_from_previous = grouped_columns.is_from_previous
        and episodes.episode = grouped_columns.episode
    left join followers
        on episodes.monitor = followers.monitor
        and episodes.subject_kind = followers.subject_kind
        and episodes.subject = followers.subject
        and episodes.is_from_previous = followers.is_from_previous
        and episodes.episode = followers.episode
        and followers.rank = 1
    left join named_followers
        on episodes.monitor = named_followers.monitor
        and episodes.subject_kind = named_followers.subject_kind
        and episodes.subject = named_followers.subject
        and episodes.is_from_previous = named_followers.is_from_previous
        and episodes.episode = named_followers.episode
        and named_followers.rank = 1
    left join schema_keys
        on episodes.monitor = schema_keys.monitor
        and episodes.subject = schema_keys.subject

)

select
    keyed.monitor,
    keyed.subject_kind,
    keyed.subject,
    keyed.is_from_previous,
    keyed.episode,
    keyed.role,
    coalesce(loaded_columns.load_key, keyed.incident_key) as incident_key
from keyed
left join loaded_columns
    on keyed.monitor = loaded_columns.monitor
    and keyed.incident_key = loaded_columns.incident_key
