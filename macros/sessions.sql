{#
  A session is made of pieces: each is known by its first and its last event. Pieces of one visitor that overlap, or lie at most the session gap apart, are
  of one session; so it does not matter how events were cut into pieces: by load date, at midnight, or by the clock.
#}

{% macro session_gap() -%}
{#- The session gap as an interval. -#}
interval '{{ customer_scores.session_gap_minutes() }}' minute
{%- endmacro %}


{% macro gaps_before(timestamp) %}
{#- How many whole session gaps had passed since 1970: times with the same number lie less than the gap apart. -#}
{{- adapter.dispatch('gaps_before', 'customer_scores')(timestamp, customer_scores.session_gap_minutes()) -}}
{% endmacro %}

{% macro duckdb__gaps_before(timestamp, minutes) -%}
epoch_us({{ timestamp }}) // {{ minutes * 60000000 }}
{%- endmacro %}


{% macro joined_pieces(pieces, visitor) -%}
{#-
  A subquery: one row per run of `pieces` that belong together, with the columns `visitor`, first_at, last_at and event_count, which the relation `pieces`
  has too. `visitor` lists the columns within which pieces are joined; they may be null.
-#}
{%- set columns = visitor | join(', ') -%}
(
    with compared as (
        select
            {{ columns }},
            first_at,
            last_at,
            event_count,
            max(last_at) over (
                partition by {{ columns }} order by first_at
                rows between unbounded preceding and 1 preceding
            ) as reached_at
        from {{ pieces }}
    ),

    -- Pieces that begin at once get one number, in whatever order they stand: hence no frame of rows.
    numbered as (
        select
            *,
            count(case when first_at <= reached_at + {{ customer_scores.session_gap() }} then null else 1 end) over (
                partition by {{ columns }} order by first_at
            ) as run_number
        from compared
    )

    select
        {{ columns }},
        min(first_at) as first_at,
        max(last_at) as last_at,
        cast(sum(event_count) as bigint) as event_count
    from numbered
    group by {{ columns }}, run_number
)
{%- endmacro %}
