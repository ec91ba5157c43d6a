from __future__ import annotations

from workflow.base.addresses import shown


def test_a_url_is_shown_without_its_password() -> None:
    assert shown("https://me:secret@host:1/a?b") == "https://host:1/a?..."
    assert shown("https://host/a") == "https://host/a"
