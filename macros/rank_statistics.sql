{#
  Statistics by order, which no outlier can bend. Arguments are SQL expressions; counts are whole numbers and stay exact until
  the last step.
#}

{% macro median_of_four(amounts) -%}
{#-
  Median of four counts as an aggregate, DECIMAL(20, 1): half the sum of the middle two, which are what the largest and the
  smallest leave. A row that is missing or null is a count of 0. Example: 7, 3 and 4 in three rows = 3.5.
-#}
cast(coalesce(
    sum({{ amounts }}) - max({{ amounts }}) - case when count({{ amounts }}) = 4 then min({{ amounts }}) else 0 end, 0
) as decimal(18, 0)) * 0.5
{%- endmacro %}


{% macro mann_whitney_z(twice_wins, customers, other_customers, tie_sum) -%}
{#-
  z of the Mann-Whitney test with the corrections for ties and continuity; null where all are tied. `twice_wins` is 2 U, two
  for each pair that the first group wins and one for each tie; `tie_sum` is the sum of t³ − t over groups of t equal values,
  DECIMAL. Example: 1, 2, 3 against 2, 4, 5 has 2 U = 3, tie_sum 6, z = −1.1070.
-#}
{%- set n = "cast(" ~ customers ~ " + " ~ other_customers ~ " as decimal(12, 0))" -%}
{%- set distance = "(" ~ twice_wins ~ " - " ~ customers ~ " * " ~ other_customers ~ ")" -%}
sign({{ distance }}) * greatest(abs({{ distance }}) - 1, 0) / sqrt(
    cast({{ customers }} as {{ customer_scores.type_double() }}) * {{ other_customers }}
    * cast(nullif({{ n }} * {{ n }} * {{ n }} - {{ n }} - {{ tie_sum }}, 0) as {{ customer_scores.type_double() }})
    / (3.0 * cast({{ n }} * ({{ n }} - 1) as {{ customer_scores.type_double() }}))
)
{%- endmacro %}


{% macro group_pairs(levels, family, member_group) -%}
{#- Two rows per family and pair of its groups, the first one first in text order: one to count each of them. -#}
select
    ours.{{ family }},
    ours.{{ member_group }},
    theirs.{{ member_group }} as other_group,
    sides.is_first,
    case when sides.is_first then ours.{{ member_group }} else theirs.{{ member_group }} end as counted_group
from (select distinct {{ family }}, {{ member_group }} from {{ levels }}) as ours
inner join (select distinct {{ family }}, {{ member_group }} from {{ levels }}) as theirs
    on ours.{{ family }} = theirs.{{ family }} and ours.{{ member_group }} < theirs.{{ member_group }}
cross join (values (true), (false)) as sides (is_first)
{%- endmacro %}


{% macro mann_whitney_pairs(levels, family, member_group, amount, members) -%}
{#-
  A subquery: one row per family and pair of its groups, the first one first in text order, with the columns `family`,
  `member_group`, other_group, members, other_members (sizes), twice_wins and tie_sum as mann_whitney_z takes them.
  `levels` is a relation with how many `members` of each group stand at each `amount`; the others are names of its columns.
-#}
(
    select
        {{ family }},
        {{ member_group }},
        other_group,
        cast(sum({{ members }}) as bigint) as {{ members }},
        cast(sum(other_members) as bigint) as other_members,
        cast(sum({{ members }} * (2 * others_up_to - other_members)) as bigint) as twice_wins,
        sum(tied * tied * tied - tied) as tie_sum
    from (
        select
            *,
            -- Two for each of the others who has less, one for each who has as much.
            sum(other_members) over (
                partition by {{ family }}, {{ member_group }}, other_group order by {{ amount }}
            ) as others_up_to,
            cast({{ members }} + other_members as decimal(12, 0)) as tied
        from (
            select
                pairs.{{ family }},
                pairs.{{ member_group }},
                pairs.other_group,
                levels.{{ amount }},
                sum(case when pairs.is_first then levels.{{ members }} else 0 end) as {{ members }},
                sum(case when pairs.is_first then 0 else levels.{{ members }} end) as other_members
            from ({{ customer_scores.group_pairs(levels, family, member_group) }}) as pairs
            inner join {{ levels }} as levels
                on pairs.{{ family }} = levels.{{ family }} and pairs.counted_group = levels.{{ member_group }}
            group by pairs.{{ family }}, pairs.{{ member_group }}, pairs.other_group, levels.{{ amount }}
        ) as pair_levels
    ) as standings
    group by {{ family }}, {{ member_group }}, other_group
)
{%- endmacro %}


{% macro mann_kendall_z(kendall_s, n, tie_sum) -%}
{#-
  z of the Mann-Kendall test for a trend (Mann 1945, Kendall 1975) with the corrections for ties and continuity; 0 where S is.
  `tie_sum` is the sum of t (t − 1) (2 t + 5) over groups of t equal values. Example: S = 24, n = 8, tie_sum = 18 is z = 2.8675.
-#}
case
    when {{ kendall_s }} = 0 then 0.0
    else sign({{ kendall_s }}) * (abs({{ kendall_s }}) - 1)
        / sqrt(cast({{ n }} * ({{ n }} - 1) * (2 * {{ n }} + 5) - {{ tie_sum }} as {{ customer_scores.type_double() }}) / 18.0)
end
{%- endmacro %}


{% macro kendall_tau_b(kendall_s, n, tied_pairs) -%}
{#- Kendall's tau-b of n values against time, in which nothing ties; null where all values tie. Example: (24, 8, 1) = 0.8729. -#}
cast({{ kendall_s }} as {{ customer_scores.type_double() }}) / nullif(sqrt(
    cast({{ n }} * ({{ n }} - 1) / 2 - {{ tied_pairs }} as {{ customer_scores.type_double() }}) * ({{ n }} * ({{ n }} - 1) / 2)
), 0)
{%- endmacro %}
