from __future__ import annotations

import pytest

from workflow.worker.shared.wording import in_words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (7_800_000_000, "7.8 GB"),
        (1 << 40, "1.1 TB"),
        (1 << 63, "9.2 EB"),
    ],
)
def test_bytes_are_said_with_a_unit(count: int, words: str) -> None:
    assert in_words(count) == words
