{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
{%- set z = '1.959963984540054e0' %}
{%- set of_subgroup = 'over (partition by comparison_number, subgroup_number)' %}
with settings as (

    select monitor, warn_threshold, alert_threshold, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

groups as (

    select *
    from {{ ref('representation_groups') }}

),

-- 1. What each group is a share of, here and there.
groups_and_totals as (

    select
        groups.*,
        cast(sum(row_count) {{ of_subgroup }} as bigint) as base_row_count,
        cast(sum(labelled_count) {{ of_subgroup }} as double precision) as base_labelled_count,
        sum(weight_sum) {{ of_subgroup }} as base_weight_sum,
        sum(squared_weight_sum) {{ of_subgroup }} as base_squared_weight_sum,
        sum(case when has_null and population_share is null then weight_sum else 0e0 end) {{ of_subgroup }} as unknown_weight_sum,
        cast(sum(reference_row_count) {{ of_subgroup }} as bigint) as reference_base_row_count,
        sum(reference_weight_sum) {{ of_subgroup }} as reference_base_weight_sum,
        sum(reference_squared_weight_sum) {{ of_subgroup }} as reference_base_squared_weight_sum
    from groups

),

described_groups as (

    select
        groups.*,
        settings.minimum_rows,
        greatest(1 - settings.warn_threshold, 1e-9) as lowest_ratio,
        greatest(1 - settings.alert_threshold, 0e0) as alert_ratio,
        base_weight_sum * base_weight_sum / nullif(base_squared_weight_sum, 0e0) as effective_count,
        reference_base_weight_sum * reference_base_weight_sum / nullif(reference_base_squared_weight_sum, 0e0) as reference_effective_count,
        weight_sum / nullif(base_weight_sum, 0e0) as share,
        -- whoever has no value may be of any group
        weight_sum / nullif(base_weight_sum - unknown_weight_sum, 0e0) as share_of_known,
        1 - unknown_weight_sum / nullif(base_weight_sum, 0e0) as known_part,
        case
            when reference = '(population)' then population_share
            when reference <> '(none)' then reference_weight_sum / nullif(reference_base_weight_sum, 0e0)
        end as reference_share
    from groups_and_totals as groups
    inner join settings
        on groups.monitor = settings.monitor

),

-- a group is too small where no more rows of it could be expected either: one that should be there and is not is a finding
gaps as (

    select
        described_groups.*,
        nullif(effective_count * known_part, 0e0) as known_effective_count,
        case
            when reference = '(none)' then 'nothing to compare with'
            when is_lacking_here or is_lacking_in_reference then 'column not in the reference'
            when reference = '(population)' and coalesce(reference_share, 0e0) = 0e0 then 'no population share'
            when base_row_count < minimum_rows or effective_count is null then 'too few rows'
            when reference <> '(population)' and (reference_base_row_count < minimum_rows or reference_effective_count is null)
                then 'too few rows in the reference'
            when greatest(row_count, base_row_count * reference_share) < minimum_rows then 'too few rows in the group'
        end as gap_in_data
    from described_groups

),

-- 2. Wilson's intervals of shares; of a ratio to a share that is itself of a sample, by the logarithm. No rows at all count as half
-- a row there.
half_rows as (

    select
        gaps.*,
        case when row_count = 0 or reference_row_count = 0 or share = 0e0 or reference_share = 0e0 then 0.5e0 else 0e0 end as added,
        {{ data_health.wilson('centre', 'share', 'effective_count') }} as share_middle,
        {{ data_health.wilson('margin', 'share', 'effective_count') }} as share_reach,
        {{ data_health.wilson('centre', 'share_of_known', 'known_effective_count') }}
            + {{ data_health.wilson('margin', 'share_of_known', 'known_effective_count') }} as share_of_known_upper
    from gaps

),

log_ratios as (

    select
        half_rows.*,
        case when share = 0e0 then 0e0 when share is not null then greatest(share_middle - share_reach, 0e0) end as share_lower,
        case when share is not null then least(share_middle + share_reach, 1e0) end as share_upper,
        case when reference not in ('(population)', '(none)') then
            ln((share * effective_count + added) / (effective_count + added))
                - ln((reference_share * reference_effective_count + added) / (reference_effective_count + added)) end as log_ratio,
        case when reference not in ('(population)', '(none)') then
            {{ data_health.log_ratio_error('share * effective_count + added', 'effective_count + added',
                'reference_share * reference_effective_count + added', 'reference_effective_count + added') }}
        end as log_error,
        least(reference_share / lowest_ratio, 1e0) as highest_share,
        reference_share * lowest_ratio as lowest_share
    from half_rows

),

ratios as (

    select
        log_ratios.*,
        share / nullif(reference_share, 0e0) as ratio,
        case
            when log_ratio is null then share_lower / nullif(reference_share, 0e0)
            when share > 0e0 then exp(log_ratio - {{ z }} * log_error)
            else 0e0
        end as ratio_lower,
        case
            when log_ratio is null then share_upper / nullif(reference_share, 0e0)
            when reference_share > 0e0 then exp(log_ratio + {{ z }} * log_error)
        end as ratio_upper,
        case
            when log_ratio is null
                then case when share_of_known is not null then least(share_of_known_upper, 1e0) end / nullif(reference_share, 0e0)
            else exp(log_ratio + {{ z }} * log_error)
        end as ratio_upper_of_known,
        case when log_ratio is null then share_of_known / nullif(reference_share, 0e0) else exp(log_ratio) end as ratio_of_known
    from log_ratios

),

-- 3. How likely chance alone is so far outside of what is allowed: two-sided, against the nearer edge.
deviates as (

    select
        ratios.*,
        case
            when gap_in_data is not null then null
            when log_ratio is null and share_of_known < lowest_share
                then (lowest_share - share_of_known) / sqrt(lowest_share * (1 - lowest_share) / known_effective_count)
            when log_ratio is null and share > highest_share
                then (share - highest_share) / nullif(sqrt(highest_share * (1 - highest_share) / effective_count), 0e0)
            when log_ratio < ln(lowest_ratio) then (ln(lowest_ratio) - log_ratio) / nullif(log_error, 0e0)
            when log_ratio > -ln(lowest_ratio) then (log_ratio + ln(lowest_ratio)) / nullif(log_error, 0e0)
            else 0e0
        end as deviate
    from ratios

),

probabilities as (

    select
        deviates.*,
        case
            when deviate = 0e0 then 1e0
            when deviate > 0e0 then least({{ data_health.two_sided_normal_tail('deviate', 't') }}, 1e0)
        end as p_value
    from (
        select deviates.*, 1 / (1 + deviate / (2 * sqrt(2e0))) as t
        from deviates
    ) as deviates

),

-- Benjamini and Hochberg over all groups that a period has against one reference
ranked_groups as (

    select
        probabilities.*,
        row_number() over (partition by comparison_number, gap_in_data order by p_value, subgroup_number, group_value nulls last) as p_rank,
        count(p_value) over (partition by comparison_number, gap_in_data) as family_size
    from probabilities

),

evidence as (

    select
        ranked_groups.*,
        case when gap_in_data is null and p_value is not null then
            {{ data_health.benjamini_hochberg('p_value', 'p_rank', 'family_size', 'comparison_number, gap_in_data') }}
        end as q_value
    from ranked_groups

),

judged_groups as (

    select
        evidence.*,
        case
            when gap_in_data is not null then null
            when ratio_upper_of_known < lowest_ratio then 'under'
            when ratio_lower > 1 / lowest_ratio then 'over'
            when ratio_of_known < lowest_ratio or coalesce(ratio > 1 / lowest_ratio, true) then 'inconclusive'
            else 'as expected'
        end as representation
    from evidence

)

select
    comparison_number,
    monitor,
    dataset,
    period_start,
    period_end,
    is_latest,
    reference,
    subgroup_number,
    subgroup,
    group_value,
    row_count,
    weight_sum,
    reference_row_count,
    labelled_count,
    positive_count,
    predicted_count,
    predicted_positive_count,
    judged_positive_count,
    judged_count - judged_positive_count as judged_negative_count,
    true_positive_count,
    false_positive_count,
    missing_count,
    feature_value_count,
    minimum_rows,
    base_row_count,
    base_labelled_count,
    reference_base_row_count,
    effective_count,
    share,
    share_lower,
    share_upper,
    reference_share,
    ratio,
    ratio_lower,
    ratio_upper,
    p_value,
    q_value,
    representation,
    lowest_ratio as warn_ratio,
    alert_ratio,
    case
        when gap_in_data is not null or representation = 'inconclusive' then 'insufficient_data'
        when representation = 'under' and ratio_upper_of_known < alert_ratio and q_value <= 0.01 then 'alert'
        when representation in ('under', 'over') and q_value <= 0.05 then 'warn'
        when representation in ('under', 'over') then 'insufficient_data'
        else 'ok'
    end as status,
    case
        when gap_in_data is not null then gap_in_data
        when representation in ('under', 'over') and coalesce(q_value, 1e0) > 0.05
            then representation || '-represented, but among so many groups one can be so by chance'
        when representation in ('under', 'over') then representation || '-represented'
        when representation = 'inconclusive' then 'too few rows to tell'
    end as reason,
    cast(greatest(minimum_rows - row_count, 0) as bigint) as rows_to_support,
    case when lowest_share < 1e0 and share is not null
        then cast(greatest(ceil((lowest_share - share) * base_row_count / (1 - lowest_share) - 1e-9), 0e0) as bigint) end as rows_to_ratio
from judged_groups
