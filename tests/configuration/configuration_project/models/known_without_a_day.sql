select
    'plain' as monitor,
    'volume' as finding,
    '*' as column_name,
    cast(null as date) as first_period,
    'Ann' as acknowledged_by,
    'a holiday' as note
