{{ config(enabled='labeling' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with shares as (

    select
        monitor, cast(pool_count as double precision) as pool_count, cast(row_count as double precision) as row_count, labelled_count,
        asked_count, arm, slot_count, audit_count, quota_count, coverage_gap_count, drift_count, relabel_count
    from {{ ref('labeling_slots') }}

),

labeling_rows as (

    select monitor, row_key, period_start, random_number, label, predicted_label, confidence, margin, learner_version
    from {{ ref('labeling_rows') }}

),

rows_to_ask as (

    select monitor, row_key, period_start, random_number
    from {{ ref('labeling_pool') }}

),

quota_rows as (

    select monitor, row_key, group_value, labelled_count, rank
    from {{ ref('labeling_quota_rows') }}

),

gap_rows as (

    select monitor, row_key, dataset, pattern, labelled_count, rank
    from {{ data_health.named_model(
        'labeling_gap_rows', 'combinations' in data_health.parts_on(),
        {
            'monitor': 'varchar', 'row_key': 'varchar', 'dataset': 'varchar', 'pattern': 'varchar', 'labelled_count': 'bigint',
            'rank': 'bigint'
        }
    ) }}

),

drifted_columns as (

    select monitor, period_start, column_name
    from {{ data_health.named_model(
        'health_drift_latest', 'drift' in data_health.parts_on(),
        {
            'monitor': 'varchar', 'period_start': 'date', 'column_name': 'varchar', 'segment_column': 'varchar', 'role': 'varchar',
            'column_status': 'varchar'
        }
    ) }}
    where segment_column = '(all)'
        and role = 'feature'
        and column_status = 'alert'

),

relabel_rows as (

    select monitor, row_key, reason, rank
    from {{ ref('labeling_relabel_rows') }}

),

uncertain_rows as (

    select monitor, row_key, strategy, rank
    from {{ ref('labeling_uncertain') }}

),

-- A random sample with a known chance: the smallest of numbers that are drawn evenly from 0 to 1. Only rows below a limit that
-- surely holds enough, those that cannot be asked among them, are put in order.
audit_rows as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        row_number() over (partition by rows_to_ask.monitor order by rows_to_ask.random_number, rows_to_ask.row_key) as rank
    from rows_to_ask
    inner join shares
        on rows_to_ask.monitor = shares.monitor
        and rows_to_ask.random_number * shares.row_count
            <= 2 * (shares.audit_count + shares.labelled_count + shares.asked_count) + 100

),

-- the newest period, if a feature of it drifts: chance picks the rows
drifted_periods as (

    select
        monitor,
        period_start,
        count(distinct column_name) as column_count,
        min(column_name) as first_column
    from drifted_columns
    group by monitor, period_start

),

drift_rows as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        drifted_periods.first_column || case
            when drifted_periods.column_count > 1 then ' and ' || (drifted_periods.column_count - 1) || ' more' else ''
        end as columns,
        row_number() over (
            partition by rows_to_ask.monitor order by rows_to_ask.random_number desc nulls last, rows_to_ask.row_key
        ) as rank
    from rows_to_ask
    inner join drifted_periods
        on rows_to_ask.monitor = drifted_periods.monitor
        and rows_to_ask.period_start = drifted_periods.period_start

),

-- every reason to ask for a row; of the last, Python takes those that differ
offered_rows as (

    select monitor, row_key, 1 as priority, 'audit' as strategy, 'a random sample of all rows without a label' as reason, rank,
        cast(null as varchar) as subgroup
    from audit_rows

    union all

    select monitor, row_key, 2 as priority, 'quota' as strategy, group_value || ' has ' || labelled_count || ' labels' as reason, rank,
        group_value as subgroup
    from quota_rows

    union all

    select monitor, row_key, 3 as priority, 'coverage_gap' as strategy,
        dataset || ' has few rows of ' || pattern || ', production has more; ' || labelled_count || ' labels' as reason, rank,
        cast(null as varchar) as subgroup
    from gap_rows

    union all

    select monitor, row_key, 4 as priority, 'drift' as strategy, columns || ' drifted in the period of this row' as reason, rank,
        cast(null as varchar) as subgroup
    from drift_rows

    union all

    select monitor, row_key, 5 as priority, 'relabel' as strategy, reason, rank, cast(null as varchar) as subgroup
    from relabel_rows

    union all

    select monitor, row_key, 6 as priority, strategy,
        case strategy
            when 'random' then 'a random row'
            when 'representative' then 'similar to many rows, of which few have a label'
            else 'the model is not certain of its label'
        end as reason, rank, cast(null as varchar) as subgroup
    from uncertain_rows

),

-- a row is asked for once, for the first reason that has room for it
first_reasons as (

    select
        offered_rows.*,
        shares.slot_count,
        shares.asked_count,
        case when offered_rows.strategy = 'audit' and shares.arm is not null then 'test' else shares.arm end as arm,
        case when offered_rows.strategy = 'audit' then shares.audit_count / shares.pool_count end as inclusion_probability,
        row_number() over (
            partition by offered_rows.monitor, offered_rows.row_key
            order by offered_rows.priority, offered_rows.rank, offered_rows.reason
        ) as reason_rank
    from offered_rows
    inner join shares
        on offered_rows.monitor = shares.monitor
    where offered_rows.rank <= case offered_rows.priority
            when 1 then shares.audit_count
            when 2 then shares.quota_count
            when 3 then shares.coverage_gap_count
            when 4 then shares.drift_count
            when 5 then shares.relabel_count
            else offered_rows.rank
        end

),

-- a key that is there twice counts once
shortlisted_rows as (

    select
        first_reasons.*,
        labeling_rows.period_start,
        labeling_rows.random_number,
        labeling_rows.predicted_label,
        labeling_rows.confidence,
        labeling_rows.margin,
        labeling_rows.learner_version,
        labeling_rows.label as given_label,
        row_number() over (
            partition by first_reasons.monitor, first_reasons.row_key
            order by
                labeling_rows.period_start desc nulls last, labeling_rows.margin nulls last, labeling_rows.confidence nulls last,
                labeling_rows.predicted_label nulls last, labeling_rows.label nulls last
        ) as row_rank
    from first_reasons
    inner join labeling_rows
        on first_reasons.monitor = labeling_rows.monitor
        and first_reasons.row_key = labeling_rows.row_key
    where first_reasons.reason_rank = 1

)

select
    monitor,
    row_key,
    cast(priority as integer) as priority,
    strategy,
    reason,
    cast(row_number() over (partition by monitor, priority order by rank, random_number, row_key) as bigint) as rank,
    slot_count,
    asked_count,
    arm,
    period_start,
    random_number,
    subgroup,
    inclusion_probability,
    predicted_label,
    confidence,
    margin,
    learner_version,
    given_label,
    {{ data_health.run_time() }} as built_at
from shortlisted_rows
where row_rank = 1
