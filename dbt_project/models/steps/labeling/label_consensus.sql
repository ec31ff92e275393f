{{ config(enabled='labeling' in data_health.parts_on()) }}
with latest_annotations as (

    select
        monitor,
        row_key,
        label,
        annotator,
        labelled_at,
        seconds,
        is_gold
    from {{ ref('label_annotations') }}
    where is_latest

),

posteriors as (

    select monitor, row_key, label, probability, method, is_calibrated, label_error
    from {{ data_health.named_model(
        'label_posteriors', data_health.engine_sql('runs_python'),
        {
            'monitor': 'varchar', 'row_key': 'varchar', 'label': 'varchar', 'probability': 'double precision', 'method': 'varchar',
            'is_calibrated': 'boolean', 'label_error': 'double precision'
        }
    ) }}

),

answered_rows as (

    select
        monitor,
        row_key,
        max(case when is_gold then label end) as gold_label,
        count(case when not is_gold and label is not null then 1 end) as annotation_count,
        count(case when not is_gold and label is null then 1 end) as skip_count,
        min(labelled_at) as first_labelled_at,
        max(labelled_at) as last_labelled_at,
        sum(seconds) as seconds
    from latest_annotations
    group by monitor, row_key

),

votes as (

    select
        monitor,
        row_key,
        label,
        count(*) as vote_count
    from latest_annotations
    where label is not null
        and not is_gold
    group by monitor, row_key, label

),

ranked_votes as (

    select
        votes.*,
        rank() over (partition by monitor, row_key order by vote_count desc nulls last) as rank
    from votes

),

majorities as (

    select
        monitor,
        row_key,
        case when count(*) = 1 then min(label) end as majority_label,
        max(vote_count) as majority_count
    from ranked_votes
    where rank = 1
    group by monitor, row_key

),

ranked_posteriors as (

    select
        posteriors.*,
        row_number() over (partition by monitor, row_key order by probability desc nulls last, label nulls last) as rank
    from posteriors

),

likely_labels as (

    select
        answered_rows.monitor,
        answered_rows.row_key,
        case
            when answered_rows.gold_label is not null then 'gold'
            when answered_rows.annotation_count = 0 then 'none'
            when ranked_posteriors.label is not null then ranked_posteriors.method
            else 'majority'
        end as method,
        answered_rows.gold_label,
        ranked_posteriors.label as likely_label,
        ranked_posteriors.probability,
        ranked_posteriors.is_calibrated,
        ranked_posteriors.label_error,
        majorities.majority_label,
        majorities.majority_count,
        answered_rows.annotation_count,
        answered_rows.skip_count,
        answered_rows.first_labelled_at,
        answered_rows.last_labelled_at,
        answered_rows.seconds
    from answered_rows
    left join majorities
        on answered_rows.monitor = majorities.monitor
        and answered_rows.row_key = majorities.row_key
    left join ranked_posteriors
        on answered_rows.monitor = ranked_posteriors.monitor
        and answered_rows.row_key = ranked_posteriors.row_key
        and ranked_posteriors.rank = 1

),

labels as (

    select
        likely_labels.*,
        case method when 'gold' then gold_label when 'majority' then majority_label when 'none' then null else likely_label end as label
    from likely_labels

)

select
    labels.monitor,
    labels.row_key,
    labels.label,
    labels.method,
    case labels.method
        when 'gold' then 1e0
        when 'dawid_skene' then labels.probability
        when 'majority' then cast(labels.majority_count as double precision) / labels.annotation_count
    end as probability,
    labels.majority_label,
    coalesce(labels.majority_label is null and labels.annotation_count > 0 and labels.method <> 'robust_mean', false) as is_tie,
    cast(labels.annotation_count as bigint) as annotation_count,
    cast(coalesce(votes.vote_count, 0) as bigint) as agreeing_count,
    cast(labels.skip_count as bigint) as skip_count,
    labels.first_labelled_at,
    labels.last_labelled_at,
    labels.seconds,
    case
        when labels.method = 'gold' then 'known'
        when labels.method = 'dawid_skene' and labels.is_calibrated then 'calibrated'
        when labels.method in ('dawid_skene', 'majority') then 'score'
    end as probability_basis,
    case when labels.method = 'robust_mean' then labels.label_error end as label_error
from labels
left join votes
    on labels.monitor = votes.monitor
    and labels.row_key = votes.row_key
    and labels.label = votes.label
