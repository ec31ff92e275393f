select
    'women' as id,
    'plain' as monitor,
    'sex' as subgroup,
    'f' as value,
    'share_ratio' as metric,
    'a lot' as threshold,
    cast(null as varchar) as reference,
    'Ann' as owner,
    date '2024-01-01' as opened,
    cast(null as date) as expiry
