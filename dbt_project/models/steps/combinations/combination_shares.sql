{{ config(enabled='combinations' in data_health.parts_on(), materialized='ephemeral') }}
with periods as (

    select period_number, minimum_rows, warn_threshold, alert_threshold, is_empty
    from {{ ref('combination_periods') }}
    where cell_kind = 'features'

),

sets as (

    select monitor, set_number, set_size, is_whole, column_names
    from {{ ref('combination_sets') }}
    where cell_kind = 'features'
        and is_compared

),

counts as (

    select
        monitor, period_number, reference_number, set_number, row_count, reference_row_count, combination_count,
        reference_combination_count, singleton_count, doubleton_count, unseen_combination_count, unseen_count, unseen_value_count,
        unseen_pattern
    from {{ ref('combination_counts') }}

),

presence as (

    select period_number, set_number, is_counted, has_all, has_others, other_value_count, other_count, possible_count
    from {{ ref('combination_presence') }}

),

described_sets as (

    select
        counts.*,
        sets.set_size,
        sets.is_whole,
        sets.column_names,
        periods.warn_threshold,
        periods.alert_threshold,
        reference_presence.possible_count,
        reference_presence.has_others,
        reference_presence.other_value_count,
        reference_presence.other_count,
        current_presence.is_counted as is_period_counted,
        reference_presence.is_counted as is_reference_counted,
        cast(counts.row_count as double precision) as m,
        cast(counts.reference_row_count as double precision) as n,
        case
            when reference_periods.is_empty then 'the reference has no row'
            when not reference_presence.is_counted or not current_presence.is_counted then 'counted with other fitted bins'
            when not reference_presence.has_all then 'not in the reference'
            when not current_presence.has_all then 'not in the period'
            when least(counts.row_count, counts.reference_row_count) < periods.minimum_rows then 'too few rows'
        end as gap_in_data
    from counts
    inner join periods
        on counts.period_number = periods.period_number
    inner join periods as reference_periods
        on counts.reference_number = reference_periods.period_number
    inner join sets
        on counts.monitor = sets.monitor
        and counts.set_number = sets.set_number
    inner join presence as reference_presence
        on counts.reference_number = reference_presence.period_number
        and counts.set_number = reference_presence.set_number
    inner join presence as current_presence
        on counts.period_number = current_presence.period_number
        and counts.set_number = current_presence.set_number

),

shares as (

    select
        described_sets.*,
        case when gap_in_data is null then unseen_count / m end as unseen_share,
        case when gap_in_data is null then unseen_value_count / m end as unseen_value_share,
        case when gap_in_data is null then singleton_count / n end as expected_unseen_share
    from described_sets

),

-- what chance leaves; one of T normal deviates exceeds sqrt(2 ln(100 T)) once in a hundred periods
errors as (

    select
        shares.*,
        unseen_share - unseen_value_share - expected_unseen_share as excess_unseen_share,
        sqrt(
            expected_unseen_share * (1 - expected_unseen_share) / nullif(m, 0)
            + (singleton_count + 2 * doubleton_count) / nullif(n * n, 0)
        ) as standard_error,
        sqrt((unseen_count - unseen_value_count + singleton_count) / nullif(m * n, 0)) as pooled_error,
        sqrt(2 * ln(100e0 * count(*) over (partition by period_number, reference_number))) as tolerated_errors,
        greatest(3 / nullif(m, 0), 3 / nullif(n, 0)) as least_excess
    from shares

),

tolerances as (

    select
        errors.*,
        greatest(tolerated_errors * standard_error, tolerated_errors * pooled_error, least_excess) as tolerated_excess
    from errors

)

select
    monitor,
    period_number,
    reference_number,
    set_number,
    set_size,
    is_whole,
    column_names,
    case when is_period_counted then row_count end as row_count,
    case when is_reference_counted then reference_row_count end as reference_row_count,
    possible_count,
    reference_combination_count,
    combination_count,
    reference_combination_count >= possible_count
        and coalesce(gap_in_data, '') not in (
            'the reference has no row', 'not in the reference', 'counted with other fitted bins'
        ) as is_complete,
    unseen_combination_count,
    unseen_count,
    unseen_pattern,
    unseen_share,
    unseen_value_share,
    expected_unseen_share,
    standard_error,
    expected_unseen_share + tolerated_excess as expected_unseen_share_upper,
    excess_unseen_share,
    singleton_count,
    warn_threshold,
    alert_threshold,
    case
        when gap_in_data is not null or excess_unseen_share <= tolerated_excess then 0
        when excess_unseen_share > alert_threshold then 2
        when excess_unseen_share > warn_threshold then 1
        else 0
    end as unseen_level,
    gap_in_data,
    has_others,
    other_value_count,
    other_count
from tolerances
