from __future__ import annotations

from workflow.base.wording import address_text


def test_a_url_is_shown_without_its_password() -> None:
    assert address_text("https://me:secret@host:1/a?b") == "https://host:1/a?..."
    assert address_text("https://host/a") == "https://host/a"
