{#
    Standard SQL, where there is any. NaN equals itself, and is greater than any number, in DuckDB, PostgreSQL, Snowflake and Spark.
    Times: epoch_seconds takes a time without zone as UTC; from_epoch_seconds gives one without zone.
    days_later, weeks_later, months_later, quarters_later: the first day of the period that is so many after the one that begins on a day.
    text_pattern: a run of digits becomes 9, of letters a, of blanks one blank; at most 40 characters are read.
    row_hash: columns as one value that is spread evenly and the same at every run, the order in which samples are drawn;
    row_hash_number: the same as a whole number, to be summed up; row_hash_key: one of at most 63 bits, to join by.
    key_part: a column of a key as a text, to be joined with others by bars.
    distinct_count: of a warehouse that does not count different values exactly, distinct_count_lower and distinct_count_upper are the
    bounds that hold of 99 in 100 such counts.
    count_where: rows for which a condition holds; a sum of casts takes half the time of a sum over a case.
    types_with_nan: parts of the names of the number types that have NaN or infinities.
    tail_bin: number of the bin at a distance beyond a grid; the first is one step wide, each other a tenth wider: 0.0953… is ln(1.1).
    coarse_bin: the number of a bin among bins so many times as wide, the next multiple that is not above it.
    quotient of a distance, which is not negative, and a step, which counts as 1e-240 at least, so that there is one; deviation of a
    value from a centre; summand of a sum of any doubles: here, and in tail_bin, a warehouse takes care that its arithmetic does not end
    the query.
    text_rows: one row for each part of a text that is cut at a separator.
    is_date: whether a text is a day that there is, as 2024-02-29.
    is_number: whether a text is a finite number, as all of them understand it: 7, -7.50, .5, 7e3, blanks around, but not NaN, 0x7 or 1_000.
    pattern_part: what the one group in brackets of a pattern matches. trim takes white space of any kind off both ends of a text, no-break
    spaces too; squeeze makes one blank of white space of any length;
    strip_invisible takes out soft hyphens, blanks and joiners of no width, marks of direction, and byte order marks;
    text_list leaves out nulls.
    dated_clock: a pattern for a text in small letters that is a time of day, which is its group, also beside a date.
    short_number: a number with three decimals; huge ones as they are. readable_number: with three digits, as 104, 10.4, 1.04, and with
    three decimals below 1. percentage: a share as 2.6 %.
    compute_once: ends a subquery whose expressions the planner would otherwise copy to every place that names them.
    materialized: begins a common table expression that many places read, where the planner would otherwise copy it to each of them.
    begin_model, hold_still, hold_alone: see begin_model(); empty where two builds cannot write at once.
    take_turns: a transaction waits here for others that name the same text; empty where there is only one at a time.
    moment_by_format: a text read by a format such as %d.%m.%Y, null where it cannot be; empty where a warehouse knows no such formats.
    has_asof_join: does it know `asof left join`, with one comparison by >=?
    runs_python: does dbt run Python models here? reads_batches: does Python read rows in Arrow batches? Only then have wide tables, and
    lists of numbers, products. sql_dialect: the name of its SQL in sqlglot.
#}
{% macro default__engine_templates() -%}
    {%- set white_space = '[[:space:]\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]' -%}
    {%- set month = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[.]?' -%}
    {%- set day = ('(?:(?:@,? )?(?:[0-9]{1,4}[-/.][0-9]{1,2}(?:[-/.][0-9]{1,4})?|' ~ month ~ ' [0-9]{1,2}(?:,? [0-9]{4})?|[0-9]{1,2}[.]? '
        ~ month ~ '(?: [0-9]{4})?)|@)') | replace('@', '(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.]?') -%}
    {{ return({
        'is_finite': "({first} > cast('-Infinity' as double precision) and {first} < cast('Infinity' as double precision))",
        'finite_or_null': "case when ({first} > cast('-Infinity' as double precision)"
            ~ " and {first} < cast('Infinity' as double precision)) then {first} end",
        'is_nan': "{first} = cast('NaN' as double precision)",
        'is_finite_time': "isfinite({first})",
        'count_where': "coalesce(sum(cast({first} as integer)), 0)",
        'distinct_count': "count(distinct {first})",
        'counts_distinct_exactly': true,
        'distinct_count_lower': "{first}",
        'distinct_count_upper': "{first}",
        'text_pattern': "regexp_replace(regexp_replace(regexp_replace(left({first}, 40),"
            ~ " '[[:alpha:]]+', 'a', 'g'), '[0-9]+', '9', 'g'), '[[:space:]]+', ' ', 'g')",
        'types_with_nan': 'float double real',
        'quotient': "({first}) / greatest({second}, 1e-240)",
        'coarse_bin': "{first} - mod(mod({first}, {second}) + {second}, {second})",
        'tail_bin': "floor(ln(1e0 + 0.1e0 * ({first}) / greatest({second}, 1e-240)) / 0.09531017980432493e0)",
        'deviation': "{first} - {second}",
        'summand': "{first}",
        'row_hash': "md5({first})",
        'row_hash_number': "hashtextextended({first}, 0)",
        'row_hash_key': "hashtextextended({first}, 0)",
        'text_rows': "unnest(string_to_array({first}, {second}))",
        'row_hash_column': "coalesce(cast(length(cast({first} as varchar)) as varchar) || ':' || cast({first} as varchar), 'null')",
        'row_hash_separator': " || '|' || ",
        'key_part': "coalesce(cast({first} as varchar), '(null)')",
        'epoch_seconds': "cast(extract(epoch from {first}) as double precision)",
        'from_epoch_seconds': "(to_timestamp({first}) at time zone 'UTC')",
        'period_start_day': "cast({first} as date)",
        'period_start_week': "cast(date_trunc('week', {first}) as date)",
        'period_start_month': "cast(date_trunc('month', {first}) as date)",
        'period_start_quarter': "cast(date_trunc('quarter', {first}) as date)",
        'days_later': "cast({first} + ({second}) * interval '1 day' as date)",
        'weeks_later': "cast({first} + ({second}) * interval '7 day' as date)",
        'months_later': "cast({first} + ({second}) * interval '1 month' as date)",
        'quarters_later': "cast({first} + ({second}) * interval '3 month' as date)",
        'time_literal': "timestamp '{first}'",
        'time_literal_with_zone': "timestamp with time zone '{first} {second}'",
        'matches': "({first} ~ {second})",
        'is_date': "({first} ~ ('^(?!0000)([0-9]{4}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)'"
            ~ " || '|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$'))",
        'is_number': "({first} ~ '^\\s*[-+]?([0-9]{1,200}([.][0-9]{0,200})?|[.][0-9]{1,200})([eE][-+]?[0-9]{1,2})?\\s*$')",
        'whole_number': "case when cast({first} as numeric) between -9223372036854775808 and 9223372036854775807"
            ~ " then cast(cast({first} as numeric) as bigint) end",
        'pattern_part': "substring({first} from {second})",
        'replace_pattern': "regexp_replace({first}, {second}, 'g')",
        'trim': "regexp_replace({first}, '^" ~ white_space ~ "+|" ~ white_space ~ "+$', '', 'g')",
        'squeeze': "btrim(regexp_replace({first}, '" ~ white_space ~ "+', ' ', 'g'))",
        'nfc': "normalize({first}, nfc)",
        'strip_accents': "regexp_replace(normalize({first}, nfd), '[' || chr(768) || '-' || chr(879) || ']', '', 'g')",
        'strip_invisible': "regexp_replace({first}, '[\\u00ad\\u200b-\\u200f\\u2060\\ufeff]', '', 'g')",
        'round': "cast(round(cast({first} as numeric), {second}) as double precision)",
        'dated_clock': '^(?:' ~ day ~ '(?:, ?| ?- ?| |t))?([0-9]{1,2}:[0-5][0-9](?::[0-5][0-9](?:[.]0+)?)?(?: ?[ap][.]?m?[.]?)?)'
            ~ '(?:,? [(]?' ~ day ~ '[)]?)?$',
        'short_number': "case when abs({first}) < 1e12 then cast(cast({first} as decimal(18, 3)) as varchar)"
            ~ " else cast({first} as varchar) end",
        'readable_number': "case when abs({first}) >= 1e12 or (abs({first}) < 1e-3 and {first} <> 0) then cast({first} as varchar)"
            ~ " when abs({first}) >= 100 then cast(cast({first} as decimal(18, 0)) as varchar)"
            ~ " when abs({first}) >= 10 then cast(cast({first} as decimal(18, 1)) as varchar)"
            ~ " when abs({first}) >= 1 then cast(cast({first} as decimal(18, 2)) as varchar)"
            ~ " else cast(cast({first} as decimal(18, 3)) as varchar) end",
        'percentage': "cast(cast(100 * {first} as decimal(18, 1)) as varchar) || ' %'",
        'text_list': "cast(array_remove(array[{first}], null) as varchar[])",
        'compute_once': '',
        'materialized': '',
        'begin_model': '',
        'hold_still': '',
        'hold_alone': '',
        'take_turns': '',
        'moment_by_format': '',
        'runs_python': true,
        'has_asof_join': false,
        'sql_dialect': '',
        'reads_batches': false
    }) }}
{%- endmacro %}
