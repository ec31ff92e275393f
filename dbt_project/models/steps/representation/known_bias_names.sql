{{ config(
    enabled='representation' in data_health.parts_on() and data_health.is_configured('known_biases'),
    materialized='ephemeral'
) }}
{#- values of columns that show_values leaves out are not suggested -#}
{%- set listed, hidden = [], [] %}
{%- for monitor in data_health.resolved_monitors().values() %}
    {%- do listed.append(['monitor', monitor.name]) %}
    {%- set shown = monitor.show_values | map('lower') | list %}
    {%- for names in monitor.subgroups if names | map('lower') | reject('in', shown) | list %}
        {%- do hidden.append([monitor.name, names | unique(case_sensitive=true) | join(',') | lower | replace(' ', '')]) %}
    {%- endfor %}
{%- endfor %}
{%- for name in [
    'share_ratio', 'share', 'row_count', 'label_rate_ratio', 'selection_ratio', 'true_positive_rate', 'false_positive_rate',
    'missing_share', 'label_coverage', 'selection_rate_gap', 'true_positive_rate_gap', 'false_positive_rate_gap', 'equalized_odds',
    'precision_gap', 'false_omission_rate_gap', 'accuracy_gap'
] %}
    {%- do listed.append(['metric', name]) %}
{%- endfor %}
with entries as (

    select entry_number, monitor, subgroup, subgroup_key, group_value, metric, reference
    from {{ ref('known_bias_register') }}

),

listed_names as (
{{ data_health.rows_as_table({'kind': 'varchar', 'name': 'varchar'}, listed) }}

),

hidden_subgroups as (
{{ data_health.rows_as_table({'monitor': 'varchar', 'subgroup_key': 'varchar'}, hidden) }}

),

subgroups as (

    select distinct monitor, subgroup_number, subgroup, replace(lower(subgroup), ' ', '') as subgroup_key
    from {{ ref('declared_subgroups') }}

),

datasets as (

    select distinct monitor, dataset
    from {{ ref('dataset_periods') }}

),

groups as (

    select subgroups.monitor, subgroups.subgroup_key, known_groups.group_value
    from (select distinct monitor, subgroup_number, group_value from {{ ref('subgroup_periods') }}) as known_groups
    inner join subgroups
        on known_groups.monitor = subgroups.monitor
        and known_groups.subgroup_number = subgroups.subgroup_number

    union

    select monitor, subgroup_key, group_value
    from {{ ref('population_groups') }}

),

-- 1. Every name of an entry beside all names that it could mean.
candidates as (

    select entries.entry_number, listed_names.kind,
        case listed_names.kind when 'monitor' then entries.monitor else entries.metric end as written, listed_names.name
    from entries
    cross join listed_names

    union all

    select entries.entry_number, 'subgroup' as kind, entries.subgroup_key as written, subgroups.subgroup_key as name
    from entries
    inner join subgroups
        on entries.monitor = subgroups.monitor

    union all

    select entries.entry_number, 'reference' as kind, coalesce(entries.reference, datasets.dataset) as written, datasets.dataset as name
    from entries
    inner join datasets
        on entries.monitor = datasets.monitor

    union all

    select
        entries.entry_number,
        'group' as kind,
        entries.group_value as written,
        case when hidden_subgroups.monitor is null or entries.group_value = groups.group_value then groups.group_value else '' end as name
    from entries
    inner join groups
        on entries.monitor = groups.monitor
        and entries.subgroup_key = groups.subgroup_key
    left join hidden_subgroups
        on entries.monitor = hidden_subgroups.monitor
        and entries.subgroup_key = hidden_subgroups.subgroup_key

),

unknown_names as (

    select candidates.*, ' ' || lower(left(written, 40)) || ' ' as first_text, ' ' || lower(left(name, 40)) || ' ' as second_text
    from (
        select candidates.*, max(case when written = name then 1 else 0 end) over (partition by entry_number, kind) as is_known
        from candidates
    ) as candidates
    where is_known = 0
        and written is not null

),

-- 2. Two names are alike as far as the pairs of letters of each are in the other.
likenesses as (

    select
        entry_number,
        kind,
        name,
        sum(case when position(substr(first_text, place, 2) in second_text) > 0 and place < length(first_text) then 1e0 else 0e0 end
            + case when position(substr(second_text, place, 2) in first_text) > 0 and place < length(second_text) then 1e0 else 0e0 end)
            / max(length(first_text) + length(second_text) - 2) as likeness
    from unknown_names
    cross join (
        values {% for place in range(1, 42) %}({{ place }}){{ ', ' if not loop.last }}{% endfor %}
    ) as places (place)
    group by entry_number, kind, name

)

select
    entry_number,
    kind,
    case when likeness >= 0.4e0 then '; the nearest is ' || name else '' end as nearest
from (
    select likenesses.*, row_number() over (partition by entry_number, kind order by likeness desc nulls last, name) as likeness_rank
    from likenesses
) as ranked_names
where likeness_rank = 1
