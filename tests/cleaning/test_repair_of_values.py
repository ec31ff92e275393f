"""Repair of values that break the format of their column, and of misspelled words: planted slips, and what stays."""

from collections import Counter

import numpy as np
import pytest
from data_health.cleaning.meant import meant_values
from data_health.cleaning.settings import DEFAULTS
from data_health.cleaning.shapes import column_format, shape
from data_health.cleaning.text import edit_distance

pytestmark = pytest.mark.quick

DATES = [f"{month:02}/{day:02}/{year}" for year in (2020, 2021, 2022) for month in range(1, 13) for day in range(1, 29)]


def meant(values):
    """What each wrong value becomes."""
    return {value: found.value for value, found in meant_values(Counter(values), DEFAULTS).items()}


def test_shapes():
    assert shape("04/21/2021", with_lengths=True) == "99/99/9999"
    assert shape("(41.9, -87.63)", with_lengths=False) == "(9.9, -9.9)"
    assert shape("Größe B31682806", with_lengths=True) == "Aa A99999999"
    assert shape("", with_lengths=True) == ""


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("07/23/s2021", "07/23/2021"),
        ("m09/14/2021", "09/14/2021"),
        ("10/222021", "10/22/2021"),
        ("0/630/2021", "06/30/2021"),
        ("04/21/221", "04/21/2021"),
        ("08/16/0221", "08/16/2021"),
        ("02/06/2202", "02/06/2022"),
    ],
)
def test_a_broken_date_becomes_the_only_date_that_it_can_have_been(wrong, right):
    assert meant([*DATES, wrong]) == {wrong: right}


@pytest.mark.parametrize("wrong", ["07/2/2021", "02/09/202", "13/13/2021", "00/00/0000", "12/31/9999", "unknown", "x"])
def test_a_date_that_can_have_been_several_stays(wrong):
    assert meant([*DATES, wrong]) == {}


def test_a_date_of_another_century_and_a_real_old_date_stay():
    assert meant([*DATES, "05/06/1912", "05/06/1721", "05/06/2012"]) == {}


def test_many_rows_of_one_value_tell_which_it_was():
    numbers = [f"K{number:08}" for number in np.random.default_rng(1).integers(10**7, 10**8, 300)]
    wrong = {text: "B31682806" for text in ("Bf31682806", "31682806", "B3168206", "B31h682806")}
    assert meant([*numbers, *["B31682806"] * 400, *wrong]) == wrong


def test_coordinates_lose_what_is_not_of_a_number():
    random = np.random.default_rng(2)
    places = [f"({a:.8f}, {b:.8f})" for a, b in random.uniform([41, -88], [42, -87], (300, 2))]
    wrong = {
        "(41.9660v1140, -87.83683117)": "(41.96601140, -87.83683117)",
        "(41.72246624 -87.56667305)": "(41.72246624, -87.56667305)",
        "4(1.93140629, -87.74793697)": "(41.93140629, -87.74793697)",
        "(41.87186361, -87.72905737)***": "(41.87186361, -87.72905737)",
    }
    # a decimal point at another place, a digit less or more: nobody can tell
    stay = ["(4.196601140, -87.83683117)", "(41.9660114, -87.83683117)"]
    assert meant([*places, *wrong, *stay]) == wrong


def test_marks_that_other_values_have_too_stay():
    notes = ["a*b", "12.5***", "13.5***", *(f"{number}.5" for number in range(100))]
    assert meant(notes) == {}
    assert meant(notes[1:]) == {"12.5***": "12.5", "13.5***": "13.5"}


def test_words_in_longer_texts():
    counties = ["Clatsop County", "Marion County", "Lane County", "Wasco County", "Benton County"]
    wrong = {"Clatsop Counthy": counties[0], "Marion Conty": counties[1], "Lane Countty": counties[2]}
    assert meant(counties * 40 + list(wrong)) == wrong


def test_small_letters_between_capitals():
    streets = ["W GARFIELD BLVD", "S ARCHER AVE", "N ASHLAND AVE", "W DIVISION ST"]
    addresses = [f"{number} {streets[number % 4]}" for number in range(1000, 1200)]
    wrong = {"1601 W GARrFIELD BLVD": "1601 W GARFIELD BLVD", "2205 S ARqCHER AVE": "2205 S ARCHER AVE",
             "2207 S ARCHERm AVE": "2207 S ARCHER AVE", "1853 W DIVSION ST": "1853 W DIVISION ST"}  # fmt: skip
    assert meant([*addresses, *wrong, "77 McDONALD ST"]) == wrong


@pytest.mark.parametrize(
    "values",
    [
        ["250.83", "401", "428", "250.01"] * 100 + ["V57", "E909", "V45", "E885"] * 3,  # codes with rare letters
        ["DTS", "POM", "SGT"] * 60 + ["DT2", "DT3"],  # a digit at the end says something
        ["room 2", "room 3"] * 60 + ["room 2b", "room"],
        ["yes", "no"] * 60 + ["NA", "N/A", "na", "none", "?", "nos"],
        ["2.5", "3.1", "12.9"] * 60 + ["25", "84", "3", "1e5"],  # numbers of other lengths are numbers
        ["0", "1", "3"] * 60 + ["10", "20", "103"],
        ["O'Fallon", "Wilkes-Barre", "Denver", "Boulder"] * 10 + ["Ofallon Park", "St. Paul", "DeKalb"],
        ["60606", "60612", "60647"] * 60 + ["60606-1234", "6060", "606471"],
        ["CA", "NY", "LA", "TX"] * 60 + ["AL", "AC", "N"],
        ["same"] * 50,
        [],
        [""] * 5,
        ["x" * 5000, "y" * 5000 + "*" * 5000] * 3,
    ],
)
def test_what_stays(values):
    assert meant(value for value in values if value) == {}


@pytest.mark.parametrize("seed", range(100))
def test_clean_tables_of_mixed_kinds_stay(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(50, 800))
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(random.choice(letters, random.integers(3, 10))) for _ in range(int(random.integers(3, 200)))]
    frequency = 1 / np.arange(1, len(words) + 1)
    drawn = random.choice(words, n, p=frequency / frequency.sum())
    columns = {
        "words": drawn,
        "capitals": [word.upper() for word in drawn],
        "two words": [f"{a} {b}" for a, b in zip(drawn, random.permutation(drawn), strict=True)],
        "ids": [f"K{number}" for number in random.integers(10**6, 10**7, n)],
        "codes": [f"{letter}{number}" for letter, number in zip(random.choice(list("ABCV"), n, p=[0.5, 0.3, 0.18, 0.02]),
                                                               random.integers(1, 99, n), strict=True)],
        "money": [f"{number:.2f}" for number in random.lognormal(3, 2, n)],
        "counts": [str(number) for number in random.poisson(random.uniform(0.1, 50), n)],
        "zeros": [str(number) if number > 1 else "0" for number in random.lognormal(0, 1, n)],
        "dates": random.choice(DATES, n),
        "times": [f"{hour:02}:{minute:02}" for hour, minute in random.integers([0, 0], [24, 60], (n, 2))],
        "postcodes": [f"{number:05}" for number in random.integers(0, 99999, n)],
    }  # fmt: skip
    assert {name: meant(map(str, values)) for name, values in columns.items()} == {name: {} for name in columns}


def test_no_format_where_there_is_none():
    assert column_format(Counter()) is None
    assert (
        column_format(
            Counter(
                [
                    "a-1",
                    "b+2",
                    "(c)",
                    "3%",
                    "#4",
                    "d/5",
                    "e.f",
                    "7?",
                    "g_h",
                    "8!",
                    "i=9",
                    "jk&l",
                    "1:2",
                    "{m}",
                    "[n]",
                    "o^p",
                    "5~",
                    "q|r",
                    "$6",
                    "s<t",
                    "u>v",
                ]
                * 2
            )
        )
        is None
    )


def test_a_meant_value_is_one_slip_away():
    random = np.random.default_rng(4)
    wrong = []
    for text in random.choice(DATES, 60):
        place = int(random.integers(len(text)))
        wrong.append(text[:place] + random.choice(list("abcxyz")) + text[place:])
    found = meant([*DATES, *wrong])
    assert set(found) == set(wrong)
    assert all(edit_distance(value, right, 1) == 1 for value, right in found.items())
