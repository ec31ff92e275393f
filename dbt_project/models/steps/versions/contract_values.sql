{{ config(enabled='versions' in data_health.parts_on(), materialized='ephemeral') }}
{#- Rows of the newest period whose value the registry does not allow. Whole numbers are compared as texts. #}
with features as (

    select monitor, model_version, feature, column_name, allowed_values, is_value_shown, period_start
    from {{ ref('contract_columns') }}
    where allowed_values is not null
        and column_name is not null

),

newest_keys as (

    select dataset_periods.monitor, dataset_periods.period_start, dataset_periods.stored_period_key
    from {{ data_health.named_model('dataset_periods') }}
    where dataset_periods.dataset = 'production'

),

distributions as (

    select period_key, monitor, column_name, bin_type, category, minimum, maximum, row_count
    from {{ ref('named_distributions') }}
    where dataset = 'production'
        and segment_column = '(all)'

),

stored_values as (

    select
        features.monitor,
        features.model_version,
        features.feature,
        features.is_value_shown,
        features.allowed_values,
        coalesce(
            distributions.category,
            case
                when distributions.minimum = distributions.maximum and distributions.minimum = floor(distributions.minimum)
                    and abs(distributions.minimum) < 1e15
                    then cast(cast(distributions.minimum as bigint) as varchar)
            end
        ) as value,
        distributions.row_count
    from features
    inner join newest_keys
        on features.monitor = newest_keys.monitor
        and features.period_start = newest_keys.period_start
    inner join distributions
        on newest_keys.stored_period_key = distributions.period_key
        and features.column_name = distributions.column_name
    where distributions.bin_type in ('value', 'bin')

)

select
    monitor,
    model_version,
    feature,
    cast(sum(case when value is null then 0 else row_count end) as double precision) as compared_count,
    cast(sum(
        case when position('|' || value || '|' in '|' || replace(allowed_values, ' ', '') || '|') = 0
            and position('|' || value || '|' in '|' || allowed_values || '|') = 0 then row_count else 0 end
    ) as double precision) as new_count,
    max(case when position('|' || value || '|' in '|' || allowed_values || '|') = 0 and is_value_shown then value end) as example
from stored_values
group by monitor, model_version, feature
