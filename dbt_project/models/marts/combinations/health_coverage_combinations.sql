{{ config(enabled='combinations' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with periods as (

    select period_number, dataset, period_start, period_end, is_latest
    from {{ ref('combination_periods') }}

),

combination_values as (

    select monitor, position, code, label
    from {{ ref('combination_values') }}
    where cell_kind = 'features'

),

sets as (

    select
        monitor, period_number, reference_number, set_number, set_size, is_whole, column_names, row_count, reference_row_count,
        possible_count, reference_combination_count, combination_count, is_complete, unseen_combination_count, unseen_count,
        unseen_pattern, unseen_share, unseen_value_share, expected_unseen_share, standard_error, expected_unseen_share_upper,
        excess_unseen_share, singleton_count, warn_threshold, alert_threshold, unseen_level, gap_in_data, has_others, other_value_count,
        other_count
    from {{ ref('combination_shares') }}

),

-- all sets of a size as one row beside the single ones; each row of the table counts once per set
sets_and_totals as (

    select
        monitor,
        period_number,
        reference_number,
        set_size,
        is_whole,
        column_names,
        row_count,
        reference_row_count,
        cast(1 as bigint) as set_count,
        case when is_complete then 1 else 0 end as complete_set_count,
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
        case when has_others then 1 else 0 end as hidden_level,
        other_value_count,
        other_count
    from sets

    union all

    select
        monitor,
        period_number,
        reference_number,
        set_size,
        false as is_whole,
        '(all)' as column_names,
        max(row_count) as row_count,
        max(reference_row_count) as reference_row_count,
        count(*) as set_count,
        sum(case when is_complete then 1 else 0 end) as complete_set_count,
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
        min(case when has_others then 1 else 0 end) as hidden_level,
        max(other_value_count) as other_value_count,
        max(other_count) as other_count
    from sets
    group by monitor, period_number, reference_number, set_size
    having count(*) > 1

),

positions (position) as (

    values {% for number in range(1, 9) %}({{ number }}){{ ', ' if not loop.last }}{% endfor %}

),

-- the most frequent of the combinations, as a text; its code is 0 where a column is left open, for which there is no value
unseen_patterns as (

    select distinct monitor, unseen_pattern
    from sets
    where unseen_pattern is not null

),

parts as (

    select
        unseen_patterns.monitor,
        unseen_patterns.unseen_pattern,
        positions.position,
        (unseen_patterns.unseen_pattern >> (7 * (positions.position - 1))) & 127 as code
    from unseen_patterns
    cross join positions

),

names as (

    select
        parts.monitor,
        parts.unseen_pattern,
        {{ dbt.listagg('combination_values.label', "', '", 'order by parts.position') }} as pattern
    from parts
    inner join combination_values
        on parts.monitor = combination_values.monitor
        and parts.position = combination_values.position
        and parts.code = combination_values.code
    group by parts.monitor, parts.unseen_pattern

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
    sets_and_totals.unseen_combination_count
        / nullif(cast(sets_and_totals.combination_count as double precision), 0e0) as unseen_combination_share,
    sets_and_totals.unseen_count,
    sets_and_totals.unseen_share,
    sets_and_totals.unseen_value_share,
    sets_and_totals.expected_unseen_share,
    sets_and_totals.standard_error,
    sets_and_totals.expected_unseen_share_upper,
    sets_and_totals.excess_unseen_share,
    sets_and_totals.singleton_count,
    sets_and_totals.other_value_count,
    sets_and_totals.other_count as reference_other_count,
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
    and sets_and_totals.unseen_pattern = names.unseen_pattern
