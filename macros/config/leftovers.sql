{#
    Lists what the package left in the warehouse: relations of parts that are off, and of older releases. Prints the statements that drop
    them; drops nothing. dbt itself never drops a relation of a model that is gone. Only schemas that hold a model of the package are
    looked at, and only relations that are named like one: `now` are those that the package makes, `before` those that older releases made.
    What the project itself makes or reads under such a name is not listed.
#}
{% macro leftovers() %}
    {% if not execute %}{{ return([]) }}{% endif %}
    {% set now = [
        'audited_rows', 'cleaning_sample', 'cleaning_sample_columns', 'cleaning_value_counts', 'column_distributions',
        'column_grids', 'column_products', 'column_statistics', 'combination_counts', 'combination_patterns',
        'combination_periods', 'combination_sets', 'combination_values', 'component_fits', 'component_score_counts',
        'component_score_sample', 'dataset_periods', 'dataset_products', 'dataset_wide_products',
        'declared_subgroups', 'drift_columns', 'drift_comparisons', 'drift_evidence', 'drift_exact_distances',
        'drift_groups', 'drift_measures', 'drift_quantile_groups', 'feature_bins', 'feature_cells',
        'feature_definitions', 'finding_periods', 'findings', 'health_alerts', 'health_annotators',
        'health_auto_labels', 'health_bias_gate', 'health_cell_changes', 'health_column_periods',
        'health_component_scores', 'health_coverage',
        'health_coverage_combinations', 'health_coverage_gaps', 'health_drift', 'health_drift_latest',
        'health_drift_windows', 'health_fairness', 'health_feature_contract', 'health_incidents', 'health_known_biases',
        'health_label_gates', 'health_label_quality', 'health_labeling_candidates', 'health_labeling_progress',
        'health_labels', 'health_model_versions', 'health_monitors', 'health_multivariate_drift',
        'health_pca_components', 'health_pca_loadings', 'health_pca_summary', 'health_performance', 'health_profile',
        'health_region', 'health_representation', 'health_representation_gaps', 'health_rule_outcomes',
        'health_schema_changes', 'health_scorecard', 'health_serving_skew', 'health_suggested_rules',
        'health_version_changes', 'health_volume', 'label_annotations', 'label_consensus', 'label_counts', 'label_gates', 'label_issues',
        'label_posteriors', 'label_probabilities', 'label_rates', 'label_verdicts', 'labeling_batch',
        'labeling_batches', 'labeling_curves', 'labeling_groups', 'labeling_rows', 'labeling_scans',
        'labeling_shortlist', 'learner_fits', 'learner_scores', 'monitor_settings', 'monitored_columns',
        'monitored_periods', 'one_hot_levels', 'performance_groups', 'registered_features', 'repair_rules',
        'rule_suggestions', 'score_bins', 'score_distributions', 'scored_rows', 'serving_comparisons', 'subgroup_cells', 'subgroup_periods',
        'uncovered_patterns', 'wide_batches', 'wide_products', 'wide_scans'
    ] %}
    {% set before = [
        'component_eigenvalues', 'component_loadings', 'configured_datasets', 'coverage_counts', 'coverage_judgements',
        'coverage_settings', 'dimension_settings', 'drift_distances', 'drift_overdispersion', 'drift_thresholds', 'judgements',
        'known_biases_checked', 'label_answers', 'labeling_gap_rows', 'labeling_history', 'labeling_relabel_rows', 'labeling_settings',
        'labeling_slots', 'labeling_uncertain', 'population_groups', 'population_names', 'randomized_loadings',
        'representation_comparisons', 'representation_groups', 'representation_rates', 'representation_ratios',
        'representation_settings', 'rule_judgements', 'subgroup_attributes', 'subspace_distances', 'subspace_measures',
        'volume_expectations', 'volume_periods'
    ] %}
    {% set places, wanted, found = {}, [], [] %}
    {% for node in graph.nodes.values() | list + graph.sources.values() | list %}
        {% if node.resource_type in ['model', 'seed', 'snapshot', 'source'] %}
            {% set name = node.identifier if node.resource_type == 'source' else node.alias %}
            {% set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=name) %}
            {% do wanted.append(relation | string | lower) %}
            {% if node.package_name == 'data_health' %}
                {% do places.update({(node.database | string) ~ '.' ~ node.schema: relation}) %}
            {% endif %}
        {% endif %}
    {% endfor %}
    {% for place in places.values() %}
        {#- dbt asks each schema once, and answers by what it heard -#}
        {% for name in now + before %}
            {% set relation = adapter.get_relation(database=place.database, schema=place.schema, identifier=name) %}
            {% if relation and relation | string | lower not in wanted %}{% do found.append(relation) %}{% endif %}
        {% endfor %}
    {% endfor %}
    {#- views first: where they read a table, it cannot be dropped before them -#}
    {% for relation in found | sort(attribute='identifier') | sort(attribute='type', reverse=true) %}
        {{ print('drop ' ~ (relation.type or 'table') ~ ' if exists ' ~ relation ~ ';') }}
    {% endfor %}
    {% if not found %}{{ print('Nothing is left over.') }}{% endif %}
    {{ return(found) }}
{% endmacro %}
