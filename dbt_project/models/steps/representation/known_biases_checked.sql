{{ config(enabled=data_health.part_is_on('representation') and data_health.is_configured('known_biases')) }}
{%- do data_health.begin_model() %}
{%- set configuration = data_health.configured_block() %}
{%- set register = data_health.normalised_relation(configuration.get('known_biases')) if configuration is mapping else none %}
{%- set monitors = data_health.resolved_monitors() %}
{%- set metrics = ['share_ratio', 'share', 'row_count', 'label_rate_ratio', 'selection_ratio', 'true_positive_rate', 'false_positive_rate', 'missing_share', 'label_coverage'] %}
-- depends_on: {{ ref('health_monitors') }}
with written_entries as (
{% if register %}
    select
        cast(id as varchar) as id,
        cast(monitor as varchar) as monitor,
        cast(subgroup as varchar) as subgroup,
        coalesce(nullif(cast(value as varchar), ''), '(null)') as group_value,
        cast(metric as varchar) as metric,
        cast(threshold as double precision) as threshold,
        nullif(cast(reference as varchar), '') as reference,
        cast(owner as varchar) as owner,
        cast(opened as date) as opened,
        cast(expiry as date) as expiry
    from {{ data_health.relation_of(register) }}
{%- else %}
    {{ data_health.no_rows({
        'id': 'varchar', 'monitor': 'varchar', 'subgroup': 'varchar', 'group_value': 'varchar', 'metric': 'varchar',
        'threshold': 'double precision', 'reference': 'varchar', 'owner': 'varchar', 'opened': 'date', 'expiry': 'date'
    }) }}
{%- endif %}

),

settings as (

    select monitor, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

declared_subgroups as (

    select distinct monitor, subgroup_number, subgroup
    from {{ ref('declared_subgroups') }}

),

groups as (

    select
        monitor,
        dataset,
        dataset_period_key,
        subgroup_number,
        naming,
        group_value,
        row_count,
        labelled_count,
        positive_count,
        predicted_count,
        predicted_positive_count,
        judged_count,
        judged_positive_count,
        true_positive_count,
        false_positive_count,
        missing_count,
        feature_value_count,
        weight_sum,
        squared_weight_sum
    from {{ ref('subgroup_periods') }}

),

population as (

    select monitor, subgroup_key, group_value, share
    from {{ ref('population_groups') }}

),

dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end, stored_period_key
    from {{ ref('dataset_periods') }}

),

stored_periods as (

    select period_key, status
    from {{ ref('monitored_periods') }}

),

-- 1. What every entry is checked in: the newest period that is over, or else the newest, and each reference.
ranked_periods as (

    select
        dataset_periods.monitor,
        dataset_periods.dataset,
        dataset_periods.dataset_period_key,
        min(dataset_periods.period_start) as period_start,
        max(dataset_periods.period_end) as period_end,
        row_number() over (
            partition by dataset_periods.monitor, dataset_periods.dataset
            order by max(case when stored_periods.status = 'partial' then 1 else 0 end), min(dataset_periods.period_start) desc
        ) as place
    from dataset_periods
    inner join settings
        on dataset_periods.monitor = settings.monitor
    inner join stored_periods
        on dataset_periods.stored_period_key = stored_periods.period_key
    where dataset_periods.dataset <> 'production'
        or dataset_periods.period_start is not null
    group by dataset_periods.monitor, dataset_periods.dataset, dataset_periods.dataset_period_key

),

checked_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end
    from ranked_periods
    where place = 1

),

-- 2. The entries, each with what it names, as far as that exists.
numbered_entries as (

    select
        written_entries.*,
        row_number() over (order by monitor, id, subgroup, group_value, metric, reference, threshold) as entry_number
    from written_entries

),

named_entries as (

    select
        numbered_entries.*,
        declared_subgroups.subgroup_number,
        replace(lower(numbered_entries.subgroup), ' ', '') as subgroup_key,
        case when numbered_entries.metric = 'share_ratio' then 'population' else 'table' end as naming
    from numbered_entries
    left join declared_subgroups
        on numbered_entries.monitor = declared_subgroups.monitor
        and replace(lower(numbered_entries.subgroup), ' ', '') = replace(lower(declared_subgroups.subgroup), ' ', '')

),

known_groups as (

    select distinct monitor, subgroup_number, naming, group_value
    from groups

),

resolved_entries as (

    select
        named_entries.*,
        settings.minimum_rows,
        population.share as population_share,
        case
            when named_entries.monitor is null or named_entries.monitor not in ({{ data_health.text_literal(monitors.keys() | list or ['']) }}) then 'no monitor of this name'
            when settings.monitor is null then 'the monitor watches no subgroups'
            when named_entries.metric is null or named_entries.metric not in ({{ data_health.text_literal(metrics) }}) then 'no such metric; there are {{ metrics | join(', ') }}'
            when named_entries.threshold is null or not {{ data_health.engine_sql('is_finite', 'named_entries.threshold') }} then 'no threshold'
            when named_entries.subgroup_number is null then 'not a subgroup of the monitor'
            when named_entries.metric = 'share_ratio' and coalesce(population.share, 0e0) = 0e0 then 'the population has no share of this group'
            when known_groups.group_value is null and population.group_value is null then 'no row was ever of this group'
        end as problem
    from named_entries
    left join settings
        on named_entries.monitor = settings.monitor
    left join known_groups
        on named_entries.monitor = known_groups.monitor
        and named_entries.subgroup_number = known_groups.subgroup_number
        and named_entries.naming = known_groups.naming
        and named_entries.group_value = known_groups.group_value
    left join population
        on named_entries.monitor = population.monitor
        and named_entries.subgroup_key = population.subgroup_key
        and named_entries.group_value = population.group_value

),

checks as (

    select
        resolved_entries.*,
        checked_periods.dataset,
        checked_periods.dataset_period_key,
        checked_periods.period_start,
        checked_periods.period_end
    from resolved_entries
    left join checked_periods
        on resolved_entries.monitor = checked_periods.monitor
        and checked_periods.dataset = coalesce(resolved_entries.reference, checked_periods.dataset)

),

-- 3. The group, all others, and the group that is selected most often.
totals as (

    select
        checks.entry_number,
        checks.dataset,
        coalesce(sum(groups.row_count), 0) as base_row_count,
        sum(groups.weight_sum) as base_weight_sum,
        sum(groups.weight_sum) * sum(groups.weight_sum) / nullif(sum(groups.squared_weight_sum), 0e0) as effective_count,
        sum(case when groups.group_value = checks.group_value then groups.row_count else 0 end) as row_count,
        sum(case when groups.group_value = checks.group_value then groups.weight_sum else 0e0 end) as weight_sum,
        {%- for name in ['labelled_count', 'positive_count', 'predicted_count', 'predicted_positive_count', 'judged_count', 'judged_positive_count', 'true_positive_count', 'false_positive_count', 'missing_count', 'feature_value_count'] %}
        cast(sum(case when groups.group_value = checks.group_value then groups.{{ name }} end) as double precision) as {{ name }},
        {%- endfor %}
        cast(sum(case when groups.group_value <> checks.group_value then groups.labelled_count end) as double precision) as other_labelled_count,
        cast(sum(case when groups.group_value <> checks.group_value then groups.positive_count end) as double precision) as other_positive_count,
        max(case when groups.predicted_count >= checks.minimum_rows then cast(groups.predicted_positive_count as double precision) / groups.predicted_count end) as best_rate
    from checks
    inner join groups
        on checks.dataset_period_key = groups.dataset_period_key
        and checks.subgroup_number = groups.subgroup_number
        and checks.naming = groups.naming
    group by checks.entry_number, checks.dataset

),

best_groups as (

    select
        checks.entry_number,
        checks.dataset,
        max(groups.predicted_count) as best_count
    from checks
    inner join totals
        on checks.entry_number = totals.entry_number
        and checks.dataset = totals.dataset
    inner join groups
        on checks.dataset_period_key = groups.dataset_period_key
        and checks.subgroup_number = groups.subgroup_number
        and checks.naming = groups.naming
    where groups.predicted_count >= checks.minimum_rows
        and cast(groups.predicted_positive_count as double precision) / groups.predicted_count = totals.best_rate
    group by checks.entry_number, checks.dataset

),

-- 4. Every metric as a share of rows, over what it is divided by: itself a share of `other_count` rows where that is of a sample.
parts as (

    select
        checks.*,
        totals.base_row_count,
        totals.row_count as group_row_count,
        case checks.metric
            when 'share_ratio' then totals.weight_sum / nullif(totals.base_weight_sum, 0e0)
            when 'share' then totals.weight_sum / nullif(totals.base_weight_sum, 0e0)
            when 'label_rate_ratio' then totals.positive_count / nullif(totals.labelled_count, 0e0)
            when 'selection_ratio' then totals.predicted_positive_count / nullif(totals.predicted_count, 0e0)
            when 'true_positive_rate' then totals.true_positive_count / nullif(totals.judged_positive_count, 0e0)
            when 'false_positive_rate' then totals.false_positive_count / nullif(totals.judged_count - totals.judged_positive_count, 0e0)
            when 'missing_share' then totals.missing_count / nullif(totals.feature_value_count, 0e0)
            when 'label_coverage' then totals.labelled_count / nullif(cast(totals.row_count as double precision), 0e0)
        end as share,
        case checks.metric
            when 'share_ratio' then totals.effective_count
            when 'share' then totals.effective_count
            when 'label_rate_ratio' then totals.labelled_count
            when 'selection_ratio' then totals.predicted_count
            when 'true_positive_rate' then totals.judged_positive_count
            when 'false_positive_rate' then totals.judged_count - totals.judged_positive_count
            else cast(totals.row_count as double precision)
        end as share_count,
        case checks.metric
            when 'share_ratio' then checks.population_share
            when 'label_rate_ratio' then totals.other_positive_count / nullif(totals.other_labelled_count, 0e0)
            when 'selection_ratio' then totals.best_rate
            else 1e0
        end as other_share,
        case checks.metric
            when 'label_rate_ratio' then totals.other_labelled_count
            when 'selection_ratio' then cast(best_groups.best_count as double precision)
        end as other_count,
        case
            when checks.problem is not null then checks.problem
            when checks.dataset is null then 'no reference of this name'
            when totals.entry_number is null then 'no row'
            when checks.metric in ('share_ratio', 'share') and totals.base_row_count < checks.minimum_rows then 'too few rows'
            when checks.metric = 'share_ratio' and greatest(totals.row_count, totals.base_row_count * checks.population_share) < checks.minimum_rows then 'too few rows'
            when checks.metric in ('missing_share', 'label_coverage') and totals.row_count < checks.minimum_rows then 'too few rows'
            when checks.metric = 'missing_share' and coalesce(totals.feature_value_count, 0e0) = 0e0 then 'no features'
            when checks.metric = 'label_rate_ratio' and totals.labelled_count > 0e0 and totals.positive_count is null then 'nothing says which label is positive'
            when checks.metric = 'label_rate_ratio' and (
                coalesce(totals.labelled_count, 0e0) < checks.minimum_rows or coalesce(totals.other_labelled_count, 0e0) < checks.minimum_rows
                or coalesce(totals.other_positive_count, 0e0) < 10 or totals.other_labelled_count - totals.other_positive_count < 10
            ) then 'too few labels'
            when checks.metric = 'selection_ratio' and (coalesce(totals.predicted_count, 0e0) < checks.minimum_rows or coalesce(totals.best_rate, 0e0) = 0e0) then 'too few predictions'
            when checks.metric = 'true_positive_rate' and coalesce(totals.judged_positive_count, 0e0) < 10 then 'too few rows with a positive label and a prediction'
            when checks.metric = 'false_positive_rate' and coalesce(totals.judged_count - totals.judged_positive_count, 0e0) < 10 then 'too few rows with a negative label and a prediction'
        end as gap_in_data
    from checks
    left join totals
        on checks.entry_number = totals.entry_number
        and checks.dataset = totals.dataset
    left join best_groups
        on checks.entry_number = best_groups.entry_number
        and checks.dataset = best_groups.dataset

)

select
    entry_number,
    id,
    monitor,
    subgroup,
    group_value,
    metric,
    threshold,
    metric in ('false_positive_rate', 'missing_share') as is_upper_limit,
    coalesce(dataset, reference, '(none)') as reference,
    owner,
    opened,
    expiry,
    period_start,
    period_end,
    cast(base_row_count as bigint) as base_row_count,
    cast(group_row_count as bigint) as group_row_count,
    case when metric = 'row_count' then null else share end as share,
    share_count,
    other_share,
    other_count,
    gap_in_data
from parts
