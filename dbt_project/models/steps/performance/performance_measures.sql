{{ config(enabled='performance' in data_health.parts_on(), materialized='ephemeral') }}
{%- set z = '1.959963984540054e0' %}
{#- metric -> definition, value, effective rows, standard error; a share has Wilson's interval instead of an error -#}
{%- set no_number, metrics = 'cast(null as double precision)', {} %}
{%- for name, hits, parts in [
    ('accuracy', ['true_positive', 'true_negative'], ['true_positive', 'true_negative', 'false_positive', 'false_negative']),
    ('precision', ['true_positive'], ['true_positive', 'false_positive']),
    ('recall', ['true_positive'], ['true_positive', 'false_negative']),
    ('specificity', ['true_negative'], ['true_negative', 'false_positive']),
    ('f1', ['true_positive'], ['true_positive', 'false_positive', 'false_negative'])
] %}
    {%- set weight = '(' ~ parts | join('_weight + ') ~ '_weight)' %}
    {%- do metrics.update({name: [
        'wilson_of_jaccard_index' if name == 'f1' else 'wilson', '(' ~ hits | join('_weight + ') ~ '_weight) / nullif(' ~ weight ~ ', 0e0)',
        'power(' ~ weight ~ ', 2) / nullif(' ~ parts | join('_squares + ') ~ '_squares, 0e0)', no_number
    ]}) %}
{%- endfor %}
{%- for name, total, square in [
    ('log_loss', 'log_loss_sum', 'mean_squared_log_loss'), ('brier', 'squared_error_sum', 'mean_squared_error_square')
] %}
    {%- do metrics.update({name: [
        'normal_of_binned_losses', total ~ ' / nullif(scored_weight, 0e0)', 'scored_rows',
        'sqrt(greatest(' ~ square ~ ' - power(' ~ total ~ ' / nullif(scored_weight, 0e0), 2), 0e0) / nullif(scored_rows, 0e0))'
    ]}) %}
{%- endfor %}
{%- do metrics.update({
    'roc_auc': ['delong_of_binned_scores', 'roc_auc', 'scored_rows',
        'sqrt(greatest(positive_squares - roc_auc * roc_auc, 0e0) / nullif(scored_positives - 1, 0e0)'
        ~ ' + greatest(negative_squares - roc_auc * roc_auc, 0e0) / nullif(scored_negatives - 1, 0e0))'],
    'average_precision': ['logit_of_binned_scores', 'average_precision', 'scored_positives', no_number],
    'expected_calibration_error': ['normal_of_ten_equal_widths', 'calibration_error', 'scored_rows',
        'sqrt(calibration_variance / nullif(scored_rows, 0e0))'],
    'lift_top_decile': ['wilson_of_top_rate', 'top_rate', '0.1e0 * scored_rows', no_number]
}) %}
{%- set thresholded = ['accuracy', 'precision', 'recall', 'specificity', 'f1'] %}
{%- set of_probabilities = ['log_loss', 'brier', 'expected_calibration_error'] %}
with settings as (

    select monitor, minimum_rows, is_labelled, has_score, has_predicted_label
    from {{ ref('monitor_settings') }}
    where part = 'performance'
        and metric = 'performance'

),

groups as (

    select
        performance_groups.*,
        scored_positive_weight + scored_negative_weight as scored_weight,
        {%- for name, parts in {
            'scored_rows': ['scored_positive', 'scored_negative'], 'scored_positives': ['scored_positive'],
            'scored_negatives': ['scored_negative']
        }.items() %}
        power({{ parts | join('_weight + ') }}_weight, 2) / nullif({{ parts | join('_squares + ') }}_squares, 0e0) as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ data_health.named_model('performance_groups') }}

),

measures as (
{%- for name, entry in metrics.items() %}
    {%- set is_thresholded = name in thresholded %}

    select
        monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value, row_count, labelled_count,
        {{ loop.index }} as metric_number,
        '{{ name }}' as metric,
        '{{ entry[0] }}' as definition,
        {{ entry[1] }} as share,
        {{ entry[2] }} as effective_count,
        {{ entry[3] }} as standard_error,
        {% if name == 'lift_top_decile' -%} top_rate_from as share_from, top_rate_to as share_to, base_rate as divisor,
        {%- elif name == 'roc_auc' -%}
        greatest(roc_auc - roc_auc_bound, 0e0) as share_from, least(roc_auc + roc_auc_bound, 1e0) as share_to, 1e0 as divisor,
        {%- elif name == 'average_precision' -%} average_precision_from as share_from, average_precision_to as share_to, 1e0 as divisor,
        {%- else -%} {{ no_number }} as share_from, {{ no_number }} as share_to, 1e0 as divisor,
        {%- endif %}
        {{ 'true_positive_count + false_negative_count' if is_thresholded else 'scored_positive_count' }} as positive_count,
        {{ 'false_positive_count + true_negative_count' if is_thresholded else 'scored_negative_count' }} as negative_count,
        {{ 'outside_count' if name in of_probabilities else '0' }} as outside_count
    from groups
    {{ 'union all' if not loop.last }}
{%- endfor %}

),

-- too few rows of either kind are no measurement
known_measures as (

    select
        measures.*,
        settings.minimum_rows,
        case
            when not settings.is_labelled then 'no label is configured'
            when measures.labelled_count = 0 then 'no row has a label that is positive or negative'
            when measures.metric_number <= {{ thresholded | length }} and not settings.has_predicted_label
                then 'neither a predicted label nor a threshold is configured'
            when measures.metric_number > {{ thresholded | length }} and not settings.has_score then 'no score is configured'
            when measures.positive_count + measures.negative_count = 0 then 'no labelled row has a prediction'
            when measures.positive_count < 10 then 'fewer than 10 positives'
            when measures.negative_count < 10 then 'fewer than 10 negatives'
            when measures.outside_count > 0 then 'there are scores outside of 0 to 1'
            when measures.share is null then 'no row is predicted positive'
        end as missing_reason
    from measures
    inner join settings
        on measures.monitor = settings.monitor

),

intervals as (

    select
        known_measures.*,
        {{ data_health.wilson('lower', 'share', 'effective_count') }} as wilson_lower,
        {{ data_health.wilson('upper', 'share', 'effective_count') }} as wilson_upper,
        -- no exponent is so large that a warehouse refuses it
        case when share > 0e0 and share < 1e0 then least({{ z }} / sqrt(effective_count * share * (1 - share)), 300e0) end as logit_margin
    from known_measures

)

select
    monitor, dataset, period_start, period_end, is_latest, is_mature, model_version, subgroup, group_value, row_count, labelled_count,
    positive_count, negative_count, minimum_rows, metric_number, metric, definition, missing_reason,
    {%- for name, share, normal, logit, wilson in [
        ('value', 'share', 'share', 'share', 'share'),
        ('lower', 'share', 'greatest(share - ' ~ z ~ ' * standard_error, 0e0)', '1 / (1 + (1 - share) / share * exp(logit_margin))',
            'wilson_lower'),
        ('upper', 'share', 'share + ' ~ z ~ ' * standard_error', '1 / (1 + (1 - share) / share * exp(-logit_margin))', 'wilson_upper')
    ] %}
    case
        when missing_reason is not null then null
        {%- if name != 'value' %}
        when metric = 'roc_auc' then {{ 'least(' ~ normal ~ ', 1e0)' }}
        {%- endif %}
        when metric in ('log_loss', 'brier', 'expected_calibration_error', 'roc_auc') then {{ normal }}
        when metric = 'average_precision' and logit_margin is not null then {{ logit }}
        when metric = 'f1' then 2 * {{ wilson }} / (1 + {{ wilson }})
        else {{ wilson }} / nullif(divisor, 0e0)
    end as {{ name }},
    {%- endfor %}
    case when missing_reason is null then share_from / nullif(divisor, 0e0) end as binned_lower,
    case when missing_reason is null then share_to / nullif(divisor, 0e0) end as binned_upper
from intervals
