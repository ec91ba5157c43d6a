"""The bytes of what is converted without TensorFlow; ``scripts/write_golden.py`` writes their digests anew.

Where other bytes are meant, ``REVISION`` of the native engine goes up with them: what was made before is made again.
A ``.keras`` archive holds the time at which it was written; that alone is blank here (``native_results._of_members``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.golden import native_results
from tests.unit.golden.store import require_equal, stored
from workflow.conversion.native import EDGES

if TYPE_CHECKING:
    from pathlib import Path


def test_every_native_conversion_writes_the_bytes_that_it_wrote(tmp_path: Path) -> None:
    require_equal(native_results.FILE, native_results.all_results(tmp_path))


def test_golden_results_cover_every_native_conversion() -> None:
    assert {(have, want) for _, have, want, _ in native_results.cases().values()} == {*EDGES}
    assert [name for name, result in stored(native_results.FILE).items() if "files" not in result] == [
        "3.15-gru_after m.h5"
    ]
