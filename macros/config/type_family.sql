{#
    What a data type is good for: 'numeric', 'boolean', 'timestamp' (a date or a moment), 'string' or 'other'
    (nested, binary, time of day, interval, spatial, anything unknown). Names of all common warehouses in one list:
    they do not contradict each other.
#}
{% macro type_family(data_type) %}
    {% set text = data_type | string | lower | trim %}
    {% set name = text.split('(')[0].split('<')[0].replace(' unsigned', '') | trim %}
    {% set families = {
        'numeric': [
            'tinyint', 'smallint', 'mediumint', 'int', 'integer', 'bigint', 'hugeint', 'byteint', 'byte', 'short',
            'long', 'bignum', 'varint', 'utinyint', 'usmallint', 'uinteger', 'ubigint', 'uhugeint', 'int1', 'int2',
            'int4', 'int8', 'int16', 'int32', 'int64', 'int128', 'uint8', 'uint16', 'uint32', 'uint64', 'uint128',
            'serial', 'smallserial', 'bigserial', 'decimal', 'numeric', 'number', 'dec', 'bignumeric', 'bigdecimal',
            'decfloat', 'real', 'float', 'float4', 'float8', 'float16', 'float32', 'float64', 'double',
            'double precision'
        ],
        'boolean': ['boolean', 'bool', 'logical'],
        'timestamp': [
            'date', 'date32', 'datetime', 'datetime2', 'smalldatetime', 'datetimeoffset', 'timestamp',
            'timestamptz', 'timestampntz', 'timestampltz', 'timestamp with time zone',
            'timestamp without time zone', 'timestamp with local time zone', 'timestamp_s', 'timestamp_ms',
            'timestamp_us', 'timestamp_ns', 'timestamptz_ns', 'timestamp_ntz', 'timestamp_ltz', 'timestamp_tz'
        ],
        'string': [
            'varchar', 'varchar2', 'nvarchar', 'nvarchar2', 'char', '"char"', 'nchar', 'bpchar', 'character',
            'character varying', 'char varying', 'nchar varying', 'text', 'ntext', 'tinytext', 'mediumtext',
            'longtext', 'string', 'name', 'citext', 'enum', 'uuid', 'uniqueidentifier'
        ]
    } %}
    {% if text[-1:] != ']' %}
        {% for family, names in families.items() %}
            {% if name in names %}{{ return(family) }}{% endif %}
        {% endfor %}
    {% endif %}
    {{ return('other') }}
{% endmacro %}
