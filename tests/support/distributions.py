"""The rows of column_distributions with the names of what they are of, for tests that look into them."""

SPECIAL = ("null", "nan", "negative_infinity", "positive_infinity")
NAMES = (
    "period_column_key, period_key, monitor, dataset, period_start, column_name, segment_column, segment_value, "
    "grid_generation, bin_width, built_from, built_at"
)
NAMED_DISTRIBUTIONS = f"""(
    select {NAMES},
        case
            when bins.bin is not null then case when grids.kind = 'text' then 'length' else 'bin' end
            when bins.category is not null then case when grids.kind = 'text' then 'pattern' else 'value' end
            else 'other'
        end as bin_type,
        bins.bin, bins.category, bins.row_count, bins.value_sum, bins.minimum, bins.maximum
    from column_distributions as bins
    inner join (select {NAMES}, statistics_key from column_statistics) as parents using (statistics_key)
    inner join (select monitor, column_name, kind from column_grids) as grids using (monitor, column_name)
    {
    "".join(
        f'''
    union all
    select {NAMES}, '{name}', null, null, {name}_count, null, null, null
    from column_statistics where {name}_count > 0'''
        for name in SPECIAL
    )
}
) as named_distributions"""
