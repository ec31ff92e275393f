{#- what the configuration and each part found, of one shape; a part that is off has no node -#}
{%- set models = ['monitors_findings'] %}
{%- for part in data_health.parts_on() %}
    {%- do models.append(part ~ '_findings') %}
{%- endfor %}
with judged as (
{%- for name in models %}

    select
        monitor,
        finding,
        column_name,
        segment_column,
        segment_value,
        reference,
        metric,
        period_start,
        status,
        evidence,
        mart
    from {{ ref(name) }}
    {{- '\n\n    union all' if not loop.last }}
{%- endfor %}

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

)

select
    judged.monitor,
    judged.finding,
    judged.column_name,
    judged.segment_column,
    judged.segment_value,
    judged.reference,
    judged.metric,
    judged.period_start,
    judged.status,
    judged.evidence,
    judged.mart,
    -- the name of a cleaning set is that of no monitor
    case
        when judged.finding = 'cleaning_rule' then max(case
            when judged.period_start <= cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date) then judged.period_start
        end) over (partition by judged.monitor, judged.finding)
        -- a table without rows has no period but the one that says so
        else coalesce(newest_periods.newest_period, judged.period_start)
    end as newest_period,
    {{ data_health.run_time() }} as built_at
from judged
left join newest_periods
    on judged.monitor = newest_periods.monitor
