{{ config(materialized='ephemeral') }}
with finding_summaries as (

    select
        monitor,
        finding,
        column_name,
        change,
        segment_column,
        segment_value,
        reference_list,
        metric,
        severity,
        first_period,
        last_period,
        is_open,
        evidence
    from {{ ref('finding_summaries') }}

),

findings as (

    select monitor, period_start
    from {{ ref('findings') }}

),

columns_of_monitors as (

    select monitor, name, role
    from {{ ref('health_monitors') }}
    where subject = 'column'

),

labels as (

    select monitor, min(name) as label
    from columns_of_monitors
    where role = 'label'
    group by monitor

),

period_numbers as (

    select
        monitor,
        period_start,
        row_number() over (partition by monitor order by period_start nulls last) as period_number,
        count(*) over (partition by monitor) as newest_number
    from findings
    where period_start is not null
    group by monitor, period_start

),

-- 1. What each finding is about. The label is one subject, whether its share is judged or its distribution.
subjects as (

    select
        finding_summaries.*,
        case
            when finding_summaries.finding in (
                'drift', 'window_drift', 'coverage', 'positive', 'score', 'feature_contract', 'label_rate'
            ) then 'column'
            when finding_summaries.finding in ('performance', 'fairness') then 'performance'
            when finding_summaries.finding in ('representation', 'known_bias') then 'population'
            when finding_summaries.finding in ('multivariate_drift', 'region') then 'features together'
            when finding_summaries.finding in ('configuration', 'no_convergence') then 'configuration'
            when finding_summaries.finding in ('schema', 'combinations', 'cleaning_rule') then finding_summaries.finding
            else 'load'
        end as subject_kind,
        case
            when finding_summaries.finding = 'label_rate' then labels.label
            when finding_summaries.finding = 'representation' then split_part(finding_summaries.column_name, ':', 1)
            when finding_summaries.finding = 'known_bias' then split_part(finding_summaries.evidence, ' = ', 1)
            when finding_summaries.finding in ('performance', 'fairness', 'multivariate_drift', 'region') then ''
            when finding_summaries.column_name is null then finding_summaries.finding
            -- a score and the label that follows from it move together
            when columns_of_monitors.role in ('score', 'predicted_label') then '(predictions)'
            else replace(finding_summaries.column_name, ' (days from event)', '')
        end as subject,
        -- a difference from the period before is a passing one, and no part of a difference from training
        finding_summaries.finding = 'drift' and finding_summaries.reference_list = '(previous period)' as is_from_previous,
        -- these are judged in the newest period only, so that their first period tells nothing of when they began
        finding_summaries.finding in (
            'window_drift', 'positive', 'feature_contract', 'known_bias', 'configuration', 'relation_missing'
        ) or (finding_summaries.finding = 'schema' and finding_summaries.reference_list <> 'previous build') as is_of_newest_period,
        case when finding_summaries.finding = 'label_rate' then 'label' else columns_of_monitors.role end as role
    from finding_summaries
    left join labels
        on finding_summaries.monitor = labels.monitor
    left join columns_of_monitors
        on finding_summaries.monitor = columns_of_monitors.monitor
        and replace(finding_summaries.column_name, ' (days from event)', '') = columns_of_monitors.name

),

numbered as (

    select
        subjects.*,
        coalesce(first_numbers.period_number, 0) as first_number,
        case when subjects.is_open then first_numbers.newest_number else coalesce(last_numbers.period_number, 0) end as last_number
    from subjects
    left join period_numbers as first_numbers
        on subjects.monitor = first_numbers.monitor
        and subjects.first_period = first_numbers.period_start
    left join period_numbers as last_numbers
        on subjects.monitor = last_numbers.monitor
        and subjects.last_period = last_numbers.period_start

),

-- 2. Findings of one subject that overlap, or that are at most two periods apart, are a run. A return to what was before is a difference
-- from the previous period too, so that four periods may lie between. Of loads each is one for itself, unless they follow each other.
reached as (

    select
        numbered.*,
        max(last_number) over (
            partition by monitor, subject_kind, subject, is_from_previous
            order by first_number, last_number rows between unbounded preceding and 1 preceding
        ) as reached_number
    from numbered

),

numbered_runs as (

    select
        reached.*,
        sum(case
            when subject_kind = 'schema' then 0
            when first_number > reached_number + case when subject_kind = 'load' then 1 when is_from_previous then 5 else 3 end then 1
            else 0
        end) over (
            partition by monitor, subject_kind, subject, is_from_previous
            order by first_number, last_number rows between unbounded preceding and current row
        ) as run_number
    from reached

),

runs as (

    select
        monitor,
        subject_kind,
        subject,
        is_from_previous,
        run_number,
        min(first_number) as first_number,
        max(last_number) as last_number
    from numbered_runs
    group by monitor, subject_kind, subject, is_from_previous, run_number

),

-- 3. A run that comes back after no longer than it lasted before is the same episode: what opens and closes is told once.
runs_in_order as (

    select
        runs.*,
        lag(first_number) over (
            partition by monitor, subject_kind, subject, is_from_previous order by run_number
        ) as first_number_before,
        lag(last_number) over (
            partition by monitor, subject_kind, subject, is_from_previous order by run_number
        ) as last_number_before
    from runs

),

episodes as (

    select
        monitor,
        subject_kind,
        subject,
        is_from_previous,
        run_number,
        sum(case
            when first_number - last_number_before - 1 > last_number_before - first_number_before + 1 then 1
            when subject_kind = 'load' and run_number > 0 then 1
            else 0
        end) over (
            partition by monitor, subject_kind, subject, is_from_previous
            order by run_number rows between unbounded preceding and current row
        ) as episode
    from runs_in_order

)

select
    numbered_runs.monitor,
    numbered_runs.subject_kind,
    numbered_runs.subject,
    numbered_runs.is_from_previous,
    episodes.episode,
    numbered_runs.role,
    numbered_runs.finding,
    numbered_runs.column_name,
    numbered_runs.change,
    numbered_runs.segment_column,
    numbered_runs.segment_value,
    numbered_runs.reference_list,
    numbered_runs.metric,
    numbered_runs.severity,
    numbered_runs.first_period,
    numbered_runs.last_period,
    numbered_runs.first_number,
    numbered_runs.last_number,
    numbered_runs.is_open,
    numbered_runs.is_of_newest_period
from numbered_runs
inner join episodes
    on numbered_runs.monitor = episodes.monitor
    and numbered_runs.subject_kind = episodes.subject_kind
    and numbered_runs.subject = episodes.subject
    and numbered_runs.is_from_previous = episodes.is_from_previous
    and numbered_runs.run_number = episodes.run_number
