with judgements as (

    select
        monitor,
        finding,
        column_name,
        segment_column,
        segment_value,
        reference,
        metric,
        -- of a column drifts one thing or another; of its schema, every change is one for itself
        case when finding = 'schema' then metric else '' end as change,
        period_start,
        status,
        evidence,
        mart,
        newest_period
    from {{ ref('findings') }}

),

-- too little data to judge neither ends what was found nor adds to it
numbered_judgements as (

    select
        judgements.*,
        max(period_start) over subject as last_seen_period,
        max(case when status = 'ok' then period_start end) over subject as last_ok_period,
        sum(case when status = 'ok' then 1 else 0 end) over (
            partition by monitor, finding, column_name, segment_column, segment_value, reference, change
            order by period_start nulls last rows between unbounded preceding and current row
        ) as island
    from judgements
    window subject as (partition by monitor, finding, column_name, segment_column, segment_value, reference, change)

),

islands as (

    select
        numbered_judgements.*,
        min(period_start) over (
            partition by monitor, finding, column_name, segment_column, segment_value, reference, change, island
        ) as first_period
    from numbered_judgements
    where status in ('warn', 'alert')

),

configured as (

    select monitor, subject, name, value, owner, is_value_shown
    from {{ ref('health_monitors') }}

),

shown_columns as (

    select monitor, name as column_name
    from configured
    where subject = 'column'
        and is_value_shown

),

monitored_relations as (

    select monitor, 'monitor' as kind, value as relation, owner
    from configured
    where subject = 'monitor'
{%- for name, cleaning in data_health.cleaning_sets().items() if cleaning.relation %}
    union all
    select {{ data_health.text_literal(name) }} as monitor, 'cleaning' as kind,
        {{ data_health.text_literal(data_health.setting_text(cleaning.relation)) }} as relation,
        {{ data_health.text_literal(cleaning.owner or none) }} as owner
{%- endfor %}

),

acknowledgements as (

    select
        monitor,
        finding,
        column_name,
        is_of_any_period,
        first_period,
        acknowledged_until,
        acknowledged_by,
        note
    from {{ ref('valid_acknowledgements') }}

),

found_subjects as (

    select distinct monitor, finding, column_name, first_period
    from islands

),

ranked_acknowledgements as (

    select
        found_subjects.monitor,
        found_subjects.finding,
        found_subjects.column_name,
        found_subjects.first_period,
        acknowledgements.acknowledged_until,
        acknowledgements.acknowledged_by,
        acknowledgements.note,
        row_number() over (
            partition by found_subjects.monitor, found_subjects.finding, found_subjects.column_name, found_subjects.first_period
            order by acknowledgements.acknowledged_until desc nulls last, acknowledgements.acknowledged_by nulls last,
                acknowledgements.note nulls last
        ) as rank
    from found_subjects
    inner join acknowledgements
        on found_subjects.monitor = coalesce(acknowledgements.monitor, found_subjects.monitor)
        and found_subjects.finding = coalesce(acknowledgements.finding, found_subjects.finding)
        and (acknowledgements.column_name is null or found_subjects.column_name = acknowledgements.column_name)
        and (acknowledgements.is_of_any_period or found_subjects.first_period = acknowledgements.first_period)

)

select
    islands.monitor,
    islands.finding,
    islands.column_name,
    islands.change,
    islands.segment_column,
    case when islands.segment_column = '(all)' or shown_columns.column_name is not null then islands.segment_value else '(not shown)'
        end as segment_value,
    islands.reference,
    islands.metric,
    islands.first_period,
    islands.period_start,
    islands.status as severity,
    islands.evidence,
    islands.mart,
    coalesce(islands.last_ok_period < islands.period_start, true) and islands.last_seen_period >= islands.newest_period as is_open,
    monitored_relations.relation,
    monitored_relations.owner,
    ranked_acknowledgements.monitor is not null as is_acknowledged,
    ranked_acknowledgements.acknowledged_until,
    ranked_acknowledgements.acknowledged_by,
    ranked_acknowledgements.note
from islands
left join shown_columns
    on islands.monitor = shown_columns.monitor
    and islands.segment_column = shown_columns.column_name
left join monitored_relations
    on islands.monitor = monitored_relations.monitor
    and monitored_relations.kind = case when islands.finding = 'cleaning_rule' then 'cleaning' else 'monitor' end
left join ranked_acknowledgements
    on islands.monitor = ranked_acknowledgements.monitor
    and islands.finding = ranked_acknowledgements.finding
    and coalesce(islands.column_name, '(null)') = coalesce(ranked_acknowledgements.column_name, '(null)')
    and islands.first_period = ranked_acknowledgements.first_period
    and ranked_acknowledgements.rank = 1
