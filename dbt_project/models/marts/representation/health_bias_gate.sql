{{ config(enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases')) }}
with checks as (

    select monitor, reference, id, period_start, period_end, status, is_blocking, evidence, is_expired, entry_number
    from {{ ref('health_known_biases') }}

),

gates as (

    select
        monitor,
        reference,
        max(period_start) as period_start,
        max(period_end) as period_end,
        count(*) as entry_count,
        count(case when status = 'pass' then 1 end) as pass_count,
        count(case when status = 'fail' then 1 end) as fail_count,
        count(case when status in ('inconclusive', 'insufficient_data') then 1 end) as inconclusive_count,
        count(case when is_blocking then 1 end) as blocking_count,
        count(case when is_expired then 1 end) as expired_count,
        {{ dbt.listagg(
            "case when status <> 'pass' or is_expired then coalesce(id, '(no id)') || ' ' || status || ': ' || evidence end",
            "'; '", "order by case status when 'fail' then 1 when 'pass' then 3 else 2 end, entry_number, evidence nulls last"
        ) }} as evidence
    from checks
    group by monitor, reference

)

select
    monitor,
    reference,
    period_start,
    period_end,
    case when fail_count > 0 then 'fail' when blocking_count > 0 then 'inconclusive' else 'pass' end as status,
    entry_count,
    fail_count,
    inconclusive_count,
    pass_count,
    blocking_count,
    expired_count,
    coalesce(evidence, 'every known bias was checked, and each is within its threshold') as evidence,
    {{ data_health.run_time() }} as built_at
from gates
