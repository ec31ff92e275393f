{{ config(materialized='ephemeral') }}
with episodes as (

    select
        monitor,
        subject,
        is_from_previous,
        episode,
        role,
        first_number,
        last_number,
        first_day,
        is_open,
        is_alert,
        metric,
        change_kind
    from {{ ref('incident_episodes') }}
    where subject_kind = 'column'
        and role not in ('score', 'predicted_label')
        and not is_of_newest_period
        and not is_passing

),

columns_alone as (

    select
        episodes.*,
        change_kind = 'recoding' as is_recoding,
        -- what is soon over does not go on together with what lasts
        2 * (last_number - first_number + 1)
            < max(last_number) over (partition by monitor, is_from_previous, first_number) - first_number + 1 as is_short
    from episodes

),

begun_together as (

    select
        monitor,
        is_from_previous,
        first_number,
        is_short,
        is_recoding,
        max(last_number) as last_number,
        min(first_day) as first_day,
        count(*) as column_count
    from columns_alone
    where change_kind <> 'steady gaps'
    group by monitor, is_from_previous, first_number, is_short, is_recoding

),

-- groups that a column may belong to which warned a period earlier or later
lasting_groups as (

    select monitor, is_from_previous, first_number, last_number, first_day
    from begun_together
    where column_count >= 3
        and not is_short
        and not is_recoding

),

neighbours as (

    select
        columns_alone.monitor,
        columns_alone.subject,
        columns_alone.is_from_previous,
        columns_alone.episode,
        min(lasting_groups.first_day) as first_day
    from columns_alone
    inner join lasting_groups
        on columns_alone.monitor = lasting_groups.monitor
        and columns_alone.is_from_previous = lasting_groups.is_from_previous
        and abs(columns_alone.first_number - lasting_groups.first_number) = 1
        -- they go on together for at least half of the time
        and 2 * (
            least(columns_alone.last_number, lasting_groups.last_number)
            - greatest(columns_alone.first_number, lasting_groups.first_number) + 1
        ) > greatest(columns_alone.last_number, lasting_groups.last_number) - least(columns_alone.first_number, lasting_groups.first_number)
    where not columns_alone.is_alert
        and not columns_alone.is_recoding
    group by columns_alone.monitor, columns_alone.subject, columns_alone.is_from_previous, columns_alone.episode

),

counted_columns as (

    select
        columns_alone.*,
        begun_together.column_count,
        neighbours.first_day as first_day_of_neighbours,
        count(*) over (
            partition by columns_alone.monitor, columns_alone.is_from_previous, columns_alone.first_number,
                columns_alone.change_kind, columns_alone.metric, columns_alone.is_open
        ) as alike_count
    from columns_alone
    left join begun_together
        on columns_alone.monitor = begun_together.monitor
        and columns_alone.is_from_previous = begun_together.is_from_previous
        and columns_alone.first_number = begun_together.first_number
        and columns_alone.is_short = begun_together.is_short
        and columns_alone.is_recoding = begun_together.is_recoding
    left join neighbours
        on columns_alone.monitor = neighbours.monitor
        and columns_alone.subject = neighbours.subject
        and columns_alone.is_from_previous = neighbours.is_from_previous
        and columns_alone.episode = neighbours.episode

)

-- three that begin in one period are one event, and two that change alike
select
    monitor,
    subject,
    is_from_previous,
    episode,
    role,
    first_number,
    last_number,
    case
        when change_kind = 'steady gaps' then 'missing values'
        when is_recoding and column_count >= 2 then 'recoding ' || first_day
        when column_count >= 3 then 'columns ' || first_day || case when is_short then ' (short)' else '' end
        when first_day_of_neighbours is not null then 'columns ' || first_day_of_neighbours
        when column_count = 2 and alike_count = 2 and role <> 'label' then 'columns ' || first_day
        else 'column ' || subject || ' ' || first_day
    end || case when is_from_previous then ' (previous)' else '' end as incident_key
from counted_columns
