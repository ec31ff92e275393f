{{ config(enabled='performance' in data_health.parts_on(), materialized='ephemeral') }}
with estimates as (

    select monitor, version_key, period_start, metric, missing_reason, estimate, estimate_lower, estimate_upper, outside_share
    from {{ ref('performance_estimates') }}

),

measures as (

    select monitor, coalesce(model_version, '(none)') as version_key, period_start, metric, is_mature, value, lower, upper
    from (select * from {{ ref('performance_measures') }}) as performance_measures
    where dataset = 'production'
        and subgroup = '(all)'

),

-- 1. Labels that are complete contradict an estimate that is off by more than 1.5 times both errors, and by more than .02. Two metrics are
--    looked at, in every period: by one time, every tenth period would contradict by chance. The area of a small reference is
--    too large, since the fit follows its labels, and contradicts nothing.
periods as (

    select
        estimates.monitor,
        estimates.version_key,
        estimates.period_start,
        max(case when measures.is_mature and measures.value is not null and estimates.missing_reason is null
            then estimates.period_start end) as labelled_at,
        max(case when measures.is_mature and estimates.missing_reason is null and estimates.metric in ('accuracy', 'f1')
            and abs(measures.value - estimates.estimate) > greatest(0.02e0, 1.5e0 * sqrt(
                power(case when measures.value > estimates.estimate then measures.value - measures.lower
                    else measures.upper - measures.value end, 2)
                + power(case when measures.value > estimates.estimate then estimates.estimate_upper - estimates.estimate
                    else estimates.estimate - estimates.estimate_lower end, 2)
            )) then 1 else 0 end) as is_contradicted
    from estimates
    inner join measures
        on estimates.monitor = measures.monitor
        and estimates.version_key = measures.version_key
        and estimates.period_start = measures.period_start
        and estimates.metric = measures.metric
    group by estimates.monitor, estimates.version_key, estimates.period_start

),

-- 2. A period whose labels are not complete has the verdict of the newest one before it whose labels are.
verdicts as (

    select
        periods_so_far.monitor,
        periods_so_far.version_key,
        periods_so_far.period_start,
        periods_so_far.decided_at,
        periods.is_contradicted
    from (
        select
            monitor,
            version_key,
            period_start,
            max(labelled_at) over (
                partition by monitor, version_key order by period_start nulls last rows unbounded preceding
            ) as decided_at
        from periods
    ) as periods_so_far
    inner join periods
        on periods_so_far.monitor = periods.monitor
        and periods_so_far.version_key = periods.version_key
        and periods_so_far.decided_at = periods.period_start

)

select
    estimates.monitor,
    estimates.version_key,
    estimates.period_start,
    estimates.metric,
    case when estimates.missing_reason is null then estimates.estimate end as estimate,
    case when estimates.missing_reason is null then estimates.estimate_lower end as estimate_lower,
    case when estimates.missing_reason is null then estimates.estimate_upper end as estimate_upper,
    case
        when estimates.missing_reason is not null then 'insufficient_data'
        when estimates.outside_share > 0.05e0 then 'not_supported'
        when verdicts.is_contradicted = 1 then 'not_valid'
        else 'estimated'
    end as status,
    case
        when estimates.missing_reason is not null then estimates.missing_reason
        when estimates.outside_share > 0.05e0
            then cast(round(100 * estimates.outside_share) as bigint) || ' % of the scores are outside of those of the reference'
        when verdicts.is_contradicted = 1
            then 'the labels of ' || cast(verdicts.decided_at as varchar) || ' contradict the calibration of the reference'
        else 'if a score means what it means in the reference'
    end as reason
from estimates
left join verdicts
    on estimates.monitor = verdicts.monitor
    and estimates.version_key = verdicts.version_key
    and estimates.period_start = verdicts.period_start
