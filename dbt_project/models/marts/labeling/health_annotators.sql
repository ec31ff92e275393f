{{ config(enabled='labeling' in data_health.parts_on()) }}
with answers as (

    select
        monitor,
        row_key,
        label,
        annotator,
        labelled_at,
        seconds,
        is_gold,
        is_latest
    from {{ ref('label_annotations') }}

),

labels as (

    select monitor, row_key, label, method, annotation_count
    from {{ ref('label_consensus') }}

),

posteriors as (

    select monitor, row_key, label, probability
    from {{ data_health.named_model(
        'label_posteriors', data_health.engine_sql('runs_python'),
        {'monitor': 'varchar', 'row_key': 'varchar', 'label': 'varchar', 'probability': 'double precision'}
    ) }}

),

-- 1. Answers, everybody's own and those of all together.
own_annotations as (

    select
        answers.monitor,
        answers.annotator,
        answers.row_key,
        answers.label,
        answers.labelled_at,
        answers.seconds,
        labels.method,
        max(case when labels.method = 'robust_mean' then 1 else 0 end) over (partition by answers.monitor) = 1 as is_number,
        -- where nobody else answered and nothing is known, an answer can only agree with itself
        answers.label is not null and (labels.annotation_count > 1 or labels.method = 'gold') as is_judged,
        case
            when labels.method <> 'gold' then coalesce(posteriors.probability, 0e0)
            when answers.label = labels.label then 1e0
            else 0e0
        end as probability
    from answers
    inner join labels
        on answers.monitor = labels.monitor
        and answers.row_key = labels.row_key
    left join posteriors
        on answers.monitor = posteriors.monitor
        and answers.row_key = posteriors.row_key
        and answers.label = posteriors.label
    where answers.is_latest
        and not answers.is_gold

),

counted_annotations as (

    select monitor, annotator, row_key, label, labelled_at, seconds, method, is_judged, probability from own_annotations

    union all

    select monitor, '(all)' as annotator, row_key, label, labelled_at, seconds, method, is_judged, probability from own_annotations

),

annotators as (

    select
        monitor,
        annotator,
        count(distinct row_key) as labelled_row_count,
        count(label) as annotation_count,
        count(case when label is null then 1 end) as skip_count,
        min(labelled_at) as first_labelled_at,
        max(labelled_at) as last_labelled_at,
        sum(seconds) as seconds,
        avg(seconds) as seconds_per_annotation,
        cast(count(case when is_judged then 1 end) as double precision) as judged_count,
        cast(count(case when is_judged and method = 'gold' then 1 end) as double precision) as gold_count,
        count(case when is_judged and method not in ('gold', 'dawid_skene') then 1 end) as unjudged_count,
        sum(case when is_judged then probability else 0 end) as right_count,
        sum(case when is_judged and method = 'gold' then probability else 0 end) as gold_right_count
    from counted_annotations
    group by monitor, annotator

),

-- 2. Wilson's intervals of the share of right answers.
shares as (

    select
        annotators.*,
        case when unjudged_count = 0 then right_count / nullif(judged_count, 0) end as accuracy,
        gold_right_count / nullif(gold_count, 0) as gold_accuracy
    from annotators

),

intervals as (

    select
        shares.*,
        {{ data_health.wilson('lower', 'accuracy', 'judged_count') }} as accuracy_lower,
        {{ data_health.wilson('upper', 'accuracy', 'judged_count') }} as accuracy_upper
    from shares

),

-- 3. Krippendorff's alpha, over rows with two answers or more.
votes as (

    select
        monitor,
        row_key,
        label,
        cast(count(*) as double precision) as vote_count,
        -- differences of numbers count by their square; the least one is taken off, so that large numbers lose no digit
        case when is_number then cast(label as double precision) end
            - min(case when is_number then cast(label as double precision) end) over (partition by monitor) as label_value
    from own_annotations
    where label is not null
    group by monitor, row_key, label, is_number

),

compared_rows as (

    select
        monitor,
        row_key,
        sum(vote_count) as annotation_count,
        coalesce(
            2 * (sum(vote_count) * sum(vote_count * label_value * label_value) - power(sum(vote_count * label_value), 2)),
            sum(vote_count) * sum(vote_count) - sum(vote_count * vote_count)
        ) as unequal_pair_count
    from votes
    group by monitor, row_key
    having sum(vote_count) > 1

),

disagreements as (

    select
        monitor,
        count(*) as compared_row_count,
        sum(annotation_count) as annotation_count,
        sum(unequal_pair_count / (annotation_count - 1)) as observed
    from compared_rows
    group by monitor

),

label_totals as (

    select
        votes.monitor,
        votes.label,
        votes.label_value,
        sum(votes.vote_count) as annotation_count
    from votes
    inner join compared_rows
        on votes.monitor = compared_rows.monitor
        and votes.row_key = compared_rows.row_key
    group by votes.monitor, votes.label, votes.label_value

),

expected_disagreements as (

    select
        monitor,
        coalesce(
            2 * (sum(annotation_count) * sum(annotation_count * label_value * label_value) - power(sum(annotation_count * label_value), 2)),
            sum(annotation_count) * sum(annotation_count) - sum(annotation_count * annotation_count)
        ) as expected
    from label_totals
    group by monitor

),

agreements as (

    select
        disagreements.monitor,
        disagreements.compared_row_count,
        1 - (disagreements.annotation_count - 1) * disagreements.observed / nullif(expected_disagreements.expected, 0) as krippendorff_alpha
    from disagreements
    inner join expected_disagreements
        on disagreements.monitor = expected_disagreements.monitor

)

select
    intervals.monitor,
    intervals.annotator,
    cast(intervals.labelled_row_count as bigint) as labelled_row_count,
    cast(intervals.annotation_count as bigint) as annotation_count,
    cast(intervals.skip_count as bigint) as skip_count,
    cast(intervals.judged_count as bigint) as judged_count,
    intervals.accuracy,
    intervals.accuracy_lower,
    intervals.accuracy_upper,
    cast(intervals.gold_count as bigint) as gold_count,
    intervals.gold_accuracy,
    case when intervals.annotator = '(all)' then coalesce(agreements.compared_row_count, 0) end as compared_row_count,
    case when intervals.annotator = '(all)' then agreements.krippendorff_alpha end as krippendorff_alpha,
    intervals.seconds,
    intervals.seconds_per_annotation,
    intervals.first_labelled_at,
    intervals.last_labelled_at,
    {{ data_health.run_time() }} as built_at,
    cast(intervals.annotation_count as bigint) as answer_count,
    intervals.seconds_per_annotation as seconds_per_answer
from intervals
left join agreements
    on intervals.monitor = agreements.monitor
