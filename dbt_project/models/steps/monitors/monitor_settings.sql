-- depends_on: {{ ref('health_monitors') }}
{%- do data_health.begin_model() %}
{#-
    What the models of the parts need to know of every monitor: a row per monitor and part that it has, several where a part judges by
    several metrics. What a row says under other names than these is null.
-#}
{%- set settings = {
    'warn_threshold': 'double precision', 'alert_threshold': 'double precision', 'minimum_rows': 'integer', 'barely_seen_below': 'integer',
    'variance': 'double precision', 'max_columns': 'integer', 'is_standardised': 'boolean', 'weight_column': 'varchar',
    'combination_size_limit': 'integer', 'gap_levels': 'integer', 'gap_rows': 'integer', 'has_population': 'boolean', 'positive': 'varchar',
    'learner': 'varchar', 'strategy': 'varchar', 'budget': 'integer', 'labels_per_subgroup': 'integer',
    'target_precision': 'double precision', 'on_label_break': 'varchar', 'is_experiment': 'boolean', 'window_periods': 'integer',
    'matures_after_days': 'integer', 'is_labelled': 'boolean', 'has_score': 'boolean', 'has_predicted_label': 'boolean'
} %}
{%- set columns = dict({'monitor': 'varchar', 'part': 'varchar', 'metric': 'varchar'}, **settings) %}
{%- set found, rows = [], [] %}
{%- for monitor in data_health.resolved_monitors().values() %}
    {%- set shared, thresholds = {'monitor': monitor.name, 'minimum_rows': monitor.minimum_rows}, monitor.thresholds %}
    {%- if monitor.parts.drift %}
        {%- for metric, entry in data_health.drift_metrics().items() if entry.threshold %}
            {%- do found.append(dict(shared, part='drift', metric=metric, thresholds=thresholds[entry.threshold])) %}
        {%- endfor %}
    {%- endif %}
    {%- for name, periods in monitor.windows.items() if monitor.time and periods > 1 %}
        {%- do found.append(dict(shared, part='windows', metric=name, window_periods=periods)) %}
    {%- endfor %}
    {%- if monitor.parts.coverage %}
        {%- do found.append(dict(shared, part='coverage', thresholds=thresholds.coverage, barely_seen_below=monitor.coverage.barely)) %}
    {%- endif %}
    {%- if monitor.parts.versions %}
        {%- set metrics = dict({'values': 'coverage', 'nulls': 'cohens_h'}, **({'skew': 'skew'} if monitor.versions.served else {})) %}
        {%- for metric, key in metrics.items() %}
            {%- do found.append(dict(shared, part='versions', metric=metric, thresholds=thresholds[key])) %}
        {%- endfor %}
    {%- endif %}
    {%- if monitor.parts.performance and monitor.prediction %}
        {%- set matures_after = ((monitor.label or {}).matures_after or '0 days').split(' ')[0] | int %}
        {%- for metric in ['performance', 'fairness'] %}
            {%- do found.append(dict(shared, part='performance', metric=metric, thresholds=thresholds[metric],
                matures_after_days=matures_after if monitor.time else none, is_labelled=monitor.label is not none,
                has_score=monitor.prediction.score is not none,
                has_predicted_label=monitor.prediction.label is not none or monitor.prediction.threshold is not none)) %}
        {%- endfor %}
    {%- endif %}
    {%- if monitor.parts.components %}
        {%- do found.append(dict(shared, part='components', variance=monitor.components.variance,
            max_columns=monitor.components.max_columns or 50, is_standardised=monitor.components.standardise,
            weight_column=monitor.weight | lower if monitor.components.weighted else none)) %}
    {%- endif %}
    {%- set has_groups = monitor.parts.representation and monitor.subgroups %}
    {%- if monitor.parts.combinations %}
        {%- set size_limits = {'features': monitor.combinations.size} %}
        {%- if has_groups %}{% do size_limits.update({'subgroups': 0}) %}{% endif %}
        {%- for metric, size_limit in size_limits.items() %}
            {%- do found.append(dict(shared, part='combinations', metric=metric, thresholds=thresholds.coverage,
                combination_size_limit=size_limit, gap_levels=monitor.combinations.gap_levels, gap_rows=monitor.combinations.gap_rows)) %}
        {%- endfor %}
    {%- endif %}
    {%- if has_groups %}
        {%- set positive = (monitor.label or {}).positive %}
        {%- do found.append(dict(shared, part='representation', thresholds=thresholds.representation,
            has_population=monitor.population is not none,
            positive=none if positive is none else positive | string | lower if positive is boolean else positive | string)) %}
    {%- endif %}
{%- endfor %}
{#- only labeling asks the warehouse, whether there is a score to learn from -#}
{%- set datasets = data_health.datasets_of_this_run() if 'labeling' in data_health.parts_on() else [] %}
{%- for task in data_health.labeling_tasks(datasets) %}
    {%- set monitor, labeling = task.monitor, task.monitor.labeling %}
    {%- do found.append({
        'monitor': monitor.name, 'minimum_rows': monitor.minimum_rows, 'part': 'labeling', 'learner': task.learner,
        'strategy': labeling.strategy, 'budget': labeling.budget, 'labels_per_subgroup': labeling.labels_per_subgroup,
        'target_precision': labeling.precision, 'on_label_break': labeling.on_label_break, 'is_experiment': labeling.experiment
    }) %}
{%- endfor %}
{%- for setting in found %}
    {%- set row, thresholds = [], setting.thresholds or [none, none] %}
    {%- do setting.update({'warn_threshold': thresholds[0], 'alert_threshold': thresholds[1]}) %}
    {%- for name in columns %}{% do row.append(setting.get(name)) %}{% endfor %}
    {%- do rows.append(row) %}
{%- endfor %}
{{ data_health.rows_as_table(columns, rows) }}
