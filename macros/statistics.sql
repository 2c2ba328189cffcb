{#
  One place per formula. Arguments are columns, numbers or expressions in brackets; counts are integers, results doubles. Each is null where its sample is
  empty. Level of every interval: 95 %, hence z = 1.959963984540054. Analysts can call them in ad-hoc SQL (see analyses/).
  Arguments and results are described in _statistics.yml, which `dbt docs` shows.
#}

{% macro ratio(part, whole) -%}
{#- part / whole of two exact numbers, as a double; null where the whole is 0. -#}
cast({{ part }} as {{ customer_scores.type_double() }}) / nullif({{ whole }}, 0)
{%- endmacro %}


{% macro z_95() -%}
{#- Two-sided 95 % quantile of the standard normal distribution. -#}
{{ return(1.959963984540054) }}
{%- endmacro %}


{% macro nps(promoters, detractors, answers) -%}
{#- Net promoter score in points, -100 to 100 (Reichheld 2003). Example: nps(3, 1, 6) = 33.33. -#}
100.0 * cast({{ promoters }} - {{ detractors }} as {{ customer_scores.type_double() }}) / nullif({{ answers }}, 0)
{%- endmacro %}


{% macro nps_standard_error(promoters, detractors, answers) -%}
{#-
  Standard error of the NPS in points: 100 · √(((P + D)/n − ((P − D)/n)²) / n), the population variance of answers scored
  +1, 0, −1. Example: nps_standard_error(3, 1, 6) = 30.43.
-#}
100.0 * sqrt(
    cast({{ answers }} * ({{ promoters }} + {{ detractors }})
    - ({{ promoters }} - {{ detractors }}) * ({{ promoters }} - {{ detractors }}) as {{ customer_scores.type_double() }})
    / nullif(cast({{ answers }} as {{ customer_scores.type_double() }}) * {{ answers }} * {{ answers }}, 0)
)
{%- endmacro %}


{% macro nps_bound(promoters, detractors, answers, sign) -%}
{#-
  Lower (sign '-') or upper (sign '+') bound of the NPS by the adjusted Wald interval: the Wald interval of n + 3, P + 3/4 and
  D + 3/4, clipped to ±100 and widened to the score where a single answer lies outside (Bonett and Price's adjustment as
  applied to the NPS by Rocks, 2016). Example: nps_bound(3, 1, 6, '-') = -26.74.
-#}
{%- set n = "(" ~ answers ~ " + 3.0)" -%}
{%- set net = "((" ~ promoters ~ " - " ~ detractors ~ ") / " ~ n ~ ")" -%}
{%- set spread = "((" ~ promoters ~ " + " ~ detractors ~ " + 1.5) / " ~ n ~ ")" -%}
case
    when {{ answers }} > 0
        then {{ 'least(100.0, greatest(' if sign == '+' else 'greatest(-100.0, least(' }}
            {{ customer_scores.nps(promoters, detractors, answers) }},
            100.0 * cast({{ net }} {{ sign }} {{ customer_scores.z_95() }}
            * sqrt(({{ spread }} - {{ net }} * {{ net }}) / {{ n }}) as {{ customer_scores.type_double() }})
        ))
end
{%- endmacro %}


{% macro wilson_bound(successes, answers, sign) -%}
{#-
  Lower ('-') or upper ('+') bound of a share, 0 to 1, by Wilson's score interval (Wilson 1927; method 3 of Newcombe 1998).
  Example: wilson_bound(80, 100, '-') = 0.7112.
-#}
{%- set z = customer_scores.z_95() -%}
{%- set n = "cast(" ~ answers ~ " as " ~ customer_scores.type_double() ~ ")" -%}
{%- set x = "cast(" ~ successes ~ " as " ~ customer_scores.type_double() ~ ")" -%}
case
    -- At the ends the bound is exact; arithmetic would miss it by a rounding error.
    when {{ answers }} > 0 and {{ successes }} = {{ '0' if sign == '-' else answers }} then {{ '0.0' if sign == '-' else '1.0' }}
    when {{ answers }} > 0
        then (
            2.0 * {{ x }} + {{ z }} * {{ z }}
            {{ sign }} {{ z }} * sqrt({{ z }} * {{ z }} + 4.0 * {{ x }} * (1.0 - {{ x }} / {{ n }}))
        ) / (2.0 * ({{ n }} + {{ z }} * {{ z }}))
end
{%- endmacro %}


{% macro difference_bound(estimate, low, high, earlier_estimate, earlier_low, earlier_high, sign) -%}
{#-
  Lower ('-') or upper ('+') bound of the difference of two independent estimates, this minus the earlier one, from the interval of each, in
  their unit: the square-and-add rule, of which newcombe_bound is the case of Wilson's intervals (Zou and Donner 2008, Statistics in
  Medicine 27:1693). Null where an interval is. Example: difference_bound(10, 7, 13, 0, -4, 4, '-') = 5.
-#}
{%- set near, far = (low, earlier_high) if sign == '-' else (high, earlier_low) -%}
{{ estimate }} - {{ earlier_estimate }} {{ sign }} sqrt(
    power({{ estimate }} - {{ near }}, 2) + power({{ earlier_estimate }} - {{ far }}, 2)
)
{%- endmacro %}


{% macro newcombe_bound(successes, answers, earlier_successes, earlier_answers, sign) -%}
{#-
  Lower ('-') or upper ('+') bound of the difference of two independent shares, this minus the earlier one, -1 to 1, by
  Newcombe's hybrid score interval (Newcombe 1998, Statistics in Medicine 17:873, method 10).
  Example: newcombe_bound(56, 70, 48, 80, '-') = 0.0524.
-#}
{{ customer_scores.difference_bound(
    customer_scores.ratio(successes, answers),
    customer_scores.wilson_bound(successes, answers, '-'),
    customer_scores.wilson_bound(successes, answers, '+'),
    customer_scores.ratio(earlier_successes, earlier_answers),
    customer_scores.wilson_bound(earlier_successes, earlier_answers, '-'),
    customer_scores.wilson_bound(earlier_successes, earlier_answers, '+'),
    sign,
) }}
{%- endmacro %}


{% macro mean_standard_error(total, square_total, answers) -%}
{#-
  Standard error of a mean from the sum and the sum of squares of whole numbers, with n − 1; null below two answers. In the
  unit of the answers. Example: answers 5, 6 and 7 are mean_standard_error(18, 110, 3) = 0.5774.
-#}
sqrt(
    cast({{ answers }} * {{ square_total }} - {{ total }} * {{ total }} as {{ customer_scores.type_double() }})
    / nullif(cast({{ answers }} as {{ customer_scores.type_double() }}) * {{ answers }} * ({{ answers }} - 1), 0)
)
{%- endmacro %}


{% macro student_t_95(degrees_of_freedom, tabulated) -%}
{#-
  Two-sided 95 % quantile of Student's t. `tabulated` is the value of the seed student_t, which reaches to 300 degrees of
  freedom; beyond it the expansion of Abramowitz and Stegun 26.7.5 is exact to twelve digits. Who has no such column at hand
  calls t_bound. Example: student_t_95(2, 4.302652729911275) = 4.3027.
-#}
{%- set z = customer_scores.z_95() -%}
{%- set terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
] -%}
coalesce(
    {{ tabulated }},
    {{ z }}
    {%- for term in terms %}
    + {{ term }} / nullif(power(cast({{ degrees_of_freedom }} as {{ customer_scores.type_double() }}), {{ loop.index }}), 0)
    {%- endfor %}
)
{%- endmacro %}


{% macro t_bound(total, square_total, answers, sign) -%}
{#-
  Lower ('-') or upper ('+') bound of a mean by Student's t interval (Student 1908), in the unit of the answers, from their sum
  and the sum of their squares; null below two answers. The arguments are columns or numbers, not aggregates: sum in a step
  before. Example: answers 5, 6 and 7 are t_bound(18, 110, 3, '-') = 3.5159.
-#}
{%- set quantile = "(select max(student_t.t_95) from " ~ ref('student_t')
    ~ " as student_t where student_t.degrees_of_freedom = " ~ answers ~ " - 1)" -%}
case
    when {{ answers }} > 1
        then cast({{ total }} as {{ customer_scores.type_double() }}) / {{ answers }}
            {{ sign }} ({{ customer_scores.student_t_95('(' ~ answers ~ ' - 1)', quantile) }})
            * {{ customer_scores.mean_standard_error(total, square_total, answers) }}
end
{%- endmacro %}


{% macro two_sided_p(z) -%}
{#-
  Two-sided p-value of a standard normal z: the rational approximation of Hart (1968) in West's form (2005), to fifteen
  digits. Example: two_sided_p(1.959963984540054) = 0.05.
-#}
{%- set x = "abs(" ~ z ~ ")" -%}
case
    when {{ x }} > 37.0 then 0.0
    when {{ x }} < 7.07106781186547
        then 2.0 * exp(-{{ x }} * {{ x }} / 2.0)
            * ((((((0.0352624965998911e0 * {{ x }} + 0.700383064443688e0) * {{ x }} + 6.37396220353165e0) * {{ x }}
            + 33.912866078383e0) * {{ x }} + 112.079291497871e0) * {{ x }} + 221.213596169931e0) * {{ x }} + 220.206867912376e0)
            / (((((((0.0883883476483184e0 * {{ x }} + 1.75566716318264e0) * {{ x }} + 16.064177579207e0) * {{ x }}
            + 86.7807322029461e0) * {{ x }} + 296.564248779674e0) * {{ x }} + 637.333633378831e0) * {{ x }}
            + 793.826512519948e0) * {{ x }} + 440.413735824752e0)
    else 2.0 * exp(-{{ x }} * {{ x }} / 2.0)
        / ({{ x }} + 1.0 / ({{ x }} + 2.0 / ({{ x }} + 3.0 / ({{ x }} + 4.0 / ({{ x }} + 0.65)))))
        / 2.506628274631e0
end
{%- endmacro %}


{% macro error_of_means(standard_error, earlier_standard_error) -%}
{#-
  Standard error of the difference of two independent estimates, in their unit; null where it is 0 or either is null.
  Example: error_of_means(3, 4) = 5.
-#}
nullif(sqrt(
    {{ standard_error }} * {{ standard_error }} + {{ earlier_standard_error }} * {{ earlier_standard_error }}
), 0)
{%- endmacro %}


{% macro z_of_means(estimate, standard_error, earlier_estimate, earlier_standard_error) -%}
{#-
  z of the difference of two independent estimates, this minus the earlier one, each with its standard error in the same unit;
  null where neither has an error: two single answers prove nothing. Example: z_of_means(1, 3, 2, 4) = -0.2.
-#}
({{ estimate }} - {{ earlier_estimate }}) / {{ customer_scores.error_of_means(standard_error, earlier_standard_error) }}
{%- endmacro %}


{% macro error_of_shares(successes, answers, earlier_successes, earlier_answers) -%}
{#-
  Standard error of the difference of two independent shares, 0 to 1, with the pooled share; null where all or none of the answers
  succeed. Example: error_of_shares(50, 100, 50, 100) = 0.0707.
-#}
{%- set pooled = "cast(" ~ successes ~ " + " ~ earlier_successes ~ " as " ~ customer_scores.type_double() ~ ") / nullif(" ~ answers ~ " + " ~ earlier_answers ~ ", 0)" -%}
nullif(sqrt(
    {{ pooled }} * (1.0 - {{ pooled }}) * (1.0 / nullif({{ answers }}, 0) + 1.0 / nullif({{ earlier_answers }}, 0))
), 0)
{%- endmacro %}


{% macro z_of_shares(successes, answers, earlier_successes, earlier_answers) -%}
{#-
  z of the difference of two independent shares, this minus the earlier one, with the pooled share's error (the two-proportion
  z test); null where all or none of the answers succeed. Example: z_of_shares(56, 70, 48, 80) = 2.6502.
-#}
(
    {{ customer_scores.ratio(successes, answers) }}
    - {{ customer_scores.ratio(earlier_successes, earlier_answers) }}
) / {{ customer_scores.error_of_shares(successes, answers, earlier_successes, earlier_answers) }}
{%- endmacro %}


{% macro smallest_detectable_change(standard_error) -%}
{#-
  The smallest change that a two-sided test at 5 % shows in four of five cases (80 % power), in the unit of the standard error of the
  difference: (z of 0.975 + z of 0.80) times that (Cohen 1988). Example: smallest_detectable_change(5) = 14.0079.
-#}
({{ customer_scores.z_95() }} + 0.8416212335729143) * {{ standard_error }}
{%- endmacro %}


{% macro benjamini_hochberg(p_value, family) -%}
{#-
  p-values adjusted for many comparisons (Benjamini and Hochberg 1995), as a window expression over rows with a p-value.
  `family` is the list of columns that name the comparisons made together; the rows carry `family_rank`, 1 for the smallest p,
  and `family_size`, how many p-values the family has. Rows without one must rank last. Example: 0.01, 0.02 and 0.9 become 0.03,
  0.03 and 0.9; see analyses/many_comparisons.sql. Size over rank comes first, since it is at least 1: p * size / size can be less
  than p by the last digit.
-#}
least(1.0, min({{ p_value }} * ({{ customer_scores.ratio('family_size', 'family_rank') }})) over (
    partition by {{ family }} order by family_rank desc
))
{%- endmacro %}


{% macro customer_lifetime_value(margin, retention, discount) -%}
{#-
  What a customer who is there will bring from the next period on, in the unit of the margin: m · r / (1 + i − r), the sum of
  m · (r / (1 + i))^t over all periods t to come (Gupta and Lehmann 2003). Margin per period, the share of customers that a period keeps
  and the discount rate must be of the same period, and the margin does not grow. Null where 1 + i − r is not above 0: such a
  sum has no end. Example: customer_lifetime_value(100, 0.8, 0.1) = 266.67.
-#}
case
    when 1.0 + {{ discount }} - {{ retention }} > 0
        then cast({{ margin }} as {{ customer_scores.type_double() }}) * {{ retention }} / (1.0 + {{ discount }} - {{ retention }})
end
{%- endmacro %}
