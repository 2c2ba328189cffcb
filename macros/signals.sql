{#
  Signals say whom to turn to. Their rules are data (seed signal_rules); what a rule may look at is listed here, once.
#}

{% macro signal_measures() -%}
{#- What a rule can judge a customer by on a list date: the columns of int_signal_measures that hold a number, in the order in which they are published. -#}
{{ return([
    'engagement_score', 'score_change', 'baseline_ratio', 'engagement_percentile', 'event_count', 'active_days',
    'active_users', 'active_users_change', 'days_since_last_event', 'feature_breadth', 'support_contacts',
    'support_share', 'purchases', 'last_nps', 'last_csat', 'last_effort', 'trial_days',
]) }}
{%- endmacro %}


{% macro signal_comparisons() -%}
{#- How a measure is held against a threshold, and the operator that does it. -#}
{{ return({'at_least': '>=', 'at_most': '<='}) }}
{%- endmacro %}


{% macro signal_outcomes() -%}
{#- What a signal can be followed by (seed signal_outcomes). -#}
{{ return(['churned', 'subscribed', 'purchased', 'engagement_rose']) }}
{%- endmacro %}


{% macro published_signals() -%}
{#- The signals that have columns of their own in customer_scores. -#}
{{ return(['trial_conversion', 'churn_risk', 'upsell', 'advocate', 'training_need']) }}
{%- endmacro %}


{% macro lifecycle_stages() -%}
{#- The stages of a customer (DECISIONS D7). -#}
{{ return(['churned', 'subscribed', 'trial', 'unknown']) }}
{%- endmacro %}


{% macro listed_days() -%}
{#- Days over which list dates reach back, today included: 26 weeks. A longer span has more spells to learn from, and makes each build slower. -#}
{{ return(182) }}
{%- endmacro %}


{% macro answer_days() -%}
{#- Days for which an answer stands for what a customer thinks: a year. -#}
{{ return(365) }}
{%- endmacro %}


{% macro lifecycle_stage(day, subscribed_date, trial_date, churned_date) -%}
{#- The stage of a customer on a day (DECISIONS D7). The arguments are dates; a null one has not come. -#}
case
        when {{ churned_date }} <= {{ day }} then 'churned'
        when {{ subscribed_date }} <= {{ day }} then 'subscribed'
        when {{ trial_date }} <= {{ day }} then 'trial'
        else 'unknown'
    end
{%- endmacro %}


{% macro judged_value(measure) -%}
{#-
  A measure as it is held against a threshold, DECIMAL(18, 12). Ratios are doubles, whose last digits are noise: 0.3 must be at least 0.3. What no threshold
  can reach is cut off.
-#}
case
    when {{ measure }} >= 999999 then cast(999999 as decimal(18, 12))
    when {{ measure }} <= -999999 then cast(-999999 as decimal(18, 12))
    else cast({{ measure }} as decimal(18, 12))
end
{%- endmacro %}


{% macro condition_strength(value, threshold, full_at) -%}
{#-
  How far a value that meets its condition has gone from the threshold to where it is as strong as it gets, DECIMAL(9, 6) from 0 to 100, rounded half up from
  the exact quotient; 100 where there is no such point. `value` is a judged_value. Example: 0.2 on the way from 0.5 down to 0 is 60.
-#}
{%- set in_units = ' * 1000000000000 as ' ~ customer_scores.type_wide_integer() ~ ')' -%}
case
    when {{ full_at }} is null or {{ full_at }} = {{ threshold }} then cast(100 as decimal(9, 6))
    else {{ customer_scores.millionths(customer_scores.divided(
        'cast(least(abs(' ~ value ~ ' - ' ~ threshold ~ '), abs(' ~ full_at ~ ' - ' ~ threshold ~ '))' ~ in_units ~ ' * 100000000',
        'cast(abs(' ~ full_at ~ ' - ' ~ threshold ~ ')' ~ in_units,
    )) }}
end
{%- endmacro %}


{% macro holdout_bucket(customer_id, signal) %}
{#-
  A whole number from 0 to 999,999 that a customer and a signal have for ever, whoever computes it: the first eight hexadecimal digits of the MD5 of
  `customer|signal`, modulo a million. Example: customer c1 and signal churn_risk have 986,604.
-#}
{{- adapter.dispatch('holdout_bucket', 'customer_scores')(customer_id, signal) -}}
{% endmacro %}

{% macro duckdb__holdout_bucket(customer_id, signal) -%}
cast(cast('0x' || substr(md5({{ customer_id }} || '|' || {{ signal }}), 1, 8) as bigint) % 1000000 as integer)
{%- endmacro %}


{% macro is_held_out(customer_id, signal, share) -%}
{#- Whether a customer is held out of a signal's list, given the share of customers that are; false without a share. -#}
coalesce({{ customer_scores.holdout_bucket(customer_id, signal) }} < {{ share }} * 1000000, false)
{%- endmacro %}


{% macro is_one_of(value, names) -%}
{#- Whether a text is one of `names`, a list of plain ones; false where it is null. Example: is_one_of('outcome', signal_outcomes()). -#}
coalesce({{ value }} in (
    '{{ names | join("',\n    '") }}'
), false)
{%- endmacro %}
