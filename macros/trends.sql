{% macro trends_of(scores) -%}
{#-
  A subquery: one row per row of `scores`, a relation with customer_id, score_date, build_id and as_of_date, with the columns
  of engagement_trends, whose yml says what they mean. A join does not reach into that view as a filter does, so that whoever
  wants each customer's last row calls this. A window function over the history would read all of it, whatever the filter.
-#}
{%- set window_days = customer_scores.score_window_days() -%}
{%- set steps = range(8) -%}
(
    with observed as (
        select
            scores.customer_id,
            scores.score_date,
            scores.build_id,
            scores.as_of_date,
            cast(least(
                {{ steps | length }},
                floor(({{ customer_scores.days_between('customers.observed_from', 'scores.score_date') }} + 1) / {{ window_days }}.0)
            ) as integer) as windows
        from {{ scores }} as scores
        inner join {{ ref('dim_customers') }} as customers on scores.customer_id = customers.customer_id
    ),

    -- A customer without a full window keeps its row: at step 0.
    window_ends as (
        select
            observed.*,
            steps.windows_ago,
            {{ customer_scores.add_days('observed.score_date', '-' ~ window_days ~ ' * steps.windows_ago') }} as window_end
        from observed
        inner join (values {% for ago in steps %}({{ ago }}){{ ', ' if not loop.last }}{% endfor %}) as steps (windows_ago)
            on observed.windows > steps.windows_ago or steps.windows_ago = 0
    ),

    histories as (
        select
            ends.customer_id,
            ends.score_date,
            ends.build_id,
            ends.as_of_date,
            ends.windows
            {%- for ago in steps %},
            max(case when ends.windows_ago = {{ ago }} then earlier.points end) as points_{{ ago }}
            {%- endfor %}
        from window_ends as ends
        inner join {{ ref('fct_engagement_scores') }} as earlier
            on ends.customer_id = earlier.customer_id and ends.window_end = earlier.score_date
        group by ends.customer_id, ends.score_date, ends.build_id, ends.as_of_date, ends.windows
    ),

    -- Of fewer than four windows no order would be a finding: without S everything after it is null.
    compared as (
        select
            *,
            case when windows >= 4 then cast(
                {%- for earlier in steps %}{% for later in range(earlier) %}
                {{ '+ ' if earlier > 1 }}coalesce(sign(points_{{ later }} - points_{{ earlier }}), 0)
                {%- endfor %}{% endfor %}
                as integer
            ) end as kendall_s
            {%- for ago in steps %},
            {% for other in steps if other != ago -%}
            {{ '+ ' if not loop.first }}cast(coalesce(points_{{ ago }} = points_{{ other }}, false) as integer)
            {% endfor -%}
            as ties_{{ ago }}
            {%- endfor %}
        from histories
    ),

    counted as (
        select
            *,
            ({% for ago in steps %}{{ ' + ' if not loop.first }}ties_{{ ago }}{% endfor %}) / 2 as tied_pairs,
            {% for ago in steps %}{{ '+ ' if not loop.first }}ties_{{ ago }} * (2 * ties_{{ ago }} + 7){% endfor %} as tie_sum
        from compared
    ),

    tested as (
        select
            *,
            {{ customer_scores.mann_kendall_z('kendall_s', 'windows', 'tie_sum') }} as z
        from counted
    )

    select
        customer_id, score_date, windows, kendall_s,
        {{ customer_scores.kendall_tau_b('kendall_s', 'windows', 'tied_pairs') }} as kendall_tau,
        {{ customer_scores.two_sided_p('z') }} as p_value,
        case
            when z > {{ customer_scores.z_95() }} then 'rising'
            when z < -{{ customer_scores.z_95() }} then 'falling'
            when z is not null then 'none'
        end as trend,
        build_id, as_of_date
    from tested
)
{%- endmacro %}
