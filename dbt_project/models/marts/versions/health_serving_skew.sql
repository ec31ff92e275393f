{{ config(enabled='versions' in data_health.parts_on() and data_health.is_configured('versions.served')) }}
{%- do data_health.begin_model() %}
{%- set names = ['logged_row_count', 'logged_key_count', 'logged_match_count', 'recomputed_row_count', 'recomputed_key_count',
    'recomputed_match_count'] %}
with settings as (

    select monitor, warn_threshold, alert_threshold, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'versions'
        and metric = 'skew'

),

periods as (

    select monitor, period_start, period_end, is_latest, period_status
    from {{ ref('production_periods') }}

),

registered as (

    select monitor, model_version, feature, is_serving
    from {{ ref('registered_features') }}

),

counts as (

    select
        monitor, period_start, model_version, feature, logged_type, recomputed_type, pair_count, equal_count, near_count, logged_null_count,
        recomputed_null_count, number_count, logged_sum, recomputed_sum, example, {{ names | join(', ') }},
        max(case when model_version <> '(all)' then 1 else 0 end) over (partition by monitor) = 1 as has_versions,
        max(recomputed_row_count) over (partition by monitor, period_start) as rows_of_period
    from {{ ref('serving_comparisons') }}

),

-- 1. A version is asked for the features that it was trained with; a log that names no version is that of the one that serves.
serving as (

    select monitor, max(model_version) as model_version
    from registered
    where is_serving
        and feature is not null
    group by monitor

),

of_versions as (

    select
        counts.*,
        case when counts.model_version = '(all)' then serving.model_version else counts.model_version end as registered_version
    from counts
    left join serving
        on counts.monitor = serving.monitor
    where counts.feature <> '(keys)'
        or counts.logged_key_count > 0
        or counts.recomputed_key_count > 0

),

expected as (

    select
        of_versions.monitor,
        of_versions.period_start,
        of_versions.model_version,
        registered.feature
    from of_versions
    inner join registered
        on of_versions.monitor = registered.monitor
        and of_versions.registered_version = registered.model_version
    where of_versions.feature = '(keys)'
        and of_versions.logged_match_count > 0
        and registered.feature is not null
        and (of_versions.model_version <> '(all)' or not of_versions.has_versions)

),

found as (

    select
        coalesce(of_versions.monitor, expected.monitor) as monitor,
        case when of_versions.monitor is null then expected.period_start else of_versions.period_start end as period_start,
        coalesce(of_versions.model_version, expected.model_version) as model_version,
        coalesce(of_versions.feature, expected.feature) as feature,
        of_versions.logged_type,
        of_versions.recomputed_type,
        cast(coalesce(of_versions.pair_count, of_versions.logged_key_count) as double precision) as row_count,
        of_versions.equal_count,
        of_versions.near_count,
        of_versions.logged_null_count,
        of_versions.recomputed_null_count,
        of_versions.logged_sum / nullif(of_versions.number_count, 0) as logged_mean,
        of_versions.recomputed_sum / nullif(of_versions.number_count, 0) as recomputed_mean,
        of_versions.example,
        coalesce(of_versions.equal_count + of_versions.near_count, of_versions.logged_match_count) as agreeing_count,
        of_versions.rows_of_period,
        {%- for name in names %}
        of_versions.{{ name }},
        {%- endfor %}
        expected.monitor is not null as is_expected
    from of_versions
    full join expected
        on of_versions.monitor = expected.monitor
        and coalesce(of_versions.period_start, cast('0001-01-01' as date)) = coalesce(expected.period_start, cast('0001-01-01' as date))
        and of_versions.model_version = expected.model_version
        and lower(of_versions.feature) = lower(expected.feature)

),

-- 2. The share that does not agree, with an interval.
shares as (

    select
        found.*,
        found.agreeing_count / nullif(found.row_count, 0e0) as agreeing_share,
        (found.row_count - found.agreeing_count) / nullif(found.row_count, 0e0) as skew_share,
        periods.period_end,
        coalesce(periods.is_latest, false) as is_latest,
        max(found.period_start) over (partition by found.monitor, found.model_version) as newest_period,
        settings.warn_threshold,
        settings.alert_threshold,
        case
            when found.row_count is null then 'the log and the recomputed rows do not both have a column of this name'
            when found.period_start is null then 'these keys and rows have no time, so they belong to no period'
            when found.feature = '(keys)' and found.row_count = 0e0 then 'nothing was logged'
            when found.feature = '(keys)' and found.rows_of_period = 0 then 'no row of this period is recomputed yet'
            when found.feature = '(keys)' and periods.period_status = 'partial' then 'the period is not over'
            when found.row_count < settings.minimum_rows then 'fewer than ' || settings.minimum_rows || ' rows'
        end as missing_reason
    from found
    inner join settings
        on found.monitor = settings.monitor
    left join periods
        on found.monitor = periods.monitor
        and found.period_start = periods.period_start
    where found.feature = '(keys)'
        or found.is_expected
        or not exists (
            select 1
            from expected
            where expected.monitor = found.monitor
                and expected.model_version = found.model_version
        )

),

bounds as (

    select
        shares.*,
        {{ data_health.wilson('lower', 'skew_share', 'row_count') }} as skew_lower,
        {{ data_health.wilson('upper', 'skew_share', 'row_count') }} as skew_upper
    from shares
    where row_count is not null
        or coalesce(period_start = newest_period, true)

),

judged as (

    select
        bounds.*,
        case
            when missing_reason is not null then 'insufficient_data'
            when skew_lower > alert_threshold then 'alert'
            when skew_lower > warn_threshold then 'warn'
            when skew_share > warn_threshold then 'insufficient_data'
            else 'ok'
        end as status
    from bounds

),

-- 3. Since when: the first period after the last one that was well.
runs as (

    select
        judged.*,
        sum(case when status = 'ok' then 1 else 0 end) over (
            partition by monitor, model_version, feature order by period_start nulls first rows unbounded preceding
        ) as run_number
    from judged

)

select
    monitor,
    period_start,
    period_end,
    is_latest,
    model_version,
    feature,
    status,
    coalesce(missing_reason, case when status = 'insufficient_data' then 'too few rows to tell' end) as reason,
    cast(row_count as bigint) as row_count,
    equal_count / nullif(row_count, 0e0) as equal_share,
    case when feature <> '(keys)' then agreeing_share end as within_tolerance_share,
    logged_null_count / nullif(row_count, 0e0) as logged_null_share,
    recomputed_null_count / nullif(row_count, 0e0) as recomputed_null_share,
    skew_share,
    skew_lower,
    skew_upper,
    logged_mean,
    recomputed_mean,
    example,
    case when status in ('warn', 'alert') then
        min(case when status in ('warn', 'alert') then period_start end) over (partition by monitor, model_version, feature, run_number)
    end as skewed_since,
    logged_type,
    recomputed_type,
    logged_key_count,
    logged_row_count - logged_key_count as logged_duplicate_count,
    logged_match_count / nullif(cast(logged_key_count as double precision), 0e0) as logged_match_share,
    recomputed_key_count,
    recomputed_row_count - recomputed_key_count as recomputed_duplicate_count,
    recomputed_match_count / nullif(cast(recomputed_key_count as double precision), 0e0) as recomputed_match_share,
    warn_threshold,
    alert_threshold,
    {{ data_health.run_time() }} as built_at
from runs
