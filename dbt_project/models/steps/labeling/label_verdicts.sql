{{ config(enabled='labeling' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
with history as (

    select monitor, row_key, given_label, answers_before
    from {{ ref('labeling_history') }}
    where strategy = 'relabel'
        and given_label is not null

),

people as (

    select monitor, row_key, label, probability, method, answer_count
    from {{ ref('label_consensus') }}

)

-- a second look that settled the question
select
    history.monitor,
    history.row_key,
    min(history.given_label) as given_label,
    min(people.label) as label,
    min(people.label) <> min(history.given_label) as is_error
from history
inner join people
    on history.monitor = people.monitor
    and history.row_key = people.row_key
where people.answer_count > history.answers_before
        and people.probability >= 0.8e0
    or people.method = 'gold'
group by history.monitor, history.row_key
