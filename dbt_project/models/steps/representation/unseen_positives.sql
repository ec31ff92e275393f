{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
-- Labels and predictions that never equal what counts as positive, in all that is stored of a dataset. Those that have a value in common
-- with what does are negative, each of them: their rates are right. A boolean is always understood.
with settings as (

    select monitor, positive, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

outcome_columns as (

    select
        monitor,
        name as column_name,
        case when role = 'label' then 'label' else 'prediction' end as outcome,
        lower(data_type) in ('boolean', 'bool') as is_boolean
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and role in ('label', 'predicted_label')

),

cells as (

    select period_key, monitor, dataset, labelled_count, positive_count, predicted_count, predicted_positive_count
    from {{ ref('subgroup_cells') }}

),

outcomes as (

    select monitor, dataset, 'label' as outcome, sum(labelled_count) as row_count, sum(positive_count) as positive_count
    from cells
    group by monitor, dataset

    union all

    select monitor, dataset, 'prediction' as outcome, sum(predicted_count) as row_count, sum(predicted_positive_count) as positive_count
    from cells
    group by monitor, dataset

),

-- a number stands in a bin of its own, or says nothing here
stored_values as (

    select distinct
        column_statistics.monitor,
        column_statistics.dataset,
        outcome_columns.outcome,
        column_distributions.category is null as is_number,
        case
            when column_distributions.category is not null then column_distributions.category
            when column_distributions.minimum = floor(column_distributions.minimum) and abs(column_distributions.minimum) < 1e15
                then cast(cast(column_distributions.minimum as bigint) as varchar)
            else cast(column_distributions.minimum as varchar)
        end as value
    from {{ data_health.named_model('column_statistics') }}
    inner join outcome_columns
        on column_statistics.monitor = outcome_columns.monitor
        and lower(column_statistics.column_name) = lower(outcome_columns.column_name)
    inner join {{ data_health.named_model('column_distributions') }}
        on column_statistics.statistics_key = column_distributions.statistics_key
    where column_statistics.segment_column = '(all)'
        and (column_distributions.category is not null or column_distributions.minimum = column_distributions.maximum)

),

known_values as (

    select distinct stored_values.monitor, stored_values.value
    from stored_values
    inner join outcomes
        on stored_values.monitor = outcomes.monitor
        and stored_values.dataset = outcomes.dataset
        and stored_values.outcome = outcomes.outcome
    where outcomes.positive_count > 0

),

known_monitors as (

    select distinct monitor
    from known_values

),

-- the number 0 is negative whatever the other one calls it, as 1 is positive
compared_outcomes as (

    select
        stored_values.monitor,
        stored_values.dataset,
        stored_values.outcome,
        count(case when known_values.value is not null or (stored_values.is_number and stored_values.value = '0') then 1 end)
            as shared_value_count
    from stored_values
    left join known_values
        on stored_values.monitor = known_values.monitor
        and stored_values.value = known_values.value
    group by stored_values.monitor, stored_values.dataset, stored_values.outcome

),

-- a reference that is a sum over production periods has no cells of its own
datasets_of_cells as (

    select distinct dataset_periods.monitor, dataset_periods.dataset, cells.dataset as stored_dataset
    from (select * from {{ ref('dataset_periods') }}) as dataset_periods
    inner join cells
        on dataset_periods.stored_period_key = cells.period_key

)

select
    outcomes.monitor,
    datasets_of_cells.dataset,
    datasets_of_cells.dataset = outcomes.dataset as is_stored,
    outcomes.outcome,
    outcome_columns.column_name,
    cast(outcomes.row_count as bigint) as row_count,
    settings.minimum_rows,
    'no ' || outcomes.outcome || ' equals ' || settings.positive || ' (the positive label)'
        || case when known_monitors.monitor is not null then ' or any other known label' else '' end as reason
from outcomes
inner join settings
    on outcomes.monitor = settings.monitor
inner join outcome_columns
    on outcomes.monitor = outcome_columns.monitor
    and outcomes.outcome = outcome_columns.outcome
inner join datasets_of_cells
    on outcomes.monitor = datasets_of_cells.monitor
    and outcomes.dataset = datasets_of_cells.stored_dataset
left join known_monitors
    on outcomes.monitor = known_monitors.monitor
left join compared_outcomes
    on outcomes.monitor = compared_outcomes.monitor
    and outcomes.dataset = compared_outcomes.dataset
    and outcomes.outcome = compared_outcomes.outcome
where outcomes.row_count > 0
    and outcomes.positive_count = 0
    and settings.positive is not null
    and not outcome_columns.is_boolean
    -- texts that are no categories, and a reference whose column has another type, have no value in common with anything
    and (known_monitors.monitor is null or coalesce(compared_outcomes.shared_value_count, 0) = 0)
