{{ config(enabled='labeling' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
with labeling_rows as (

    select monitor, row_key, period_start, label
    from {{ ref('labeling_rows') }}
    where label is not null
        and period_start is not null

),

-- rows that were chosen because a model was not certain of them have rates of their own
chosen_rows as (

    select distinct monitor, row_key
    from {{ ref('labeling_history') }}
    where strategy not in ('audit', 'random', 'relabel')

)

select
    labeling_rows.monitor,
    labeling_rows.period_start,
    labeling_rows.label,
    cast(count(*) as bigint) as row_count
from labeling_rows
left join chosen_rows
    on labeling_rows.monitor = chosen_rows.monitor
    and labeling_rows.row_key = chosen_rows.row_key
where chosen_rows.row_key is null
group by labeling_rows.monitor, labeling_rows.period_start, labeling_rows.label
