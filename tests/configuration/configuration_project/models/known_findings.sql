select
    'plain' as monitor,
    'volume' as finding,
    '*' as column_name,
    cast(null as date) as first_period,
    date '2099-12-31' as acknowledged_until,
    'Ann' as acknowledged_by,
    'a holiday' as note
