"""Map the R community survey of 2018 to survey answers and customers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mapping import write_raw_folder

WHERE_TO_FIND = (
    "It is the R community survey of 2018, English and Spanish, from the folder 2018/data of "
    "https://github.com/rstudio/r-community-survey, under Apache-2.0: save both languages in one file with the columns "
    "that the example's README lists, and name its folder with --data."
)

SOURCE = """
select
    *,
    strptime(Qtime, '%Y-%m-%dT%H:%M:%SZ') as given_at
from read_csv($1, header = true, delim = ',', quote = '"', escape = '"', nullstr = 'NA', all_varchar = true)
"""

# Whoever answered how difficult R is *expected* to be was on the form's branch for people who do not use R, where the
# three questions do not appear: not asked, which is not the same as asked and silent.
SURVEY_ANSWERS = """
select
    row || '-' || question as answer_id,
    row as customer_id,
    question,
    given_at as sent_at,
    case when score is not null then given_at end as answered_at,
    cast(score as integer) as score,
    language
from source
unpivot include nulls (
    score for question in (
        Qrecommend as 'recommend', Qr_enjoyment as 'enjoyment', Qr_difficulty_experienced as 'difficulty'
    )
)
where Qr_difficulty is null
order by cast(row as integer), question
"""

LABELS = Path(__file__).resolve().parent / "labels.csv"

# The Spanish form's own labels become the English ones, or each segment would be split in two.
CUSTOMERS = f"""
with labels as (
    select map(list(spanish), list(english)) as english_of
    from read_csv('{str(LABELS).replace("'", "''")}', header = true, all_varchar = true)
)

select
    row as customer_id,
    given_at as updated_at,
    language,
    coalesce(english_of[split_part(Qcountry, ' / ', 1)], split_part(Qcountry, ' / ', 1)) as country,
    coalesce(english_of[Qr_experience], Qr_experience) as experience,
    coalesce(english_of[Qindustry], Qindustry) as industry
from source
cross join labels
order by cast(row as integer)
"""

if __name__ == "__main__":
    write_raw_folder(
        Path(__file__).resolve().parent,
        "r_community_survey_2018.csv",
        WHERE_TO_FIND,
        SOURCE,
        {"survey_answers": SURVEY_ANSWERS, "customers": CUSTOMERS},
    )
