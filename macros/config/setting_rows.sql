{#
    What the models of the parts need to know of every monitor: a row per monitor and part that it has, several where a part judges by
    several metrics. Only labeling asks the warehouse, whether there is a score to learn from.
#}
{% macro setting_rows() -%}
    {%- set rows = [] -%}
    {%- for monitor in data_health.resolved_monitors().values() -%}
        {%- set thresholds = monitor.thresholds -%}
        {%- if monitor.parts.drift -%}
            {%- for metric, entry in data_health.drift_metrics().items() if entry.threshold -%}
                {%- do rows.append(data_health.setting_row(monitor, 'drift', thresholds[entry.threshold], metric=metric)) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- if monitor.parts.coverage -%}
            {%- set barely = monitor.coverage.barely -%}
            {%- do rows.append(data_health.setting_row(monitor, 'coverage', thresholds.coverage, barely_seen_below=barely)) -%}
        {%- endif -%}
        {%- if monitor.parts.components -%}
            {%- do rows.append(data_health.setting_row(monitor, 'components', variance=monitor.components.variance,
                max_columns=monitor.components.max_columns or 50, is_standardised=monitor.components.standardise,
                weight_column=monitor.weight | lower if monitor.components.weighted else none)) -%}
        {%- endif -%}
        {%- if monitor.parts.combinations -%}
            {%- set limits = dict(gap_levels=monitor.combinations.gap_levels, gap_rows=monitor.combinations.gap_rows) -%}
            {%- do rows.append(data_health.setting_row(monitor, 'combinations', thresholds.coverage, metric='features',
                combination_size_limit=monitor.combinations.size, **limits)) -%}
            {%- if monitor.parts.representation and monitor.subgroups -%}
                {%- do rows.append(data_health.setting_row(monitor, 'combinations', thresholds.coverage, metric='subgroups',
                    combination_size_limit=0, **limits)) -%}
            {%- endif -%}
        {%- endif -%}
        {%- if monitor.parts.representation and monitor.subgroups -%}
            {%- do rows.append(data_health.setting_row(monitor, 'representation', thresholds.representation,
                has_population=monitor.population is not none)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if data_health.part_is_on('labeling') -%}
        {%- for task in data_health.labeling_tasks(data_health.datasets_of_this_run()) -%}
            {%- set labeling = task.monitor.labeling -%}
            {%- do rows.append(data_health.setting_row(task.monitor, 'labeling', learner=task.learner, strategy=labeling.strategy,
                budget=labeling.budget, labels_per_subgroup=labeling.labels_per_subgroup, target_precision=labeling.precision,
                on_label_break=labeling.on_label_break)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(rows) }}
{%- endmacro %}


{# One row of setting_rows(); the settings of a part are given by name. #}
{% macro setting_row(monitor, part, thresholds=none) -%}
    {{ return(dict({
        'monitor': monitor.name, 'part': part, 'minimum_rows': monitor.minimum_rows,
        'warn_threshold': (thresholds or [none, none])[0], 'alert_threshold': (thresholds or [none, none])[1]
    }, **kwargs)) }}
{%- endmacro %}
