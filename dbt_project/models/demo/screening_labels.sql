with answers as (

    select
        screening_id,
        label,
        labelled_at,
        annotator,
        row_number() over (
            partition by screening_id
            order by labelled_at desc nulls last, annotator
        ) as answer_rank
    from {{ ref('raw_annotations') }}
    where label <> 'skip'

),

latest_annotations as (

    select * from answers where answer_rank = 1

)

select
    screening_id,
    label,
    labelled_at
from latest_annotations
