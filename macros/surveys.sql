{% macro superseded_within(period_date, superseded_date) -%}
{#-
  The shortest period that holds an answer's day and that of the respondent's next one, by which it no longer counts there: `month`,
  `quarter`, `all`; null where it counts for good.
-#}
case
    when {{ customer_scores.month_start(superseded_date) }} = {{ customer_scores.month_start(period_date) }} then 'month'
    when {{ customer_scores.quarter_start(superseded_date) }} = {{ customer_scores.quarter_start(period_date) }} then 'quarter'
    when {{ superseded_date }} is not null then 'all'
end
{%- endmacro %}


{% macro counts_within(period_grain) -%}
{#- Whether an answer, or a sum of answers, counts in its `month`, `quarter` or in `all` time, from the column superseded_within. -#}
{%- set shorter = {'month': ['month'], 'quarter': ['month', 'quarter'], 'all': ['month', 'quarter', 'all']}[period_grain] -%}
coalesce(superseded_within not in ('{{ shorter | join("', '") }}'), true)
{%- endmacro %}


{% macro answer_classes(answers) -%}
{#- The classes of which each given answer has one, by the column that counts them: conditions on a row of `answers`. -#}
{{ return({
    'positives': answers ~ '.is_positive',
    'neutrals': 'not ' ~ answers ~ '.is_positive and not ' ~ answers ~ '.is_negative',
    'negatives': answers ~ '.is_negative',
}) }}
{%- endmacro %}


{% macro survey_sums(answers, counts=none, columns=none) -%}
{#-
  The additive columns of a group of rows of int_answers, of which all given answers count, or those that meet the condition `counts`. `columns`
  names those that are wanted; without it all are.
-#}
{%- set given = answers ~ '.is_answered' ~ (' and ' ~ counts if counts else '') -%}
{%- set sums = {
    'asked': 'count(case when ' ~ answers ~ '.is_asked then 1 end)',
    'answered': 'count(case when ' ~ answers ~ '.is_answered then 1 end)',
    'counted': 'count(case when ' ~ given ~ ' then 1 end)',
} -%}
{%- for column, is_one in customer_scores.answer_classes(answers).items() -%}
{%- do sums.update({column: 'count(case when ' ~ given ~ ' and ' ~ is_one ~ ' then 1 end)'}) -%}
{%- endfor -%}
{%- set square = 'cast(' ~ answers ~ '.score as bigint) * ' ~ answers ~ '.score' -%}
{%- do sums.update({
    'score_total': 'cast(coalesce(sum(case when ' ~ given ~ ' then ' ~ answers ~ '.score end), 0) as bigint)',
    'score_square_total': 'cast(coalesce(sum(case when ' ~ given ~ ' then ' ~ square ~ ' end), 0) as bigint)',
    'scale_min': 'min(case when ' ~ given ~ ' then ' ~ answers ~ '.scale_min end)',
    'scale_max': 'max(case when ' ~ given ~ ' then ' ~ answers ~ '.scale_max end)',
}) -%}
{%- for column in columns or sums %}
{{ sums[column] }} as {{ column }}
{{- ',\n    ' if not loop.last }}
{%- endfor %}
{%- endmacro %}


{% macro sums_of(relation, columns, counts=none, over=none) -%}
{#-
  Sums of columns of a relation, under their names: of the rows that meet the condition `counts`, or of all; `over` names a window.
-#}
{%- for column in columns -%}
{%- set summand = relation ~ '.' ~ column -%}
cast(sum({{ 'case when ' ~ counts ~ ' then ' ~ summand ~ ' else 0 end' if counts else summand }}) {{- ' over ' ~ over if over }} as bigint) as {{ column }}
    {{- ',\n    ' if not loop.last }}
{%- endfor -%}
{%- endmacro %}


{% macro moving_days() -%}
{#- Days of the moving window of survey scores, about a quarter. -#}
{{ return(90) }}
{%- endmacro %}


{% macro previous_period_start(period_grain, period_start) -%}
{#-
  First day of the period to compare with: the calendar one before; of a moving window the one 13 weeks earlier, which shares no
  day with it and ends on the same weekday. Null for `all` time.
-#}
case {{ period_grain }}
    when 'month' then {{ customer_scores.add_months(period_start, -1) }}
    when 'quarter' then {{ customer_scores.add_months(period_start, -3) }}
    when 'moving_90_days' then {{ customer_scores.add_days(period_start, -91) }}
end
{%- endmacro %}


{% macro counted_columns() -%}
{#- The columns of survey_sums that add up what counts. -#}
{{ return(['counted', 'positives', 'neutrals', 'negatives', 'score_total', 'score_square_total']) }}
{%- endmacro %}


{% macro survey_mean() -%}
{#- Mean of the counted scores in the question's own points, from the columns of survey_sums. -#}
{{ customer_scores.ratio('score_total', 'counted') }}
{%- endmacro %}


{% macro survey_score() -%}
{#-
  The score of a group by its metric's `score_kind`, from the columns of survey_sums: net_share in NPS points, positive_share and
  rescaled_mean in percent, mean in scale points. Null where nothing counts.
-#}
case score_kind
    when 'net_share' then {{ customer_scores.nps('positives', 'negatives', 'counted') }}
    when 'positive_share' then 100.0 * {{ customer_scores.ratio('positives', 'counted') }}
    when 'mean' then {{ customer_scores.survey_mean() }}
    -- One division, so that a mean on a band's edge stays on it.
    when 'rescaled_mean'
        then 100.0 * (score_total - counted * scale_min)
            / nullif(cast(counted * (scale_max - scale_min) as {{ customer_scores.type_double() }}), 0)
end
{%- endmacro %}


{% macro rescale(value) -%}
{#- A value on the question's scale as percent of the way from its lowest to its highest point. -#}
100.0 * ({{ value }} - scale_min) / (scale_max - scale_min)
{%- endmacro %}


{% macro survey_bound(sign) -%}
{#- Lower ('-') or upper ('+') bound of survey_score, in its unit; needs `t_quantile` and `mean_standard_error` beside. -#}
{%- set mean_bound = customer_scores.survey_mean() ~ ' ' ~ sign ~ ' t_quantile * mean_standard_error' -%}
case score_kind
    when 'net_share' then {{ customer_scores.nps_bound('positives', 'negatives', 'counted', sign) }}
    when 'positive_share' then 100.0 * {{ customer_scores.wilson_bound('positives', 'counted', sign) }}
    when 'mean' then {{ mean_bound }}
    when 'rescaled_mean' then {{ customer_scores.rescale(mean_bound) }}
end
{%- endmacro %}


{% macro survey_standard_error() -%}
{#-
  Standard error of survey_score, in its unit; needs `mean_standard_error` beside. Null for a share, of which a difference is tested by
  its own z.
-#}
case score_kind
    when 'net_share' then {{ customer_scores.nps_standard_error('positives', 'negatives', 'counted') }}
    when 'mean' then mean_standard_error
    when 'rescaled_mean' then 100.0 * mean_standard_error / (scale_max - scale_min)
end
{%- endmacro %}


{% macro distance_from_range(score, low, high) -%}
{#- How far a score lies below `low` (negative) or above `high` (positive), 0 within; null without a score or either end. -#}
case
    when {{ score }} < {{ low }} then {{ score }} - {{ low }}
    when {{ score }} > {{ high }} then {{ score }} - {{ high }}
    when {{ score }} is not null and coalesce({{ low }}, {{ high }}) is not null then 0.0
end
{%- endmacro %}


{% macro variance_of_units(total, square_total, count, units) -%}
{#-
  Variance from the exact sum and sum of squares of `count` whole numbers of 1/units each, in the square of the measure's own unit: of a sample, with
  n - 1, null below two. Without units they are zeros and ones: p (1 - p).
-#}
case
    when {{ units }} is null
        then {{ customer_scores.ratio(total, count) }} * (1.0 - {{ customer_scores.ratio(total, count) }})
    else cast({{ count }} * {{ square_total }} - {{ total }} * {{ total }} as {{ customer_scores.type_double() }})
        / nullif(cast({{ count }} as {{ customer_scores.type_double() }}) * ({{ count }} - 1) * {{ units }} * {{ units }}, 0)
end
{%- endmacro %}


{% macro share_metric_score(positives, negatives, count) -%}
{#- Score of a metric whose `score_kind` is net_share (NPS points) or positive_share (percent), from counts or weighted counts; null where the count is 0. -#}
case score_kind
    when 'net_share' then {{ customer_scores.nps(positives, negatives, count) }}
    when 'positive_share' then 100.0 * {{ customer_scores.ratio(positives, count) }}
end
{%- endmacro %}


{% macro share_metric_bound(positives, negatives, count, sign) -%}
{#- Lower ('-') or upper ('+') bound of share_metric_score, in its unit. -#}
case score_kind
    when 'net_share' then {{ customer_scores.nps_bound(positives, negatives, count, sign) }}
    when 'positive_share' then 100.0 * {{ customer_scores.wilson_bound(positives, count, sign) }}
end
{%- endmacro %}
