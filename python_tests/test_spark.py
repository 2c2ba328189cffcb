"""What can be said of Spark's dialect without a Spark; `make test-spark` runs the models on one."""

import re
import unicodedata

import pytest
from real_data import REPOSITORY

MACROS = (REPOSITORY / "macros" / "spark_letters.sql").read_text()


def letters(name: str) -> str:
    """One of the texts of the macro spark_letters, as Spark reads it."""
    (parts,) = re.findall(rf"'{name}': ((?:'[^']*'\s*~?\s*)+),", MACROS)
    text = "".join(re.findall("'([^']*)'", parts))
    return re.sub(r"\\\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def test_letters_are_composed_as_unicode_composes_them():
    composed, first, mark, bare = map(letters, ("composed", "first", "mark", "bare"))
    assert len(composed) == len(first) == len(mark) == len(bare) > 700
    for whole, letter, accent, plain in zip(composed, first, mark, bare, strict=True):
        assert unicodedata.normalize("NFC", letter + accent) == whole
        assert plain == "".join(c for c in unicodedata.normalize("NFD", whole) if not unicodedata.combining(c))
        # A letter with two accents is put together in two steps.
        assert letter not in composed or composed.index(letter) < composed.index(whole)


@pytest.mark.parametrize("word", ["café", "naïve", "Ångström", "Việt", "Čeština", "Ёлка", "ήλιος"])
def test_words_in_two_normal_forms_come_out_alike(word):
    text = unicodedata.normalize("NFD", word)
    for whole, letter, accent in zip(*map(letters, ("composed", "first", "mark")), strict=True):
        text = text.replace(letter + accent, whole)
    assert text == unicodedata.normalize("NFC", word)


def test_every_macro_that_duckdb_has_of_its_own_spark_has_too():
    sql = "\n".join(path.read_text() for path in (REPOSITORY / "macros").glob("*.sql"))
    wanted = set(re.findall(r"macro duckdb__(\w+)\(", sql)) & set(re.findall(r"adapter\.dispatch\('(\w+)'", sql))
    # What has a plain form for whoever has none of its own.
    plain = set(re.findall(r"macro default__(\w+)\(", sql))
    assert wanted - plain <= set(re.findall(r"macro spark__(\w+)\(", sql))
