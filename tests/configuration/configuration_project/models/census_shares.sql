select 'sex' as subgroup, 'f' as value, 0.5 as share
