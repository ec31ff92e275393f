{{ config(enabled=data_health.part_is_on('combinations')) }}
{%- do data_health.begin_model() %}
with periods as (

    select period_number, monitor, dataset, period_start, period_end, is_latest, minimum_rows, warn_threshold, alert_threshold
    from {{ ref('combination_periods') }}
    where cell_kind = 'features'

),

sets as (

    select monitor, set_number, set_size, is_whole, column_names
    from {{ ref('combination_sets') }}
    where cell_kind = 'features'
        and is_compared

),

combination_values as (

    select monitor, position, code, bin_type
    from {{ ref('combination_values') }}
    where cell_kind = 'features'

),

patterns as (

    select period_number, set_number, pattern_code
    from {{ ref('combination_patterns') }}

),

counts as (

    select
        monitor, period_number, reference_number, set_number, row_count, reference_row_count, combination_count, reference_combination_count,
        singleton_count, doubleton_count, unseen_combination_count, unseen_count, unseen_value_count, unseen_pattern
    from {{ ref('combination_counts') }}

),

names as (

    select monitor, set_number, pattern_code, pattern
    from {{ ref('pattern_names') }}
    where cell_kind = 'features'

),

positions (position, set_number, unit) as (

    values
{%- for number in range(1, 9) %}
        ({{ number }}, {{ 2 ** (number - 1) }}, cast({{ 128 ** (number - 1) }} as bigint)){{ ',' if not loop.last }}
{%- endfor %}

),

-- 1. What each feature can be, and who has it.
single_values as (

    select
        patterns.period_number,
        periods.monitor,
        positions.position,
        combination_values.code,
        combination_values.bin_type
    from patterns
    inner join periods
        on patterns.period_number = periods.period_number
    inner join positions
        on patterns.set_number = positions.set_number
    inner join combination_values
        on periods.monitor = combination_values.monitor
        and positions.position = combination_values.position
        and patterns.pattern_code = combination_values.code * positions.unit

),

value_counts as (

    select monitor, position, count(distinct code) as value_count
    from single_values
    group by monitor, position

),

possible_counts as (

    select
        sets.monitor,
        sets.set_number,
        round(exp(sum(ln(cast(value_counts.value_count as double precision))))) as possible_count
    from sets
    inner join positions
        on (sets.set_number & positions.set_number) > 0
    inner join value_counts
        on sets.monitor = value_counts.monitor
        and positions.position = value_counts.position
    group by sets.monitor, sets.set_number

),

features_of_periods as (

    select
        period_number,
        position,
        max(case when bin_type = 'other' then 1 else 0 end) as has_others
    from single_values
    group by period_number, position

),

presence as (

    select
        periods.period_number,
        sets.set_number,
        count(features_of_periods.position) = max(sets.set_size) as has_all,
        coalesce(max(features_of_periods.has_others), 0) = 1 as has_others
    from periods
    inner join sets
        on periods.monitor = sets.monitor
    inner join positions
        on (sets.set_number & positions.set_number) > 0
    left join features_of_periods
        on periods.period_number = features_of_periods.period_number
        and positions.position = features_of_periods.position
    group by periods.period_number, sets.set_number

),

-- 2. Shares, and what chance makes of them.
described_sets as (

    select
        counts.*,
        sets.set_size,
        sets.is_whole,
        sets.column_names,
        periods.warn_threshold,
        periods.alert_threshold,
        possible_counts.possible_count,
        cast(counts.row_count as double precision) as m,
        cast(counts.reference_row_count as double precision) as n,
        case
            when not reference_presence.has_all then 'not in the reference'
            when not current_presence.has_all then 'not in the period'
            when least(counts.row_count, counts.reference_row_count) < periods.minimum_rows then 'too few rows'
        end as gap_in_data,
        reference_presence.has_others
    from counts
    inner join periods
        on counts.period_number = periods.period_number
    inner join sets
        on counts.monitor = sets.monitor
        and counts.set_number = sets.set_number
    inner join presence as reference_presence
        on counts.reference_number = reference_presence.period_number
        and counts.set_number = reference_presence.set_number
    inner join presence as current_presence
        on counts.period_number = current_presence.period_number
        and counts.set_number = current_presence.set_number
    left join possible_counts
        on counts.monitor = possible_counts.monitor
        and counts.set_number = possible_counts.set_number

),

shares as (

    select
        described_sets.*,
        case when gap_in_data is null then unseen_count / m end as unseen_share,
        case when gap_in_data is null then unseen_value_count / m end as unseen_value_share,
        case when gap_in_data is null then singleton_count / n end as expected_unseen_share
    from described_sets

),

-- one of T normal deviates exceeds sqrt(2 ln(100 T)) once in a hundred periods
errors as (

    select
        shares.*,
        unseen_share - unseen_value_share - expected_unseen_share as excess_unseen_share,
        sqrt(expected_unseen_share * (1 - expected_unseen_share) / nullif(m, 0) + (singleton_count + 2 * doubleton_count) / nullif(n * n, 0)) as standard_error,
        sqrt((unseen_count - unseen_value_count + singleton_count) / nullif(m * n, 0)) as pooled_error,
        sqrt(2 * ln(100e0 * count(*) over (partition by period_number, reference_number))) as tolerated_errors,
        greatest(3 / nullif(m, 0), 3 / nullif(n, 0)) as least_excess
    from shares

),

judged_sets as (

    select
        errors.*,
        expected_unseen_share + greatest(tolerated_errors * standard_error, tolerated_errors * pooled_error, least_excess) as expected_unseen_share_upper,
        case
            when gap_in_data is not null or excess_unseen_share <= greatest(tolerated_errors * standard_error, tolerated_errors * pooled_error, least_excess) then 0
            when excess_unseen_share > alert_threshold then 2
            when excess_unseen_share > warn_threshold then 1
            else 0
        end as unseen_level
    from errors

),

-- 3. All sets of a size as one row beside the single ones; each row of the table counts once per set.
sets_and_totals as (

    select
        monitor,
        period_number,
        reference_number,
        set_number,
        set_size,
        is_whole,
        column_names,
        row_count,
        reference_row_count,
        cast(1 as bigint) as set_count,
        case when reference_combination_count >= possible_count and gap_in_data is distinct from 'not in the reference' then 1 else 0 end as complete_set_count,
        possible_count,
        reference_combination_count,
        combination_count,
        unseen_combination_count,
        unseen_count,
        unseen_pattern,
        unseen_share,
        unseen_value_share,
        expected_unseen_share,
        standard_error,
        expected_unseen_share_upper,
        excess_unseen_share,
        singleton_count,
        warn_threshold,
        alert_threshold,
        unseen_level,
        gap_in_data,
        case when has_others then 1 else 0 end as hidden_level
    from judged_sets

    union all

    select
        monitor,
        period_number,
        reference_number,
        0 as set_number,
        set_size,
        false as is_whole,
        '(all)' as column_names,
        max(row_count) as row_count,
        max(reference_row_count) as reference_row_count,
        count(*) as set_count,
        sum(case when reference_combination_count >= possible_count and gap_in_data is distinct from 'not in the reference' then 1 else 0 end) as complete_set_count,
        sum(possible_count) as possible_count,
        cast(sum(reference_combination_count) as bigint) as reference_combination_count,
        cast(sum(combination_count) as bigint) as combination_count,
        cast(sum(unseen_combination_count) as bigint) as unseen_combination_count,
        cast(sum(unseen_count) as bigint) as unseen_count,
        cast(null as bigint) as unseen_pattern,
        avg(unseen_share) as unseen_share,
        avg(unseen_value_share) as unseen_value_share,
        avg(expected_unseen_share) as expected_unseen_share,
        cast(null as double precision) as standard_error,
        cast(null as double precision) as expected_unseen_share_upper,
        avg(excess_unseen_share) as excess_unseen_share,
        cast(sum(singleton_count) as bigint) as singleton_count,
        max(warn_threshold) as warn_threshold,
        max(alert_threshold) as alert_threshold,
        max(unseen_level) as unseen_level,
        case when count(case when gap_in_data is null then 1 end) = 0 then max(gap_in_data) end as gap_in_data,
        min(case when has_others then 1 else 0 end) as hidden_level
    from judged_sets
    group by monitor, period_number, reference_number, set_size
    having count(*) > 1

)

select
    sets_and_totals.monitor,
    current_periods.period_start,
    current_periods.period_end,
    current_periods.is_latest,
    reference_periods.dataset as reference,
    sets_and_totals.set_size as combination_size,
    sets_and_totals.column_names,
    sets_and_totals.is_whole,
    sets_and_totals.reference_row_count,
    sets_and_totals.row_count,
    cast(sets_and_totals.set_count as bigint) as set_count,
    cast(sets_and_totals.possible_count as bigint) as possible_combination_count,
    sets_and_totals.reference_combination_count,
    sets_and_totals.combination_count,
    sets_and_totals.complete_set_count / cast(sets_and_totals.set_count as double precision) as simple_coverage,
    sets_and_totals.reference_combination_count / nullif(cast(sets_and_totals.possible_count as double precision), 0e0) as value_coverage,
    sets_and_totals.unseen_combination_count,
    sets_and_totals.unseen_combination_count / nullif(cast(sets_and_totals.combination_count as double precision), 0e0) as unseen_combination_share,
    sets_and_totals.unseen_count,
    sets_and_totals.unseen_share,
    sets_and_totals.unseen_value_share,
    sets_and_totals.expected_unseen_share,
    sets_and_totals.standard_error,
    sets_and_totals.expected_unseen_share_upper,
    sets_and_totals.excess_unseen_share,
    sets_and_totals.singleton_count,
    names.pattern as unseen_combination,
    sets_and_totals.warn_threshold,
    sets_and_totals.alert_threshold,
    case
        when sets_and_totals.unseen_level = 2 then 'alert'
        when sets_and_totals.unseen_level = 1 then 'warn'
        when sets_and_totals.gap_in_data is not null or sets_and_totals.hidden_level = 1 then 'insufficient_data'
        else 'ok'
    end as status,
    case
        when sets_and_totals.unseen_level > 0 then 'values that the reference never saw together'
        when sets_and_totals.gap_in_data is not null then sets_and_totals.gap_in_data
        when sets_and_totals.hidden_level = 1 then 'rare categories are counted together'
    end as reason,
    {{ data_health.run_time() }} as built_at
from sets_and_totals
inner join periods as current_periods
    on sets_and_totals.period_number = current_periods.period_number
inner join periods as reference_periods
    on sets_and_totals.reference_number = reference_periods.period_number
left join names
    on sets_and_totals.monitor = names.monitor
    and sets_and_totals.set_number = names.set_number
    and sets_and_totals.unseen_pattern = names.pattern_code
