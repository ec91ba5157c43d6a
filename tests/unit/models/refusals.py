"""One way to say in a test that a file is refused, and with which words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import ModelFileError
from workflow.models.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.catalogue.formats import Format


def refused(path: Path, expected: Format, *words: str) -> ModelFileError:
    """Assert that the file is refused, with a hint, and with all words in message and hint; return the error."""
    with pytest.raises(ModelFileError) as caught:
        inspect_model(path, expected)
    text = f"{caught.value.message} {caught.value.hint}"
    assert caught.value.hint
    for word in words:
        assert re.search(re.escape(word), text), f"{word!r} not in {text!r}"
    return caught.value
