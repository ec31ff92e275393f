{%- do data_health.begin_model() %}
{%- set cell = [] %}
{%- for number in range(1, 9) %}{% do cell.append('value_' ~ number) %}{% endfor %}
with settings as (

    select monitor, learner, strategy, budget, labels_per_subgroup, on_label_break
    from {{ ref('labeling_settings') }}

),

labeling_rows as (

    select monitor, row_key, period_start, random_number, {{ cell | join(', ') }}, label, is_asked, predicted_label, confidence, margin, entropy, learner_version
    from {{ ref('labeling_rows') }}

),

labeling_groups as (

    select monitor, {{ cell | join(', ') }}, subgroup, group_key, group_value, row_count, labelled_count
    from {{ ref('labeling_groups') }}

),

drift as (

    select monitor, period_start, column_name, column_status
    from {{ ref('health_drift_latest') }}
    where segment_column is null
        and role = 'feature'

),

people as (

    select monitor, row_key, method, probability, answer_count, is_tie
    from {{ ref('health_labels') }}

),

candidates_before as (

    select monitor, row_key, strategy, answers_before
    from {{ ref('labeling_history') }}

),

doubts as (

    select monitor, row_key, rank, given_label, suggested_label
    from {{ ref('health_label_quality') }}
    where subject = 'row'
        and status = 'likely_error'

),

-- a label that suddenly is everywhere, or nowhere, would teach the wrong thing
stopped_monitors as (

    select distinct settings.monitor
    from {{ ref('health_label_quality') }} as judged_labels
    inner join settings
        on judged_labels.monitor = settings.monitor
    where judged_labels.subject = 'label'
        and (judged_labels.status = 'leak' or judged_labels.status = 'break' and settings.on_label_break = 'stop')

),

-- 1. How many rows may be asked for now: the budget less what still waits for an answer.
waiting as (

    select candidates_before.monitor, count(distinct candidates_before.row_key) as row_count
    from candidates_before
    inner join labeling_rows
        on candidates_before.monitor = labeling_rows.monitor
        and candidates_before.row_key = labeling_rows.row_key
    left join people
        on candidates_before.monitor = people.monitor
        and candidates_before.row_key = people.row_key
    where candidates_before.strategy = 'relabel' and people.answer_count <= candidates_before.answers_before
        or candidates_before.strategy <> 'relabel' and labeling_rows.label is null and not labeling_rows.is_asked
    group by candidates_before.monitor

),

rows_to_ask as (

    select
        labeling_rows.monitor,
        labeling_rows.row_key,
        labeling_rows.period_start,
        labeling_rows.random_number,
        {%- for name in cell %}
        labeling_rows.{{ name }},
        {%- endfor %}
        labeling_rows.predicted_label,
        labeling_rows.confidence,
        labeling_rows.margin,
        labeling_rows.entropy,
        labeling_rows.learner_version
    from labeling_rows
    left join (select distinct monitor, row_key from candidates_before) as asked_before
        on labeling_rows.monitor = asked_before.monitor
        and labeling_rows.row_key = asked_before.row_key
    where labeling_rows.label is null
        and not labeling_rows.is_asked
        and asked_before.row_key is null

),

totals as (

    select monitor, count(*) as row_count, count(label) as labelled_count, count(confidence) as scored_count
    from labeling_rows
    group by monitor

),

pool_sizes as (

    select monitor, count(*) as pool_count
    from rows_to_ask
    group by monitor

),

asked_again as (

    select distinct monitor, row_key
    from candidates_before
    where strategy = 'relabel'

),

asked_counts as (

    select monitor, count(*) as asked_count
    from candidates_before
    group by monitor

),

slots as (

    select
        settings.monitor,
        settings.labels_per_subgroup,
        pool_sizes.pool_count,
        cast(totals.row_count as double precision) as row_count,
        totals.labelled_count,
        coalesce(asked_counts.asked_count, 0) as asked_count,
        settings.learner,
        greatest(settings.budget - coalesce(waiting.row_count, 0), 0) as slot_count,
        case
            when settings.strategy = 'random' or totals.scored_count = 0 and settings.strategy in ('margin', 'entropy') then 'random'
            when settings.strategy = 'typical' or totals.scored_count = 0 then 'typical'
            when settings.learner = 'logistic_regression' and totals.labelled_count < 60 and settings.strategy = 'clustered_margin' then 'typical'
            else settings.strategy
        end as strategy
    from settings
    inner join totals
        on settings.monitor = totals.monitor
    inner join pool_sizes
        on settings.monitor = pool_sizes.monitor
    left join waiting
        on settings.monitor = waiting.monitor
    left join asked_counts
        on settings.monitor = asked_counts.monitor
    left join stopped_monitors
        on settings.monitor = stopped_monitors.monitor
    where stopped_monitors.monitor is null

),

shares as (

    select
        monitor,
        labels_per_subgroup,
        pool_count,
        row_count,
        labelled_count,
        asked_count,
        learner,
        slot_count,
        strategy,
        ceil(slot_count * 0.15e0) as audit_count,
        floor(slot_count * 0.3e0) as quota_count,
        floor(slot_count * 0.1e0) as drift_count,
        floor(slot_count * 0.05e0) as relabel_count
    from slots
    where slot_count > 0

),

-- 2. A random sample with a known chance: the smallest of numbers that are drawn evenly from 0 to 1. Only rows below a limit that
-- surely holds enough, those that cannot be asked among them, are put in order.
audit_rows as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        row_number() over (partition by rows_to_ask.monitor order by rows_to_ask.random_number, rows_to_ask.row_key) as place,
        shares.audit_count as wanted_count,
        shares.pool_count
    from rows_to_ask
    inner join shares
        on rows_to_ask.monitor = shares.monitor
        and rows_to_ask.random_number * shares.row_count
            <= 2 * (shares.audit_count + shares.labelled_count + shares.asked_count) + 100

),

-- 3. Subgroups with too few labels, those with fewest first.
short_groups as (

    select distinct
        labeling_groups.monitor,
        labeling_groups.subgroup,
        labeling_groups.group_key,
        labeling_groups.group_value,
        labeling_groups.labelled_count,
        shares.labels_per_subgroup - labeling_groups.labelled_count as wanted_count,
        (2 * (shares.labels_per_subgroup + shares.asked_count) + 100) / cast(labeling_groups.row_count as double precision) as largest_number
    from labeling_groups
    inner join shares
        on labeling_groups.monitor = shares.monitor
    where labeling_groups.labelled_count < shares.labels_per_subgroup

),

rows_of_short_groups as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        short_groups.group_value,
        short_groups.labelled_count,
        short_groups.wanted_count,
        row_number() over (
            partition by short_groups.monitor, short_groups.subgroup, short_groups.group_key
            order by rows_to_ask.random_number, rows_to_ask.row_key
        ) as place
    from labeling_groups
    inner join short_groups
        on labeling_groups.monitor = short_groups.monitor
        and labeling_groups.subgroup = short_groups.subgroup
        and labeling_groups.group_key = short_groups.group_key
    inner join rows_to_ask
        on labeling_groups.monitor = rows_to_ask.monitor
        {%- for name in cell %}
        and coalesce(labeling_groups.{{ name }}, '(null)') = coalesce(rows_to_ask.{{ name }}, '(null)')
        {%- endfor %}
        and rows_to_ask.random_number <= short_groups.largest_number

),

-- a row counts for every group that it is in, and is asked for by the one that is shortest of labels
best_groups as (

    select
        monitor,
        row_key,
        group_value,
        labelled_count,
        place,
        row_number() over (partition by monitor, row_key order by labelled_count + place, group_value) as group_place
    from rows_of_short_groups
    where place <= wanted_count

),

quota_rows as (

    select
        monitor,
        row_key,
        group_value,
        labelled_count,
        row_number() over (partition by monitor order by labelled_count + place, place, group_value, row_key) as place
    from best_groups
    where group_place = 1

),

-- 4. The newest period, if a feature of it drifts: chance picks the rows.
drifted_periods as (

    select
        monitor,
        period_start,
        count(distinct column_name) as column_count,
        min(column_name) as first_column
    from drift
    where column_status = 'alert'
    group by monitor, period_start

),

drift_rows as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        drifted_periods.column_count,
        drifted_periods.first_column,
        row_number() over (partition by rows_to_ask.monitor order by rows_to_ask.random_number desc, rows_to_ask.row_key) as place
    from rows_to_ask
    inner join drifted_periods
        on rows_to_ask.monitor = drifted_periods.monitor
        and rows_to_ask.period_start = drifted_periods.period_start

),

-- 5. Rows that people do not agree on, and labels that the model doubts, for one more opinion.
rows_to_ask_again as (

    select
        labeling_rows.monitor,
        labeling_rows.row_key,
        labeling_rows.label,
        labeling_rows.random_number,
        case
            when people.answer_count > 1 and (people.is_tie or people.probability < 0.8e0) then people.answer_count || ' people do not agree'
            else 'labelled ' || doubts.given_label || ', but looks like ' || doubts.suggested_label
        end as reason,
        row_number() over (
            partition by labeling_rows.monitor, case when people.answer_count > 1 and (people.is_tie or people.probability < 0.8e0) then 1 else 2 end
            order by coalesce(people.probability, 1e0), doubts.rank, labeling_rows.random_number, labeling_rows.row_key
        ) as place
    from labeling_rows
    left join people
        on labeling_rows.monitor = people.monitor
        and labeling_rows.row_key = people.row_key
    left join doubts
        on labeling_rows.monitor = doubts.monitor
        and labeling_rows.row_key = doubts.row_key
    left join asked_again
        on labeling_rows.monitor = asked_again.monitor
        and labeling_rows.row_key = asked_again.row_key
    where asked_again.row_key is null
        and coalesce(people.method, '') <> 'gold'
        and (people.answer_count > 1 and (people.is_tie or people.probability < 0.8e0) or doubts.row_key is not null)

),

relabel_rows as (

    select
        monitor,
        row_key,
        label,
        reason,
        row_number() over (partition by monitor order by place, reason, random_number, row_key) as place
    from rows_to_ask_again

),

-- 6. The rest, by how uncertain they are: ten for each place, of which Python takes those that differ.
certain_rows as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        rows_to_ask.random_number,
        shares.strategy,
        shares.learner,
        case shares.strategy
            when 'clustered_margin' then 10 * shares.slot_count
            when 'typical' then greatest(10 * shares.slot_count, 2000)
            else shares.slot_count
        end as wanted_count,
        case
            when shares.strategy in ('clustered_margin', 'margin') then coalesce(rows_to_ask.margin, 1e0)
            when shares.strategy = 'entropy' then 1 - coalesce(rows_to_ask.entropy, 0e0)
            else rows_to_ask.random_number
        end as certainty
    from rows_to_ask
    inner join shares
        on rows_to_ask.monitor = shares.monitor

),

-- so that only the least certain are put in order; what is as certain to the last digit as another row is like it to the learner
counted_certainties as (

    select
        monitor,
        floor(certainty * 1000) as thousandth,
        case when min(learner) = 'score' then count(*) else count(distinct certainty) end as row_count
    from certain_rows
    group by monitor, floor(certainty * 1000)

),

least_certainties as (

    select
        monitor,
        thousandth,
        sum(row_count) over (partition by monitor order by thousandth) - row_count as rows_before
    from counted_certainties

),

uncertain_rows as (

    select
        certain_rows.monitor,
        certain_rows.row_key,
        certain_rows.random_number,
        certain_rows.strategy,
        certain_rows.learner,
        certain_rows.certainty,
        certain_rows.wanted_count,
        row_number() over (
            partition by certain_rows.monitor, certain_rows.certainty
            order by certain_rows.random_number, certain_rows.row_key
        ) as copy_number
    from certain_rows
    inner join least_certainties
        on certain_rows.monitor = least_certainties.monitor
        and floor(certain_rows.certainty * 1000) = least_certainties.thousandth
    where least_certainties.rows_before < certain_rows.wanted_count

),

ranked_rows as (

    select
        monitor,
        row_key,
        strategy,
        wanted_count,
        row_number() over (
            partition by monitor
            order by case learner when 'score' then 1 else copy_number end, certainty, random_number, row_key
        ) as place
    from uncertain_rows

),

streams as (

    select monitor, row_key, 1 as priority, 'audit' as strategy, 'a random sample of all rows without a label' as reason, place, wanted_count / pool_count as inclusion_probability, cast(null as varchar) as subgroup
    from audit_rows
    where place <= wanted_count

    union all

    select quota_rows.monitor, quota_rows.row_key, 2 as priority, 'quota' as strategy, quota_rows.group_value || ' has ' || quota_rows.labelled_count || ' labels' as reason, quota_rows.place, cast(null as double precision) as inclusion_probability, quota_rows.group_value as subgroup
    from quota_rows
    inner join shares
        on quota_rows.monitor = shares.monitor
    where quota_rows.place <= shares.quota_count

    union all

    select drift_rows.monitor, drift_rows.row_key, 3 as priority, 'drift' as strategy, drift_rows.first_column || case when drift_rows.column_count > 1 then ' and ' || (drift_rows.column_count - 1) || ' more' else '' end || ' drifted in its period' as reason, drift_rows.place, cast(null as double precision) as inclusion_probability, cast(null as varchar) as subgroup
    from drift_rows
    inner join shares
        on drift_rows.monitor = shares.monitor
    where drift_rows.place <= shares.drift_count

    union all

    select relabel_rows.monitor, relabel_rows.row_key, 4 as priority, 'relabel' as strategy, relabel_rows.reason, relabel_rows.place, cast(null as double precision) as inclusion_probability, cast(null as varchar) as subgroup
    from relabel_rows
    inner join shares
        on relabel_rows.monitor = shares.monitor
    where relabel_rows.place <= shares.relabel_count

    union all

    select
        monitor,
        row_key,
        5 as priority,
        strategy,
        case strategy
            when 'random' then 'a random row'
            when 'typical' then 'like many others, of which few have a label'
            else 'the model is not certain of it'
        end as reason,
        place,
        cast(null as double precision) as inclusion_probability,
        cast(null as varchar) as subgroup
    from ranked_rows
    where place <= wanted_count

),

-- a row is asked for once, for the first reason
first_reasons as (

    select
        streams.*,
        row_number() over (partition by monitor, row_key order by priority, place, reason) as reason_place
    from streams

),

-- a key that is there twice counts once
shortlisted_rows as (

    select
        first_reasons.monitor,
        first_reasons.row_key,
        first_reasons.priority,
        first_reasons.strategy,
        first_reasons.reason,
        first_reasons.place,
        first_reasons.subgroup,
        first_reasons.inclusion_probability,
        labeling_rows.period_start,
        labeling_rows.random_number,
        labeling_rows.predicted_label,
        labeling_rows.confidence,
        labeling_rows.margin,
        labeling_rows.learner_version,
        labeling_rows.label as given_label,
        row_number() over (partition by first_reasons.monitor, first_reasons.row_key order by labeling_rows.period_start desc nulls last) as row_place
    from first_reasons
    inner join labeling_rows
        on first_reasons.monitor = labeling_rows.monitor
        and first_reasons.row_key = labeling_rows.row_key
    where first_reasons.reason_place = 1

)

select
    shortlisted_rows.monitor,
    shortlisted_rows.row_key,
    cast(shortlisted_rows.priority as integer) as priority,
    shortlisted_rows.strategy,
    shortlisted_rows.reason,
    cast(row_number() over (
        partition by shortlisted_rows.monitor, shortlisted_rows.priority
        order by shortlisted_rows.place, shortlisted_rows.random_number, shortlisted_rows.row_key
    ) as bigint) as place,
    cast(slots.slot_count as bigint) as slot_count,
    shortlisted_rows.period_start,
    shortlisted_rows.random_number,
    shortlisted_rows.subgroup,
    shortlisted_rows.inclusion_probability,
    shortlisted_rows.predicted_label,
    shortlisted_rows.confidence,
    shortlisted_rows.margin,
    shortlisted_rows.learner_version,
    shortlisted_rows.given_label,
    {{ data_health.run_time() }} as built_at
from shortlisted_rows
inner join slots
    on shortlisted_rows.monitor = slots.monitor
where shortlisted_rows.row_place = 1
