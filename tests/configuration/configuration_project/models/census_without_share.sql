select 'sex' as subgroup, 'f' as value
