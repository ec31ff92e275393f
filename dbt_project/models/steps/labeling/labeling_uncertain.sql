{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
{%- set sampled_per_slot = 50 %}
with shares as (

    select monitor, learner, strategy, pool_count, slot_count, 0.6180339887498949e0 * asked_count as turn
    from {{ ref('labeling_slots') }}

),

rows_to_ask as (

    select monitor, row_key, random_number, margin, entropy
    from {{ ref('labeling_pool') }}

),

-- The least certain of all rows are odd ones, and teach little: clusters are made of the least certain of a random sample, another one
-- after every batch. Other rows fill what it leaves.
drawn_rows as (

    select
        rows_to_ask.monitor,
        rows_to_ask.row_key,
        rows_to_ask.random_number,
        rows_to_ask.margin,
        rows_to_ask.entropy,
        shares.strategy,
        shares.learner,
        shares.slot_count,
        shares.strategy <> 'clustered_margin'
            or (rows_to_ask.random_number + shares.turn - floor(rows_to_ask.random_number + shares.turn)) * shares.pool_count
                <= {{ sampled_per_slot }} * shares.slot_count as is_in_sample
    from rows_to_ask
    inner join shares
        on rows_to_ask.monitor = shares.monitor

),

certain_rows as (

    select
        monitor,
        row_key,
        random_number,
        strategy,
        learner,
        case strategy
            when 'clustered_margin' then 10 * slot_count
            when 'representative' then greatest(10 * slot_count, 2000)
            else slot_count
        end as wanted_count,
        case when is_in_sample then 0e0 else 2e0 end + case
            when strategy in ('clustered_margin', 'margin') then coalesce(margin, 1e0)
            when strategy = 'entropy' then 1 - coalesce(entropy, 0e0)
            else random_number
        end as certainty
    from drawn_rows

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
        ) as rank
    from uncertain_rows

)

select
    monitor,
    row_key,
    strategy,
    cast(rank as bigint) as rank
from ranked_rows
where rank <= wanted_count
