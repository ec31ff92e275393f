{{ config(enabled='representation' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with settings as (

    select monitor, warn_threshold, alert_threshold, has_population
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

names as (

    select monitor, set_number, pattern_code, pattern, other_value_count
    from {{ ref('pattern_names') }}
    where cell_kind = 'subgroups'

),

combination_values as (

    select monitor, position, column_name, code, category
    from {{ ref('combination_values') }}
    where cell_kind = 'subgroups'
        and bin_type <> 'other'

),

declared_subgroups as (

    select monitor, subgroup_number, subgroup, part_number, position
    from {{ ref('declared_subgroups') }}

),

population as (

    select monitor, subgroup_key, group_value, share
    from {{ ref('population_groups') }}

),

population_names as (

    select monitor, subgroup_key, group_value, population_value
    from {{ ref('population_names') }}

),

gaps as (

    select
        monitor, dataset, period_start, period_end, set_number, pattern_code, level, column_names, row_count, dataset_row_count, row_share,
        gap_rows, minimum_rows
    from {{ ref('uncovered_patterns') }}
    where cell_kind = 'subgroups'

),

positions (position, set_number) as (

    values
{%- for number in range(1, 9) %}
        ({{ number }}, {{ 2 ** (number - 1) }}){{ ',' if not loop.last }}
{%- endfor %}

),

distinct_patterns as (

    select distinct monitor, set_number, pattern_code
    from gaps
    where set_number > 0

),

-- 1. Each value that a pattern names, as the population calls it.
parts as (

    select
        distinct_patterns.monitor,
        distinct_patterns.set_number,
        distinct_patterns.pattern_code,
        combination_values.position,
        replace(lower(combination_values.column_name), ' ', '') as subgroup_key,
        coalesce(population_names.population_value, combination_values.category, '(null)') as group_value
    from distinct_patterns
    inner join positions
        on (distinct_patterns.set_number & positions.set_number) > 0
    inner join combination_values
        on distinct_patterns.monitor = combination_values.monitor
        and positions.position = combination_values.position
        and combination_values.code = case when distinct_patterns.pattern_code < 0 then -distinct_patterns.pattern_code
            else (distinct_patterns.pattern_code >> (7 * (positions.position - 1))) & 127 end
    left join population_names
        on combination_values.monitor = population_names.monitor
        and replace(lower(combination_values.column_name), ' ', '') = population_names.subgroup_key
        and coalesce(combination_values.category, '(null)') = population_names.group_value

),

-- 2. Of a pattern as a whole the population has a share where it is a subgroup; and never a greater one than of any value in it.
subgroup_sets as (

    select
        declared_subgroups.monitor,
        declared_subgroups.subgroup_number,
        declared_subgroups.subgroup,
        sum(positions.set_number) as set_number
    from declared_subgroups
    inner join positions
        on declared_subgroups.position = positions.position
    group by declared_subgroups.monitor, declared_subgroups.subgroup_number, declared_subgroups.subgroup

),

spelled_patterns as (

    select
        parts.monitor,
        parts.set_number,
        parts.pattern_code,
        replace(lower(subgroup_sets.subgroup), ' ', '') as subgroup_key,
        {{ dbt.listagg(
            'case when parts.group_value like \'%, %\' then \'"\' || replace(parts.group_value, \'"\', \'""\') || \'"\''
            ~ ' else parts.group_value end', "', '", 'order by declared_subgroups.part_number'
        ) }} as group_value
    from parts
    inner join subgroup_sets
        on parts.monitor = subgroup_sets.monitor
        and parts.set_number = subgroup_sets.set_number
    inner join declared_subgroups
        on subgroup_sets.monitor = declared_subgroups.monitor
        and subgroup_sets.subgroup_number = declared_subgroups.subgroup_number
        and parts.position = declared_subgroups.position
    group by parts.monitor, parts.set_number, parts.pattern_code, subgroup_sets.subgroup
    having count(*) > 1

),

pattern_shares as (

    select spelled_patterns.monitor, spelled_patterns.set_number, spelled_patterns.pattern_code, max(population.share) as share
    from spelled_patterns
    left join population_names
        on spelled_patterns.monitor = population_names.monitor
        and spelled_patterns.subgroup_key = population_names.subgroup_key
        and spelled_patterns.group_value = population_names.group_value
    inner join population
        on spelled_patterns.monitor = population.monitor
        and spelled_patterns.subgroup_key = population.subgroup_key
        and coalesce(population_names.population_value, spelled_patterns.group_value) = population.group_value
    group by spelled_patterns.monitor, spelled_patterns.set_number, spelled_patterns.pattern_code

),

value_shares as (

    select
        parts.monitor,
        parts.set_number,
        parts.pattern_code,
        min(population.share) as smallest_share
    from parts
    left join population
        on parts.monitor = population.monitor
        and parts.subgroup_key = population.subgroup_key
        and parts.group_value = population.group_value
    group by parts.monitor, parts.set_number, parts.pattern_code

),

-- 3. Rare where the population is, or lacking in the table.
described_gaps as (

    select
        gaps.*,
        1 - settings.warn_threshold as warn_ratio,
        1 - settings.alert_threshold as alert_ratio,
        coalesce(pattern_shares.share, case when gaps.level = 1 then value_shares.smallest_share end) as population_share,
        coalesce(pattern_shares.share, value_shares.smallest_share) as population_share_upper
    from gaps
    inner join settings
        on gaps.monitor = settings.monitor
    left join pattern_shares
        on gaps.monitor = pattern_shares.monitor
        and gaps.set_number = pattern_shares.set_number
        and gaps.pattern_code = pattern_shares.pattern_code
    left join value_shares
        on gaps.monitor = value_shares.monitor
        and gaps.set_number = value_shares.set_number
        and gaps.pattern_code = value_shares.pattern_code

),

-- only shares that are known are tested
judged_gaps as (

    select
        described_gaps.*,
        dataset_row_count * population_share as expected_row_count,
        row_share / nullif(population_share, 0e0) as population_ratio,
        population_share - row_share
            > sqrt(2 * ln(100e0 * greatest(count(population_share) over (partition by monitor, dataset), 1)))
                * sqrt(population_share * (1 - population_share) / nullif(dataset_row_count, 0)) as is_certain,
        case
            when population_share_upper is null then 'unknown'
            when dataset_row_count * population_share_upper < gap_rows then 'rare in the population'
            when population_share is not null then 'under-sampled'
            else 'unknown'
        end as cause
    from described_gaps

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
            judged_gaps.level, judged_gaps.set_number, judged_gaps.pattern_code
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
    judged_gaps.population_share,
    judged_gaps.population_share_upper,
    judged_gaps.expected_row_count,
    judged_gaps.population_ratio,
    judged_gaps.cause,
    judged_gaps.warn_ratio,
    judged_gaps.alert_ratio,
    case
        when judged_gaps.dataset_row_count < judged_gaps.minimum_rows then 'insufficient_data'
        when judged_gaps.cause = 'unknown' then 'insufficient_data'
        when not judged_gaps.is_certain or judged_gaps.cause <> 'under-sampled' then 'ok'
        when judged_gaps.population_ratio < judged_gaps.alert_ratio then 'alert'
        when judged_gaps.population_ratio < judged_gaps.warn_ratio then 'warn'
        else 'ok'
    end as status,
    case
        when judged_gaps.dataset_row_count < judged_gaps.minimum_rows then 'too few rows'
        when judged_gaps.level = 1 and names.other_value_count is not null
            then names.other_value_count || ' values with ' || judged_gaps.row_count || ' rows are counted together'
        when judged_gaps.cause = 'unknown' then 'the population has no share of it'
        else judged_gaps.cause
    end as reason,
    {{ data_health.run_time() }} as built_at
from judged_gaps
left join names
    on judged_gaps.monitor = names.monitor
    and judged_gaps.set_number = names.set_number
    and judged_gaps.pattern_code = names.pattern_code
