{#
  Themes of comments. A comment is folded, so that case, accents and signs do not matter, and the patterns of the seed
  comment_themes are written on folded text.
#}

{% macro searched_text(comment) -%}
{#- The part of a comment that is searched: its first 10,000 characters, so that a pasted file costs no more than a long letter. -#}
substr({{ comment }}, 1, 10000)
{%- endmacro %}


{% macro fold_text(text) %}
{#-
  Lower case, without accents, with a space for whatever is neither letter nor digit, and one before and one after it: so each
  word begins and ends with a space. Example: fold_text('Trop «CHER» !') = ' trop  cher   '.
-#}
{{- adapter.dispatch('fold_text', 'customer_scores')(text) -}}
{% endmacro %}

{% macro duckdb__fold_text(text) -%}
' ' || regexp_replace(strip_accents(lower({{ text }})), '[^\p{L}\p{M}\p{N}]', ' ', 'g') || ' '
{%- endmacro %}


{% macro fold_pattern(pattern) %}
{#- A pattern as it would be written on folded text; what differs from it can never match. -#}
{{- adapter.dispatch('fold_pattern', 'customer_scores')(pattern) -}}
{% endmacro %}

{% macro duckdb__fold_pattern(pattern) -%}
strip_accents(lower({{ pattern }}))
{%- endmacro %}


{% macro has_other_signs(pattern) %}
{#- Whether a pattern has a sign that is neither in folded text nor an operator, or begins with a space; `-` stands in brackets alone. -#}
{{- adapter.dispatch('has_other_signs', 'customer_scores')(pattern) -}}
{% endmacro %}

{% macro duckdb__has_other_signs(pattern) -%}
regexp_matches(
    regexp_replace({{ pattern }}, '\[[\p{L}\p{N} -]+\]', 'x', 'g'), '[^\p{L}\p{N} |()?._{},*+]|^ '
)
{%- endmacro %}


{% macro is_regular_expression(text) %}
{#- Whether a text can be read as a regular expression. -#}
{{- adapter.dispatch('is_regular_expression', 'customer_scores')(text) -}}
{% endmacro %}

{% macro duckdb__is_regular_expression(text) -%}
try(regexp_matches('', {{ text }})) is not null
{%- endmacro %}


{% macro matches_empty_text(pattern) %}
{#- Whether a regular expression matches where nothing is written; null where the text is none. -#}
{{- adapter.dispatch('matches_empty_text', 'customer_scores')(pattern) -}}
{% endmacro %}

{% macro duckdb__matches_empty_text(pattern) -%}
try(regexp_matches('', {{ pattern }}))
{%- endmacro %}


{% macro theme_matches(comments, patterns) %}
{#-
  A subquery: one row per comment and pattern that matches it, with the columns answer_id, theme, language (of the pattern),
  `word_start` (position in the text before it was folded) and `words` (what matched, folded, with a space before it); the first
  match of each. `comments` has answer_id, folded_text and language (null: the patterns of all languages are tried); `patterns`
  theme, language (`all`: for every comment) and pattern. A match begins where a word begins.
-#}
{{- adapter.dispatch('theme_matches', 'customer_scores')(comments, patterns) -}}
{% endmacro %}

{% macro duckdb__theme_matches(comments, patterns) -%}
{#-
  DuckDB compiles a pattern that comes from a column anew for each row, which costs twenty times as much as the search itself.
  So a thousand comments are one text, a line each: number, colon, folded text, which has no line ends and no colons.
-#}
{%- set line = "'(?m-s)^([0-9]+):(.*?)( (?:' || patterns.pattern || '))'" -%}
(
    with numbered as (
        select *, row_number() over (order by answer_id) as comment_number
        from {{ comments }}
    ),

    blocks as (
        select
            language,
            comment_number // 1000 as block,
            string_agg(comment_number || ':' || folded_text, chr(10) order by comment_number) as lines
        from numbered
        group by language, block
    ),

    found as (
        select
            patterns.theme,
            patterns.language,
            unnest(regexp_extract_all(blocks.lines, {{ line }}, 1)) as comment_number,
            unnest(regexp_extract_all(blocks.lines, {{ line }}, 2)) as text_before,
            unnest(regexp_extract_all(blocks.lines, {{ line }}, 3)) as words
        from blocks
        inner join {{ patterns }} as patterns
            on blocks.language is null or patterns.language in (blocks.language, 'all')
    )

    select
        numbered.answer_id,
        found.theme,
        found.language,
        length(found.text_before) + 1 as word_start,
        found.words
    from found
    inner join numbered on cast(found.comment_number as bigint) = numbered.comment_number
)
{%- endmacro %}


{% macro comment_sentiments() -%}
{#- The sentiments that the Python model computes; none where the var python_models leaves it out. -#}
{%- if customer_scores.python_models() -%}
{{ ref('int_comment_sentiments') }}
{%- else -%}
(
    select
        cast(null as {{ dbt.type_string() }}) as answer_id,
        cast(null as {{ customer_scores.type_double() }}) as sentiment,
        cast(null as {{ dbt.type_string() }}) as sentiment_status
    where false
)
{%- endif -%}
{%- endmacro %}


{% macro published_text(text) -%}
{#- What people wrote, where the var publish_comments allows it to leave the work database, else null. -#}
{%- if customer_scores.publish_comments() -%} {{ text }} {%- else -%} cast(null as {{ dbt.type_string() }}) {%- endif -%}
{%- endmacro %}
