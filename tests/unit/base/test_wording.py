from __future__ import annotations

import pytest

from workflow.base import wording

TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (17_120_000, "17.1 MB"),
        (2_000_000_000, "2.0 GB"),
        (1234 * 10**9, "1234.0 GB"),
        (1500.5, "1.5 kB"),
    ],
)
def test_bytes_are_said_in_powers_of_ten(count: float, text: str) -> None:
    assert wording.size_text(count) == text


def test_one_is_not_said_as_many_are() -> None:
    assert [wording.plural(count, "file") for count in (0, 1, 2, 1000)] == [
        "0 files",
        "1 file",
        "2 files",
        "1,000 files",
    ]


def test_of_many_names_some_are_said() -> None:
    assert wording.some(["a", "b"]) == "a, b"
    assert wording.some(map(str, range(9)), limit=3) == "0, 1, 2 and 6 more"


def test_text_from_a_file_is_quoted_cut_and_harmless() -> None:
    assert wording.shown("a\x1b[1m") == r"'a\x1b[1m'"
    assert wording.shown("x" * 61) == f"'{'x' * 60}…'"


@pytest.mark.parametrize(
    ("value", "text"),
    [({}, "an object"), ([], "a list"), ("", "text"), (True, "true or false"), (1, "a number"), (None, "null")],
)
def test_kinds_of_values_are_said_in_words(value: object, text: str) -> None:
    assert wording.kind_of(value) == text


def test_times_have_as_many_digits_as_mean_something() -> None:
    said = [wording.seconds_text(value) for value in (None, 0.0123, 1.234, 12.34)]
    assert said == [wording.UNKNOWN, "12 ms", "1.23 s", "12.3 s"]
    found = [wording.milliseconds_text(value) for value in (None, 0.123, 1.23, 12.3, 1234.0)]
    assert found == [wording.UNKNOWN, "0.12 ms", "1.2 ms", "12 ms", "1,234 ms"]


def test_only_what_is_whole_is_a_hundred_per_cent() -> None:
    assert [wording.share_text(value) for value in (None, 1, 0.9999, 0.5)] == [
        wording.UNKNOWN,
        "100%",
        "<100%",
        "50.0%",
    ]
    assert [wording.accuracy_text(value) for value in (None, 0.98765)] == [wording.UNKNOWN, "98.77%"]


def test_differences_ratios_and_numbers_are_short() -> None:
    assert [wording.difference_text(value) for value in (None, 0, 0.00016)] == [wording.UNKNOWN, "0", "1.6e-04"]
    assert [wording.ratio_text(value) for value in (1.4, 44.4)] == [f"1.40{TIMES}", f"44{TIMES}"]
    assert [wording.number_text(value) for value in (1.23456, "nan")] == ["1.235", "nan"]
    assert wording.round_text("50.0 kB") == "50 kB"


@pytest.mark.parametrize(
    ("why", "remedy", "wanted"),
    [
        ("no program is there", "correct it", "no program is there; correct it"),
        ("It is off.", "turn it on", "It is off; turn it on"),
        ("it is off", "", "it is off"),
        ("", "", ""),
    ],
)
def test_a_reason_and_its_remedy_are_set_apart(why: str, remedy: str, wanted: str) -> None:
    assert wording.sentence(why, remedy) == wanted
