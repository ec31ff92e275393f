{%- do data_health.begin_model() %}
with shares as (

    select monitor, learner, strategy, slot_count
    from {{ ref('labeling_slots') }}

),

rows_to_ask as (

    select monitor, row_key, random_number, margin, entropy
    from {{ ref('labeling_pool') }}

),

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

)

select
    monitor,
    row_key,
    strategy,
    cast(place as bigint) as place
from ranked_rows
where place <= wanted_count
