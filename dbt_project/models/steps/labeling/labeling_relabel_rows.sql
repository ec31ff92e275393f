{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
with labeling_rows as (

    select monitor, row_key, random_number
    from {{ ref('labeling_rows') }}

),

annotated_rows as (

    select
        monitor, row_key, method, probability, annotation_count, skip_count,
        coalesce(annotation_count > 1 and (is_tie or probability < 0.8e0), false) as is_disputed
    from {{ ref('label_consensus') }}

),

doubts as (

    select monitor, row_key, rank, given_label, suggested_label
    from {{ data_health.named_model(
        'label_issues', data_health.engine_sql('runs_python'),
        {
            'monitor': 'varchar', 'row_key': 'varchar', 'rank': 'bigint', 'given_label': 'varchar', 'suggested_label': 'varchar',
            'is_issue': 'boolean'
        }
    ) }}
    where is_issue

),

asked_again as (

    select distinct monitor, row_key
    from {{ ref('labeling_history') }}
    where strategy = 'relabel'

),

rows_to_ask_again as (

    select
        labeling_rows.monitor,
        labeling_rows.row_key,
        labeling_rows.random_number,
        case
            when annotated_rows.is_disputed then annotated_rows.annotation_count || ' annotators do not agree'
            else 'labelled ' || doubts.given_label || ', but looks like ' || doubts.suggested_label
        end as reason,
        row_number() over (
            partition by labeling_rows.monitor, case when annotated_rows.is_disputed then 1 else 2 end
            order by coalesce(annotated_rows.probability, 1e0), doubts.rank nulls last, labeling_rows.random_number, labeling_rows.row_key
        ) as rank
    from labeling_rows
    left join annotated_rows
        on labeling_rows.monitor = annotated_rows.monitor
        and labeling_rows.row_key = annotated_rows.row_key
    left join doubts
        on labeling_rows.monitor = doubts.monitor
        and labeling_rows.row_key = doubts.row_key
    left join asked_again
        on labeling_rows.monitor = asked_again.monitor
        and labeling_rows.row_key = asked_again.row_key
    where asked_again.row_key is null
        and coalesce(annotated_rows.method, '') <> 'gold'
        -- whoever skips it from now on does so because they were asked again
        and coalesce(annotated_rows.skip_count, 0) = 0
        and (annotated_rows.is_disputed or doubts.row_key is not null)

)

select
    monitor,
    row_key,
    reason,
    row_number() over (partition by monitor order by rank, reason, random_number, row_key) as rank
from rows_to_ask_again
