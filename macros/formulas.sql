{% macro publish_formulas() %}
{#-
  A hook of survey_scores: puts the formulas into the marts file as functions, for BI tools that know no dbt:
  `select nps(3, 1, 6)`. They are the macros themselves, called with the names of their arguments: still one place per formula.
  It hangs on a model, since DuckDB makes a function only when the tables in it (the seed student_t) are there.
-#}
{{- adapter.dispatch('publish_formulas', 'customer_scores')() -}}
{% endmacro %}

{% macro default__publish_formulas() -%}
{%- endmacro %}

{% macro duckdb__publish_formulas() -%}
{%- set sample = ['successes', 'answers'] -%}
{%- set samples = sample + ['earlier_successes', 'earlier_answers'] -%}
{%- set sums = ['total', 'square_total', 'answers'] -%}
{%- set counts = ['promoters', 'detractors', 'answers'] -%}
{%- set periods = ['margin', 'retention', 'discount'] -%}
{%- set estimates = ['estimate', 'standard_error', 'earlier_estimate', 'earlier_standard_error'] -%}
{%- for name, arguments, formula in [
    ['nps', counts, customer_scores.nps(*counts)],
    ['nps_standard_error', counts, customer_scores.nps_standard_error(*counts)],
    ['nps_low', counts, customer_scores.nps_bound(*counts, sign='-')],
    ['nps_high', counts, customer_scores.nps_bound(*counts, sign='+')],
    ['wilson_low', sample, customer_scores.wilson_bound(*sample, sign='-')],
    ['wilson_high', sample, customer_scores.wilson_bound(*sample, sign='+')],
    ['newcombe_low', samples, customer_scores.newcombe_bound(*samples, sign='-')],
    ['newcombe_high', samples, customer_scores.newcombe_bound(*samples, sign='+')],
    ['mean_standard_error', sums, customer_scores.mean_standard_error(*sums)],
    ['t_low', sums, customer_scores.t_bound(*sums, sign='-')],
    ['t_high', sums, customer_scores.t_bound(*sums, sign='+')],
    ['z_of_means', estimates, customer_scores.z_of_means(*estimates)],
    ['z_of_shares', samples, customer_scores.z_of_shares(*samples)],
    ['two_sided_p', ['z'], customer_scores.two_sided_p('z')],
    ['customer_lifetime_value', periods, customer_scores.customer_lifetime_value(*periods)],
] %}
create or replace macro {{ this.include(identifier=false) }}.{{ name }}({{ arguments | join(', ') }}) as ({{ formula }});
{% endfor -%}
{%- endmacro %}
