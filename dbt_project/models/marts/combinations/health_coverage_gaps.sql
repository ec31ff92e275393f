{{ config(enabled='combinations' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with gaps as (

    select
        monitor, dataset, period_start, period_end, set_number, pattern_code, level, column_names, row_count, dataset_row_count, row_share,
        gap_rows, minimum_rows, warn_threshold, alert_threshold
    from {{ ref('uncovered_patterns') }}
    where cell_kind = 'features'

),

names as (

    select monitor, set_number, pattern_code, pattern, other_value_count
    from {{ ref('pattern_names') }}
    where cell_kind = 'features'

),

newest_periods as (

    select period_number, monitor
    from {{ ref('combination_periods') }}
    where cell_kind = 'features'
        and dataset = 'production'
        and is_latest

),

patterns as (

    select period_number, set_number, pattern_code, row_count
    from {{ ref('combination_patterns') }}

),

production_patterns as (

    select newest_periods.monitor, patterns.set_number, patterns.pattern_code, patterns.row_count
    from newest_periods
    inner join patterns
        on newest_periods.period_number = patterns.period_number

),

production as (

    select monitor, row_count
    from production_patterns
    where set_number = 0

),

-- what production has of each gap of a reference
described_gaps as (

    select
        gaps.*,
        case when production.row_count is not null then coalesce(production_patterns.row_count, 0) end as production_row_count,
        production.row_count as production_total,
        coalesce(production_patterns.row_count, 0) / nullif(cast(production.row_count as double precision), 0e0) as production_share
    from gaps
    left join production
        on gaps.monitor = production.monitor
    left join production_patterns
        on gaps.monitor = production_patterns.monitor
        and gaps.set_number = production_patterns.set_number
        and gaps.pattern_code = production_patterns.pattern_code

),

-- shares of the same rows differ by chance; of T gaps one by more than sqrt(2 ln(100 T)) errors once in a hundred builds
errors as (

    select
        described_gaps.*,
        production_share - row_share as excess_share,
        greatest(
            sqrt(2 * ln(100e0 * greatest(count(case when row_count < gap_rows then 1 end) over (partition by monitor, dataset), 1))) * sqrt(
                (row_count + production_row_count) / nullif(cast(dataset_row_count + production_total as double precision), 0e0)
                * (1 - (row_count + production_row_count) / nullif(cast(dataset_row_count + production_total as double precision), 0e0))
                * (1e0 / nullif(dataset_row_count, 0) + 1e0 / nullif(production_total, 0))),
            3e0 / nullif(production_total, 0)
        ) as tolerated_excess
    from described_gaps

),

judged_gaps as (

    select
        errors.*,
        case
            when least(dataset_row_count, coalesce(production_total, 0)) < minimum_rows then 'insufficient_data'
            when row_count >= gap_rows then 'insufficient_data'
            when dataset = 'production' then 'ok'
            when excess_share > tolerated_excess and excess_share > alert_threshold then 'alert'
            when excess_share > tolerated_excess and excess_share > warn_threshold then 'warn'
            else 'ok'
        end as status
    from errors

)

select
    judged_gaps.monitor,
    judged_gaps.dataset,
    judged_gaps.period_start,
    judged_gaps.period_end,
    row_number() over (
        partition by judged_gaps.monitor, judged_gaps.dataset
        order by
            case when judged_gaps.row_count < judged_gaps.gap_rows then 1 else 2 end,
            judged_gaps.excess_share desc nulls last, judged_gaps.level, judged_gaps.set_number, judged_gaps.pattern_code
    ) as gap_number,
    cast(judged_gaps.level as integer) as level,
    judged_gaps.column_names,
    coalesce(names.pattern, '(all)') as pattern,
    judged_gaps.row_count,
    judged_gaps.dataset_row_count,
    judged_gaps.row_share,
    judged_gaps.gap_rows as required_row_count,
    greatest(judged_gaps.gap_rows - judged_gaps.row_count, 0) as rows_needed,
    names.other_value_count,
    judged_gaps.production_row_count,
    judged_gaps.production_share,
    case when judged_gaps.dataset <> 'production' then judged_gaps.excess_share end as excess_share,
    judged_gaps.warn_threshold,
    judged_gaps.alert_threshold,
    judged_gaps.status,
    case
        when judged_gaps.status in ('warn', 'alert') then 'its share is larger in production'
        when least(judged_gaps.dataset_row_count, coalesce(judged_gaps.production_total, 0)) < judged_gaps.minimum_rows then 'too few rows'
        when judged_gaps.level = 1 and names.other_value_count is not null
            then names.other_value_count || ' values with ' || judged_gaps.row_count || ' rows are counted together'
    end as reason,
    {{ data_health.run_time() }} as built_at
from judged_gaps
left join names
    on judged_gaps.monitor = names.monitor
    and judged_gaps.set_number = names.set_number
    and judged_gaps.pattern_code = names.pattern_code
