select 'sex' as subgroup, 'f' as value, 'women' as population_value
