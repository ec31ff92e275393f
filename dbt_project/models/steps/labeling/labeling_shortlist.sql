{{ config(enabled=data_health.part_is_on('labeling')) }}
{%- do data_health.begin_model() %}
{%- set cell = [] %}
{%- for number in range(1, 9) %}{% do cell.append('value_' ~ number) %}{% endfor %}
with shares as (

    select
        monitor, learner, strategy, labels_per_subgroup, cast(pool_count as double precision) as pool_count, cast(row_count as double precision) as row_count,
        labelled_count, asked_count, slot_count, audit_count, quota_count, coverage_gap_count, drift_count, relabel_count
    from {{ ref('labeling_slots') }}

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

    select monitor, period_start, column_name
    from {{ ref('health_drift_latest') }}
    where segment_column = '(all)'
        and role = 'feature'
        and column_status = 'alert'

),

rows_to_ask as (

    select monitor, row_key, period_start, random_number, {{ cell | join(', ') }}, margin, entropy
    from {{ ref('labeling_pool') }}

),

-- 1. A random sample with a known chance: the smallest of numbers that are drawn evenly from 0 to 1. Only rows below a limit that
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

-- 2. Subgroups with too few labels, those with fewest first.
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

-- 3. What production has more of than a training set.
gap_rows as (

    select monitor, row_key, dataset, pattern, labelled_count, place
    from {{ ref('labeling_gap_rows') }}

),

-- 4. The newest period, if a feature of it drifts: chance picks the rows.
drifted_periods as (

    select
        monitor,
        period_start,
        count(distinct column_name) as column_count,
        min(column_name) as first_column
    from drift
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

-- 5. One more opinion.
relabel_rows as (

    select monitor, row_key, reason, place
    from {{ ref('labeling_relabel_rows') }}

),

-- 6. The rest, by how uncertain they are: ten for each place, of which Python takes those that differ.
ranked_rows as (

    select monitor, row_key, strategy, place
    from {{ ref('labeling_uncertain') }}

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

    select gap_rows.monitor, gap_rows.row_key, 3 as priority, 'coverage_gap' as strategy, gap_rows.dataset || ' has few of ' || gap_rows.pattern || ', here are more; ' || gap_rows.labelled_count || ' labels' as reason, gap_rows.place, cast(null as double precision) as inclusion_probability, cast(null as varchar) as subgroup
    from gap_rows
    inner join shares
        on gap_rows.monitor = shares.monitor
    where gap_rows.place <= shares.coverage_gap_count

    union all

    select drift_rows.monitor, drift_rows.row_key, 4 as priority, 'drift' as strategy, drift_rows.first_column || case when drift_rows.column_count > 1 then ' and ' || (drift_rows.column_count - 1) || ' more' else '' end || ' drifted in its period' as reason, drift_rows.place, cast(null as double precision) as inclusion_probability, cast(null as varchar) as subgroup
    from drift_rows
    inner join shares
        on drift_rows.monitor = shares.monitor
    where drift_rows.place <= shares.drift_count

    union all

    select relabel_rows.monitor, relabel_rows.row_key, 5 as priority, 'relabel' as strategy, relabel_rows.reason, relabel_rows.place, cast(null as double precision) as inclusion_probability, cast(null as varchar) as subgroup
    from relabel_rows
    inner join shares
        on relabel_rows.monitor = shares.monitor
    where relabel_rows.place <= shares.relabel_count

    union all

    select
        monitor,
        row_key,
        6 as priority,
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
        row_number() over (
            partition by first_reasons.monitor, first_reasons.row_key
            order by labeling_rows.period_start desc nulls last, labeling_rows.margin, labeling_rows.confidence, labeling_rows.predicted_label, labeling_rows.label
        ) as row_place
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
    shares.slot_count as slot_count,
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
inner join shares
    on shortlisted_rows.monitor = shares.monitor
where shortlisted_rows.row_place = 1
