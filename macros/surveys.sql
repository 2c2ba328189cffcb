{% macro survey_sums(answers) -%}
{#- The additive columns of a group of rows of int_answer_periods. -#}
cast(sum({{ answers }}.asked) as bigint) as asked,
    cast(sum({{ answers }}.answered) as bigint) as answered,
    cast(sum({{ answers }}.counted) as bigint) as counted,
    cast(sum({{ answers }}.positive) as bigint) as positives,
    cast(sum({{ answers }}.neutral) as bigint) as neutrals,
    cast(sum({{ answers }}.negative) as bigint) as negatives,
    cast(sum({{ answers }}.counted_score) as bigint) as score_total,
    cast(sum({{ answers }}.counted_score * {{ answers }}.counted_score) as bigint) as score_square_total,
    min({{ answers }}.scale_min) as scale_min,
    max({{ answers }}.scale_max) as scale_max
{%- endmacro %}


{% macro survey_mean() -%}
{#- Mean of the counted scores in the question's own points, from the columns of survey_sums. -#}
cast(score_total as double precision) / nullif(counted, 0)
{%- endmacro %}


{% macro survey_score() -%}
{#-
  The score of a group by its metric's `score_kind`, from the columns of survey_sums: net_share in NPS points, positive_share and
  rescaled_mean in percent, mean in scale points. Null where nothing counts.
-#}
case score_kind
    when 'net_share' then {{ customer_scores.nps('positives', 'negatives', 'counted') }}
    when 'positive_share' then 100.0 * cast(positives as double precision) / nullif(counted, 0)
    when 'mean' then {{ customer_scores.survey_mean() }}
    -- One division, so that a mean on a band's edge stays on it.
    when 'rescaled_mean'
        then 100.0 * (score_total - counted * scale_min)
            / nullif(cast(counted * (scale_max - scale_min) as double precision), 0)
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


{% macro share_of_counts(part, whole) -%}
{#- part / whole of two counts, 0 to 1; null where the whole is 0. -#}
cast({{ part }} as double precision) / nullif({{ whole }}, 0)
{%- endmacro %}


{% macro variance_of_units(total, square_total, count, units) -%}
{#-
  Variance from the exact sum and sum of squares of `count` whole numbers of 1/units each, in the square of the measure's own unit: of a sample, with
  n - 1, null below two. Without units they are zeros and ones: p (1 - p).
-#}
case
    when {{ units }} is null
        then {{ customer_scores.share_of_counts(total, count) }} * (1.0 - {{ customer_scores.share_of_counts(total, count) }})
    else cast({{ count }} * {{ square_total }} - {{ total }} * {{ total }} as double precision)
        / nullif(cast({{ count }} as double precision) * ({{ count }} - 1) * {{ units }} * {{ units }}, 0)
end
{%- endmacro %}


{% macro share_metric_score(positives, negatives, count) -%}
{#- Score of a metric whose `score_kind` is net_share (NPS points) or positive_share (percent), from counts or weighted counts; null where the count is 0. -#}
case score_kind
    when 'net_share' then {{ customer_scores.nps(positives, negatives, count) }}
    when 'positive_share' then 100.0 * {{ customer_scores.share_of_counts(positives, count) }}
end
{%- endmacro %}


{% macro share_metric_bound(positives, negatives, count, sign) -%}
{#- Lower ('-') or upper ('+') bound of share_metric_score, in its unit. -#}
case score_kind
    when 'net_share' then {{ customer_scores.nps_bound(positives, negatives, count, sign) }}
    when 'positive_share' then 100.0 * {{ customer_scores.wilson_bound(positives, count, sign) }}
end
{%- endmacro %}
