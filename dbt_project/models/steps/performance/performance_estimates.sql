{{ config(enabled='performance' in data_health.parts_on(), materialized='ephemeral') }}
{#- metric -> its value of expected counts, and by how much it rises where a predicted positive, or a predicted negative, is a positive -#}
{%- set thresholded = {
    'accuracy': ['(tp + tn) / nullif(n, 0e0)', '1 / nullif(n, 0e0)', '-1 / nullif(n, 0e0)'],
    'precision': ['tp / nullif(tp + fp, 0e0)', '1 / nullif(tp + fp, 0e0)', '0e0'],
    'recall': ['tp / nullif(tp + fn, 0e0)', 'fn / power(nullif(tp + fn, 0e0), 2)', '-tp / power(nullif(tp + fn, 0e0), 2)'],
    'specificity': ['tn / nullif(tn + fp, 0e0)', 'tn / power(nullif(tn + fp, 0e0), 2)', '-fp / power(nullif(tn + fp, 0e0), 2)'],
    'f1': ['2 * tp / nullif(2 * tp + fp + fn, 0e0)',
        '2 * (tp + fp + fn) / power(nullif(2 * tp + fp + fn, 0e0), 2)', '-2 * tp / power(nullif(2 * tp + fp + fn, 0e0), 2)']
} %}
with settings as (

    select monitor, minimum_rows, is_labelled, has_score
    from {{ ref('monitor_settings') }}
    where part = 'performance'
        and metric = 'performance'

),

default_references as (

    select monitor, value as reference
    from {{ ref('health_monitors') }}
    where subject = 'setting'
        and name = 'default_reference'

),

-- 1. The bins of all rows of a version: of the reference with labels, and of every period of production with labels or without.
bins as (

    select
        performance_rows.monitor,
        performance_rows.dataset = 'production' as is_production,
        performance_rows.period_start,
        coalesce(performance_rows.model_version, '(none)') as version_key,
        performance_rows.bin_generation,
        performance_rows.score_bin,
        sum(row_count) as row_count,
        sum(weight_sum) as weight,
        sum(squared_weight_sum) as squares,
        sum(case when label is not null then weight_sum else 0e0 end) as labelled,
        sum(case when label = 1 then weight_sum else 0e0 end) as positives,
        sum(case when label = 1 then row_count else 0 end) as positive_count,
        sum(case when label = 0 then row_count else 0 end) as negative_count,
        sum(case when predicted = 1 then weight_sum else 0e0 end) as selected,
        sum(case when predicted = 0 then weight_sum else 0e0 end) as unselected,
        sum(score_sum) as score_sum,
        sum(squared_score_sum) as squared_score_sum,
        sum(log_score_sum) as log_score_sum,
        sum(log_complement_sum) as log_complement_sum,
        sum(outside_count) as outside_count
    from (select * from {{ ref('performance_rows') }}) as performance_rows
    inner join default_references
        on performance_rows.monitor = default_references.monitor
    where performance_rows.subgroup = '(all)'
        and performance_rows.score_bin is not null
        and performance_rows.dataset in ('production', '(first periods)', default_references.reference)
    group by
        performance_rows.monitor, performance_rows.dataset = 'production', performance_rows.period_start,
        coalesce(performance_rows.model_version, '(none)'), performance_rows.bin_generation, performance_rows.score_bin

),

-- 2. The calibration: of the reference the share of positives by bin, made to rise with the score (isotonic regression). The fit of a bin
--    is the greatest, over all bins j up to it, of the least mean of the bins from j to any bin k from it on.
reference_bins as (

    select
        monitor,
        version_key,
        bin_generation,
        score_bin,
        labelled,
        sum(labelled) over in_order as labelled_to_here,
        sum(positives) over in_order as positives_to_here,
        sum(positive_count) over of_version as positive_count,
        sum(negative_count) over of_version as negative_count,
        lead(score_bin) over (partition by monitor, version_key order by score_bin) as next_bin,
        row_number() over (partition by monitor, version_key order by score_bin) as bin_rank
    from bins
    where not is_production
        and labelled > 0e0
    window
        of_version as (partition by monitor, version_key),
        in_order as (partition by monitor, version_key order by score_bin rows unbounded preceding)

),

least_means as (

    select
        starts.monitor,
        starts.version_key,
        ends.bin_rank,
        min((ends.positives_to_here - starts.positives_before) / (ends.labelled_to_here - starts.labelled_before)) over (
            partition by starts.monitor, starts.version_key, starts.bin_rank order by ends.bin_rank desc nulls last
            rows unbounded preceding
        ) as least_mean
    from (
        select
            monitor,
            version_key,
            bin_rank,
            labelled_to_here - labelled as labelled_before,
            coalesce(lag(positives_to_here) over (partition by monitor, version_key order by bin_rank), 0e0) as positives_before
        from reference_bins
    ) as starts
    inner join reference_bins as ends
        on starts.monitor = ends.monitor
        and starts.version_key = ends.version_key
        and starts.bin_rank <= ends.bin_rank

),

calibration as (

    select reference_bins.*, fits.probability
    from reference_bins
    inner join (
        select monitor, version_key, bin_rank, max(least_mean) as probability
        from least_means
        group by monitor, version_key, bin_rank
    ) as fits
        on reference_bins.monitor = fits.monitor
        and reference_bins.version_key = fits.version_key
        and reference_bins.bin_rank = fits.bin_rank

),

-- 3. Every bin of production with the probability of its own bin, or of the next one below, or of the first one. Bins that the reference
--    lacks, between two that it has or beyond the last one, are a gap. Between n labelled rows a gap holds 1 / (n + 1) of all rows by
--    chance, and twelve times as much in one of 160,000 gaps; rows of a larger one are outside of the reference.
calibrated as (

    select
        bins.*,
        calibration.probability as p,
        calibration.probability * (1 - calibration.probability) as variance,
        calibration.labelled as reference_weight,
        calibration.positive_count as reference_positives,
        calibration.negative_count as reference_negatives,
        calibration.score_bin as calibrated_by,
        calibration.score_bin <> bins.score_bin as is_in_gap,
        bins.weight / sum(bins.weight) over of_period as share,
        sum(bins.weight * calibration.probability) over of_period as all_positives,
        sum(bins.weight * (1 - calibration.probability)) over of_period as all_negatives,
        sum(bins.weight * calibration.probability) over in_order as positives_to_here,
        sum(bins.weight * (1 - calibration.probability)) over in_order as negatives_to_here
    from bins
    inner join calibration
        on bins.monitor = calibration.monitor
        and bins.version_key = calibration.version_key
        and bins.bin_generation = calibration.bin_generation
        and (bins.score_bin >= calibration.score_bin or calibration.bin_rank = 1)
        and (bins.score_bin < calibration.next_bin or calibration.next_bin is null)
    where bins.is_production
    window
        of_period as (partition by bins.monitor, bins.version_key, bins.period_start),
        in_order as (partition by bins.monitor, bins.version_key, bins.period_start order by bins.score_bin rows unbounded preceding)

),

ranked as (

    select
        calibrated.*,
        (negatives_to_here - weight * (1 - p) / 2) / nullif(all_negatives, 0e0) as negatives_below,
        (all_positives - positives_to_here + weight * p / 2) / nullif(all_positives, 0e0) as positives_above,
        is_in_gap and sum(case when is_in_gap then share else 0e0 end) over (
            partition by monitor, version_key, period_start, calibrated_by, score_bin < calibrated_by
        ) > 12e0 / (reference_positives + reference_negatives + 1) as is_outside
    from calibrated

),

sums as (

    select
        ranked.*,
        sum(weight * p * negatives_below) over (partition by monitor, version_key, period_start) / nullif(all_positives, 0e0) as area
    from ranked

),

-- what the labels of these rows do not decide: chance of the outcomes themselves, and of the rows that the calibration is fitted on
groups as (

    select
        monitor, version_key, period_start,
        sum(row_count) as row_count,
        sum(outside_count) as outside_count,
        sum(row_count) * sum(squares) / power(sum(weight), 2) as design_effect,
        sum(weight) as weight,
        min(reference_positives) as reference_positives,
        min(reference_negatives) as reference_negatives,
        sum(case when is_outside then share else 0e0 end) as outside_share,
        sum(selected + unselected) as n,
        sum(selected * p) as tp,
        sum(selected * (1 - p)) as fp,
        sum(unselected * p) as fn,
        sum(unselected * (1 - p)) as tn,
        sum(selected * variance + selected * selected * variance / reference_weight) as of_selected,
        sum(unselected * variance + unselected * unselected * variance / reference_weight) as of_unselected,
        sum(selected * unselected * variance / reference_weight) as of_both,
        min(area) as area,
        sum(power(negatives_below / nullif(all_positives, 0e0) - positives_above / nullif(all_negatives, 0e0)
            - area / nullif(all_positives, 0e0) + area / nullif(all_negatives, 0e0), 2)
            * variance * (weight + weight * weight / reference_weight)) as area_variance,
        sum(-p * log_score_sum - (1 - p) * log_complement_sum) / sum(weight) as log_loss,
        sum(power((log_complement_sum - log_score_sum) / weight, 2) * variance * (weight + weight * weight / reference_weight))
            / power(sum(weight), 2) as log_loss_variance,
        sum(squared_score_sum - 2 * p * score_sum + p * weight) / sum(weight) as brier,
        sum(power(1 - 2 * score_sum / weight, 2) * variance * (weight + weight * weight / reference_weight)) / power(sum(weight), 2)
            as brier_variance
    from sums
    group by monitor, version_key, period_start

),

estimates as (
{%- for name, entry in thresholded.items() %}

    select
        groups.*,
        '{{ name }}' as metric,
        {{ entry[0] }} as estimate,
        power({{ entry[1] }}, 2) * of_selected + power({{ entry[2] }}, 2) * of_unselected
            + 2 * ({{ entry[1] }}) * ({{ entry[2] }}) * of_both as variance
    from groups
    union all
{%- endfor %}
{%- for name, value in {'roc_auc': 'area', 'log_loss': 'log_loss', 'brier': 'brier'}.items() %}

    select groups.*, '{{ name }}' as metric, {{ value }} as estimate, {{ value }}_variance as variance
    from groups
    {{ 'union all' if not loop.last }}
{%- endfor %}

)

select
    estimates.monitor,
    estimates.version_key,
    estimates.period_start,
    estimates.metric,
    case
        when estimates.reference_positives < 10 or estimates.reference_negatives < 10
            then 'the reference has fewer than 10 positives or 10 negatives of this version'
        when estimates.row_count < settings.minimum_rows then 'fewer than ' || settings.minimum_rows || ' rows with a score'
        when estimates.outside_count > 0 and estimates.metric in ('log_loss', 'brier') then 'there are scores outside of 0 to 1'
        when estimates.estimate is null then 'no row is predicted positive'
    end as missing_reason,
    estimates.estimate,
    estimates.estimate - 1.959963984540054e0 * sqrt(greatest(estimates.variance, 0e0) * estimates.design_effect) as estimate_lower,
    estimates.estimate + 1.959963984540054e0 * sqrt(greatest(estimates.variance, 0e0) * estimates.design_effect) as estimate_upper,
    estimates.outside_share
from estimates
inner join settings
    on estimates.monitor = settings.monitor
