"""The worst status of each column in each period, of all references."""

from data_health.report.blocks import ALL_ROWS, SELECTION


def statuses(relations: dict[str, str], further: str = "") -> str:
    """The query for the worst status of each column in each period, of the parts whose marts are there."""
    also = f" and {further}" if further else ""
    ranks = "case {0} when 'alert' then 3 when 'warn' then 2 when 'ok' then 1 else 0 end"
    parts = [
        f"select monitor, '{part}' as part, column_name, period_start, max({ranks.format(column)}) as place\n"
        f"    from {relations[mart]}\n    where {ALL_ROWS}{also}\n    group by 1, 2, 3, 4"
        for part, mart, column in (
            ("drift", "health_drift", "column_status"),
            ("coverage", "health_coverage", "status"),
        )
        if mart in relations
    ]
    names = "case place when 3 then 'alert' when 2 then 'warn' when 1 then 'ok' else 'insufficient_data' end as status"
    union = "\n    union all\n    ".join(parts)
    return (
        f"select monitor, part, column_name, period_start, {names}\nfrom (\n    {union}\n) as statuses\n"
        f"where {SELECTION}\norder by monitor, part desc nulls last, column_name, period_start"
    )
