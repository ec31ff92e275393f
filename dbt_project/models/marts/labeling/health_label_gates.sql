{{ config(enabled='labeling' in data_health.parts_on()) }}
with gates as (

    select
        monitor, subgroup, group_value, predicted_label, target_precision, threshold, audited_count, tested_count, right_count,
        precision_lower, sharing_count, label_count, lost_count, lost_share, lost_share_upper
    from {{ data_health.named_model(
        'label_gates', data_health.engine_sql('runs_python'),
        {
            'monitor': 'varchar', 'subgroup': 'varchar', 'group_value': 'varchar', 'predicted_label': 'varchar',
            'target_precision': 'double precision', 'threshold': 'double precision', 'audited_count': 'bigint',
            'tested_count': 'bigint', 'right_count': 'bigint', 'precision_lower': 'double precision', 'sharing_count': 'bigint',
            'label_count': 'bigint', 'lost_count': 'bigint', 'lost_share': 'double precision', 'lost_share_upper': 'double precision'
        }
    ) }}

)

select
    monitor,
    subgroup,
    group_value,
    predicted_label,
    case when threshold is not null then 'open' else 'needs_human' end as status,
    threshold,
    target_precision,
    audited_count,
    tested_count,
    right_count,
    cast(right_count as double precision) / nullif(tested_count, 0) as precision_seen,
    precision_lower,
    sharing_count,
    label_count,
    lost_count,
    lost_share,
    lost_share_upper,
    {{ data_health.run_time() }} as built_at
from gates
