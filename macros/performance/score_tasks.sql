{#
    What scores are counted from, per dataset that is scanned: SQL over monitored_rows, as subgroup_tasks() has it for the label, the
    predicted label, the version, the weight and the attributes. `bins` are those of score_bins by monitor. A `group_set` is one declared
    subgroup: which values make a group, and the group as a text, written as in health_representation. A task goes through pending_scans()
    as one column without a grid.
#}
{% macro score_tasks(datasets, bins={}) -%}
    {%- set tasks = data_health.subgroup_tasks(datasets, for_performance=true) -%}
    {%- for task in tasks -%}
        {%- set prediction, known, group_sets = task.monitor.prediction, bins.get(task.monitor.name, {}), [] -%}
        {%- set columns = task.dataset.columns | rejectattr('is_derived') | rejectattr('from_labels') | list -%}
        {%- set column = data_health.find_column(columns, prediction.score) if prediction.score else none -%}
        {%- set is_scored = column is not none and column.family == 'numeric' -%}
        {%- set score = data_health.engine_sql('finite_or_null', 'cast(' ~ column.identifier ~ ' as double precision)') if is_scored
            else 'cast(null as double precision)' -%}
        {#- without predicted labels the threshold decides, to the last digit -#}
        {%- set by_threshold = 'case when ' ~ score ~ ' is not null then case when ' ~ score ~ ' >= '
            ~ data_health.double_literal(prediction.threshold) ~ ' then 1 else 0 end end' if prediction.threshold else none -%}
        {%- set predicted = by_threshold if is_scored and by_threshold and not prediction.label else task.sql.prediction_is_positive -%}
        {%- set seen = [] -%}
        {%- for names in task.monitor.subgroups -%}
            {%- set names, positions, texts = names | unique(case_sensitive=true) | list, [], [] -%}
            {%- for name in names if name in task.names -%}
                {%- set value = 'value_' ~ (task.names.index(name) + 1) -%}
                {%- set plain = "case when " ~ value ~ " is null then '(null)' when " ~ value ~ " = '(null)' or left(" ~ value
                    ~ ", 1) = '\"' then '\"' || replace(" ~ value ~ ", '\"', '\"\"') || '\"'" -%}
                {%- set listed = " when " ~ value ~ " like '%, %' then '\"' || replace(" ~ value ~ ", '\"', '\"\"') || '\"'"
                    if names | length > 1 else '' -%}
                {%- do positions.append(task.names.index(name) + 1) -%}
                {%- do texts.append(plain ~ listed ~ ' else ' ~ value ~ ' end') -%}
            {%- endfor -%}
            {%- if positions | sort not in seen -%}
                {%- do seen.append(positions | sort) -%}
                {%- do group_sets.append({'name': names | join(', '), 'positions': positions, 'text': texts | join(" || ', ' || ")}) -%}
            {%- endif -%}
        {%- endfor -%}
        {#- raise the first when the arithmetic of score_distributions changes -#}
        {%- set counted_from = ['1', task.sql['values'], task.sql.version, task.sql.weight, task.sql.label_is_positive, predicted, score,
            group_sets, known.generation if is_scored else none] -%}
        {%- do task.update({
            'name': '(scores)', 'score': score, 'is_scored': is_scored, 'predicted': predicted, 'group_sets': group_sets,
            'counted_with': local_md5(counted_from | string)[:12]
        }) -%}
    {%- endfor -%}
    {{ return(tasks) }}
{%- endmacro %}


{#
    The stored bins of scores, monitor -> {generation, threshold, row_count, versions: version -> edges, cell}; the version '' is of all
    rows together, and of every version without bins. Edges cut the line into intervals and points between them, which are numbered in
    blocks of 4,096. An edge of the kind `value` has a block of its own, whose number is a multiple of 4,096: all rows of it have one
    score. An edge of the kind `block` begins a block, and `edge` is one inside. Inside of a block bins are numbered from 1,024 on, so that
    neighbours of a block, up to 1,024 of them, become one bin by rounding down, and no bin reaches over the edge of a block.
    `cell`: SQL for the cell of a row. Each version has a number, and 128 of all edges of a monitor, or a few more, begin cells, so that a
    cell holds few intervals of a version. `numbers`: lists of number, monitor, version, and the begins of cells as a text.
    `stored`: what score_distributions was built from, for pending_scans(), of periods instead of columns.
#}
{% macro stored_score_bins(relation) -%}
    {%- set bins, numbers, counts = {}, [], data_health.stored_model('score_distributions') -%}
    {%- if load_relation(relation) is not none -%}
        {%- set query -%}
            select monitor, coalesce(model_version, '') as model_version, generation, threshold, sampled_row_count, edges
            from {{ relation }}
            order by monitor, model_version nulls first
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- set known = bins.setdefault(row['monitor'], {'versions': {}}) -%}
            {%- if not row['model_version'] -%}
                {%- do known.update({
                    'generation': row['generation'], 'threshold': row['threshold'], 'row_count': row['sampled_row_count']
                }) -%}
            {%- endif -%}
            {%- do known.versions.update({row['model_version']: row['edges'].split(';')}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for monitor, known in bins.items() -%}
        {%- set edges, versions, cases = [], [''] + known.versions | reject('equalto', '') | list, [] -%}
        {%- for version in versions -%}
            {%- do edges.extend(known.versions[version]) -%}
            {%- do cases.append(' when ' ~ data_health.text_literal(version) ~ ' then ' ~ (numbers | length + loop.index0)) -%}
        {%- endfor -%}
        {%- set edges = edges | map('float') | unique | sort | list -%}
        {%- set begins = edges[::(1 + edges | length // 128)] -%}
        {%- set number = 'case model_version' ~ cases[1:] | join ~ ' else ' ~ numbers | length ~ ' end' if versions | length > 1
            else numbers | length -%}
        {%- do known.update({'cell': '1024 * (' ~ number ~ ') + ' ~ data_health.rank_among('score', begins)}) -%}
        {%- for version in versions -%}{%- do numbers.append([numbers | length, monitor, version, begins | join(';')]) -%}{%- endfor -%}
    {%- endfor -%}
    {%- set stored -%}
        {%- if counts is none -%}
        {{- data_health.rows_as_table({'period_column_key': 'varchar', 'built_from': 'varchar'}) }}
        {%- else %}
    select
        period_key || '|(scores)' as period_column_key,
        case when min(built_at) = max(built_at) then max(built_from) end as built_from
    from {{ counts }}
    group by period_key
        {%- endif %}
    {%- endset -%}
    {{ return({'bins': bins, 'numbers': numbers, 'stored': stored}) }}
{%- endmacro %}
