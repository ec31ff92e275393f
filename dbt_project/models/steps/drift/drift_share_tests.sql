{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    Single shares, tested: of nulls, of each category, of all categories that the reference does not have, of each bin, of the tails, of
    values with few decimals, of values that stand for unknown.
-#}
{%- set counted_values = {
    'whole': ['decimals', 'whole numbers'], 'tenths': ['decimals', 'at most one decimal'],
    'zero': ['sentinel', 'zero'], 'sentinel': ['sentinel', 'stands for unknown']
} -%}
with paired_profiles as (

    select
        comparison_number, column_number, role, has_more_nulls, reference_row_count, row_count, reference_null_count, null_count,
        reference_finite_count, finite_count
        {%- for name in counted_values %}, reference_{{ name }}_count, {{ name }}_count{% endfor %}
    from {{ ref('drift_paired_profiles') }}

),

quantile_groups as (

    select
        comparison_number,
        column_number,
        sum(reference_count) as reference_total,
        sum(row_count) as total,
        sum(compared_cell_count) as compared_cell_count,
        max(bin_share_cohens_h) as bin_share_cohens_h,
        max(bin_exponent) as bin_exponent,
        sum(reference_low_count) as reference_low_count,
        sum(low_count) as low_count,
        sum(reference_high_count) as reference_high_count,
        sum(high_count) as high_count
    from {{ ref('drift_quantile_groups') }}
    where not is_of_few
    group by comparison_number, column_number

),

expected_groups as (

    select comparison_number, column_number, group_type, category, reference_count, row_count, reference_present, present
    from {{ ref('drift_expected_groups') }}

),

single_shares as (

    -- of nulls and values those that are fewer; a label that is not there yet is not missing
    select
        comparison_number,
        column_number,
        'null' as subject,
        cast(null as varchar) as category,
        case when has_more_nulls then reference_row_count - reference_null_count else reference_null_count end as reference_count,
        case when has_more_nulls then row_count - null_count else null_count end as row_count,
        reference_row_count as reference_total,
        row_count as total
    from paired_profiles
    where role <> 'label'
        and reference_row_count is not null

    union all

    select
        comparison_number,
        column_number,
        'category' as subject,
        category,
        reference_count,
        row_count,
        reference_present as reference_total,
        present as total
    from expected_groups
    where group_type not in ('quantiles', 'uncut', 'null')

    union all

    -- all values that the reference lacks: of a sample as much is missing as it has values that occur once (Good and Turing)
    select
        comparison_number,
        column_number,
        'category' as subject,
        cast(null as varchar) as category,
        sum(case when reference_count = 1 then 1e0 else 0e0 end) as reference_count,
        sum(case when reference_count = 0 then row_count else 0 end) as row_count,
        max(reference_present) as reference_total,
        max(present) as total
    from expected_groups
    where group_type in ('value', 'other')
    group by comparison_number, column_number
    having count(case when reference_count = 0 then 1 end) > 1
    {%- for tail, name in {'low': 'below the first percentile', 'high': 'above the last percentile'}.items() %}

    union all

    select
        comparison_number,
        column_number,
        'tail' as subject,
        '{{ name }}' as category,
        reference_{{ tail }}_count as reference_count,
        {{ tail }}_count as row_count,
        reference_total,
        total
    from quantile_groups
    where {{ tail }}_count is not null
    {%- endfor %}
    {%- for name, (subject, category) in counted_values.items() %}

    union all

    select
        comparison_number,
        column_number,
        '{{ subject }}' as subject,
        '{{ category }}' as category,
        {#- of those that have it and those that do not, the fewer #}
        {%- set has_more = '2 * (reference_' ~ name ~ '_count + ' ~ name ~ '_count) > reference_finite_count + finite_count' %}
        case when {{ has_more }} then reference_finite_count - reference_{{ name }}_count else reference_{{ name }}_count end
            as reference_count,
        case when {{ has_more }} then finite_count - {{ name }}_count else {{ name }}_count end as row_count,
        reference_finite_count as reference_total,
        finite_count as total
    from paired_profiles
    where reference_{{ name }}_count is not null
        and {{ name }}_count is not null
    {%- endfor %}

),

tested_shares as (

    select
        comparison_number,
        column_number,
        subject,
        category,
        abs({{ data_health.arcsine_share('least(row_count / total, 1e0)') }}
            - {{ data_health.arcsine_share('least(reference_count / reference_total, 1e0)') }}) as h,
        (reference_count + row_count) / (reference_total + total) as pooled_share,
        -- of shares near 0, of which the most extreme one counts, two proportions would make too much
        case when subject in ('null', 'category')
            and least(reference_total, total) * (reference_count + row_count) / (reference_total + total) >= 5
            and least(reference_total, total) * (1 - (reference_count + row_count) / (reference_total + total)) >= 5
            then 1 else 0
        end as is_large,
        power(row_count / total - reference_count / reference_total, 2) / (1 / reference_total + 1 / total) as scaled_square,
        -- exponent of Chernoff's bound: how unlikely it is that so many of these rows, which are few, fall to one of the samples
        case when row_count > 0
                then row_count * ln(row_count * (reference_total + total) / ((reference_count + row_count) * total))
                else 0 end
            + case when reference_count > 0
                then reference_count * ln(reference_count * (reference_total + total) / ((reference_count + row_count) * reference_total))
                else 0 end as exponent
    from single_shares
    where reference_total > 0
        and total > 0

),

share_tests as (

    select
        comparison_number,
        column_number,
        subject,
        max(h) as h,
        count(*) as test_count,
        max(case when is_large = 1 then scaled_square / (pooled_share * (1 - pooled_share)) end) as squared_deviate,
        max(case when is_large = 0 and pooled_share > 0 then exponent end) as exponent
    from tested_shares
    group by comparison_number, column_number, subject

    union all

    select
        comparison_number,
        column_number,
        'bin' as subject,
        bin_share_cohens_h as h,
        cast(compared_cell_count as bigint) as test_count,
        cast(null as double precision) as squared_deviate,
        bin_exponent as exponent
    from quantile_groups
    where bin_share_cohens_h is not null

),

-- the category, the tail or the values whose share changes most
changed_categories as (

    select
        tested_shares.comparison_number,
        tested_shares.column_number,
        tested_shares.subject,
        min(tested_shares.category) as category
    from tested_shares
    inner join share_tests
        on tested_shares.comparison_number = share_tests.comparison_number
        and tested_shares.column_number = share_tests.column_number
        and tested_shares.subject = share_tests.subject
        and tested_shares.h = share_tests.h
    group by tested_shares.comparison_number, tested_shares.column_number, tested_shares.subject

)

select
    share_tests.comparison_number,
    share_tests.column_number,
    share_tests.subject,
    share_tests.h,
    share_tests.test_count,
    share_tests.squared_deviate,
    share_tests.exponent,
    changed_categories.category
from share_tests
left join changed_categories
    on share_tests.comparison_number = changed_categories.comparison_number
    and share_tests.column_number = changed_categories.column_number
    and share_tests.subject = changed_categories.subject
