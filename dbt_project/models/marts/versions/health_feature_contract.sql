{{ config(enabled='versions' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with contracts as (

    select
        monitor,
        model_version,
        is_serving,
        feature,
        data_type,
        family,
        is_required,
        minimum,
        maximum,
        allowed_values,
        reference,
        owner,
        entry_count,
        column_name,
        production_type,
        production_family,
        period_start,
        row_count,
        null_share,
        production_minimum,
        production_maximum,
        value_range,
        production_range,
        reference_row_count,
        reference_null_share,
        {{ data_health.arcsine_share('null_share') }} - {{ data_health.arcsine_share('reference_null_share') }} as null_share_cohens_h
    from {{ ref('contract_columns') }}

),

thresholds as (

    select monitor, metric, warn_threshold, alert_threshold, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'versions'

),

new_values as (

    select monitor, model_version, feature, compared_count, new_count, example
    from {{ ref('contract_values') }}

),

definitions as (

    select monitor, model_version, feature, serving_version, difference, status, reason
    from {{ ref('contract_definitions') }}

),

versions as (

    select distinct monitor, model_version, is_serving
    from contracts

),

feature_columns as (

    select monitor, name as column_name, data_type
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and role = 'feature'
        and value = 'production'

),

checks as (

    -- is the feature there, once in the registry, and of its type?
    select
        monitor,
        model_version,
        feature,
        'presence' as check_name,
        case when is_required then 'a column' else 'a column, or none' end as expected,
        case when column_name is null then 'no column' else 'a column' end as found,
        case
            when column_name is null and is_required then 'alert'
            when column_name is null or entry_count > 1 then 'warn'
            else 'ok'
        end as status,
        case
            when column_name is null then 'the table has no column of this name'
            when entry_count > 1 then 'the registry lists the feature ' || cast(entry_count as varchar) || ' times for this version'
        end as reason
    from contracts

    union all

    select
        monitor,
        model_version,
        feature,
        'type' as check_name,
        data_type as expected,
        production_type as found,
        case when family = production_family then 'ok' else 'alert' end as status,
        case when family <> production_family
            then 'the type is of another kind: ' || production_family || ' instead of ' || family end as reason
    from contracts
    where column_name is not null
        and family is not null

    union all

    select
        monitor,
        model_version,
        feature,
        'range' as check_name,
        value_range as expected,
        production_range as found,
        case
            when production_minimum is null then 'insufficient_data'
            when production_minimum < minimum or production_maximum > maximum then 'warn'
            else 'ok'
        end as status,
        case
            when production_minimum is null then 'the newest period has no number'
            when production_minimum < minimum or production_maximum > maximum then 'values lie outside of the range of the registry'
        end as reason
    from contracts
    where column_name is not null
        and (minimum is not null or maximum is not null)

    union all

    select
        contracts.monitor,
        contracts.model_version,
        contracts.feature,
        'values' as check_name,
        contracts.allowed_values as expected,
        case when new_values.new_count > 0 then cast(cast(new_values.new_count as bigint) as varchar) || ' rows with other values'
            || coalesce(', such as ' || new_values.example, '') end as found,
        case
            when new_values.compared_count is null or new_values.compared_count = 0e0 then 'insufficient_data'
            when new_values.new_count / contracts.row_count > thresholds.alert_threshold then 'alert'
            when new_values.new_count / contracts.row_count > thresholds.warn_threshold then 'warn'
            else 'ok'
        end as status,
        case
            when new_values.compared_count is null or new_values.compared_count = 0e0
                then 'single values of this column are not counted, or there are none'
            when new_values.new_count > 0
                then cast(cast(100 * new_values.new_count / contracts.row_count as decimal(4, 1)) as varchar)
                    || ' % of the rows have values that the registry does not allow'
        end as reason
    from contracts
    inner join thresholds
        on contracts.monitor = thresholds.monitor
        and thresholds.metric = 'values'
    left join new_values
        on contracts.monitor = new_values.monitor
        and contracts.model_version = new_values.model_version
        and contracts.feature = new_values.feature
    where contracts.column_name is not null
        and contracts.allowed_values is not null

    union all

    -- more nulls than in training, by more than chance (2.58 standard errors) and by an effect
    select
        contracts.monitor,
        contracts.model_version,
        contracts.feature,
        'nulls' as check_name,
        cast(cast(100 * contracts.reference_null_share as decimal(4, 1)) as varchar) || ' % in ' || contracts.reference as expected,
        cast(cast(100 * contracts.null_share as decimal(4, 1)) as varchar) || ' %' as found,
        case
            when contracts.reference_null_share is null or contracts.null_share is null
                or least(contracts.row_count, contracts.reference_row_count) < thresholds.minimum_rows then 'insufficient_data'
            when contracts.null_share_cohens_h < 2.58e0 * sqrt(1 / contracts.row_count + 1 / contracts.reference_row_count) then 'ok'
            when contracts.null_share_cohens_h > thresholds.alert_threshold then 'alert'
            when contracts.null_share_cohens_h > thresholds.warn_threshold then 'warn'
            else 'ok'
        end as status,
        case
            when contracts.reference_null_share is null then 'there is no reference ' || contracts.reference || ' with this column'
            when contracts.null_share is null
                or least(contracts.row_count, contracts.reference_row_count) < thresholds.minimum_rows then 'too few rows'
            when contracts.null_share_cohens_h > thresholds.warn_threshold then 'more values are missing than in training'
        end as reason
    from contracts
    inner join thresholds
        on contracts.monitor = thresholds.monitor
        and thresholds.metric = 'nulls'
    where contracts.column_name is not null
        and contracts.reference is not null

    union all

    select
        monitor,
        model_version,
        feature,
        'definition' as check_name,
        'as version ' || serving_version as expected,
        difference as found,
        status,
        reason
    from definitions

    union all

    select
        versions.monitor,
        versions.model_version,
        feature_columns.column_name as feature,
        'extra' as check_name,
        'no column' as expected,
        feature_columns.data_type as found,
        'ok' as status,
        'the version was not trained with this column' as reason
    from versions
    inner join feature_columns
        on versions.monitor = feature_columns.monitor
    left join contracts
        on versions.monitor = contracts.monitor
        and versions.model_version = contracts.model_version
        and lower(feature_columns.column_name) = lower(contracts.feature)
    where contracts.feature is null

)

select
    checks.monitor,
    checks.model_version,
    versions.is_serving,
    checks.feature,
    checks.check_name,
    checks.status,
    checks.reason,
    checks.expected,
    checks.found,
    coalesce(contracts.is_required, false) as is_required,
    contracts.reference,
    contracts.owner,
    contracts.period_start,
    cast(contracts.row_count as bigint) as row_count,
    {{ data_health.run_time() }} as built_at
from checks
inner join versions
    on checks.monitor = versions.monitor
    and checks.model_version = versions.model_version
left join contracts
    on checks.monitor = contracts.monitor
    and checks.model_version = contracts.model_version
    and checks.feature = contracts.feature
