"""Every letter there is, one by one."""

from __future__ import annotations

import json
import random
import re
import time
import xml.etree.ElementTree as ET

import pytest

from tests.unit.hostile.letters import COMMANDS, EVERY, KEPT, acting, orders
from workflow.base import wording


def test_no_letter_acts_and_each_is_told() -> None:
    for letter in EVERY:
        shown = wording.line(f"a{letter}b")
        if shown != f"a{letter}b":
            assert shown == f"a{letter.encode('unicode_escape').decode()}b"
        assert not acting(shown), ascii(letter)
        assert "\n" not in shown
        assert "\t" not in shown


@pytest.mark.parametrize("text", KEPT)
def test_letters_of_every_script_stay(text: str) -> None:
    assert wording.line(text) == wording.block(text) == text
    assert wording.json_text(text) == text


def test_most_letters_stay() -> None:
    changed = [letter for letter in EVERY if wording.block(letter) != letter]
    assert len(changed) < 8000  # 2,048 of them half characters, most of the rest without a meaning
    assert not [letter for letter in changed if letter.isalnum() and letter not in "\u115f\u1160\u3164\uffa0"]


@pytest.mark.parametrize("kind", COMMANDS)
def test_lines_of_output_hold_no_command(kind: str) -> None:
    text = wording.disarmed(wording.block(f"{COMMANDS[kind]}\n\u3000\u00a0{COMMANDS[kind]}"))
    assert orders(text) == []
    assert acting(text) == []


def test_json_says_the_same_in_escapes() -> None:
    for text in (*COMMANDS.values(), *KEPT):
        shown = wording.json_text(json.dumps({text: [text]}, ensure_ascii=False))
        assert json.loads(shown) == {text: [text]}
        assert acting(shown) == []


def spans(text: str) -> str:
    """Return what CommonMark shows of a text with backslashes and entities in it."""
    plain = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
    return plain.replace("&lt;", "<").replace("&amp;", "&")


@pytest.mark.parametrize("text", [*COMMANDS.values(), *KEPT, "1. x", "- x", "+", "---", "===", "\\", "\\|", "&lt;"])
def test_markdown_shows_the_text_and_nothing_else(text: str) -> None:
    shown = wording.markdown(text)
    # our own escapes (\x1b) begin with a backslash, too, which Markdown shows because it is escaped itself
    assert spans(shown) == wording.line(text).strip()
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]|~<>]", shown.replace("\\>", ""))
    assert "\n" not in shown


def test_a_code_span_cannot_be_left() -> None:
    draw = random.Random(5)
    for _ in range(500):
        text = "".join(draw.choice("`` a|\n") for _ in range(draw.randint(0, 12)))
        shown = wording.markdown_code(text)
        fence = shown[: len(shown) - len(shown.lstrip("`"))]
        assert shown.endswith(fence)
        inner = shown[len(fence) : -len(fence)]
        assert len(fence) not in {len(run) for run in re.findall("`+", inner)}
        assert "\n" not in shown


def test_what_is_shown_is_valid_xml() -> None:
    for text in COMMANDS.values():
        root = ET.Element("a", b=wording.block(text))
        if "\ufffe" not in text:
            assert ET.fromstring(ET.tostring(root, encoding="unicode")).get("b")  # noqa: S314  our own text


SECRET_ADDRESSES = {
    "https://me:s3cret@host/a/b.h5": "https://host/a/b.h5",
    "https://s3cret@host:8080/": "https://host:8080/",
    "https://host/a?X-Amz-Signature=s3cret&x=1": "https://host/a?...",
    "https://host/a#s3cret": "https://host/a",
    "https://host/a?b#s3cret": "https://host/a?...",
    "https://me:a@s3cret@host/a": "https://host/a",
    "https://me:pa'ss\"s3cret@host/a": "https://host/a",
    "https://me:s3cret/x@host/a": "https://...",
    "https://me:s3cret": "https://...",
    "HTTPS://me:s3cret@HOST/a": "HTTPS://HOST/a",
    "ftp://me:s3cret@host/a": "ftp://host/a",
    "s3://me:s3cret@bucket/a?s3cret": "s3://bucket/a?...",
    "https://[::1]:80/a?s3cret": "https://[::1]:80/a?...",
    "https://me:s3cret@[::1]/a": "https://[::1]/a",
    "https://host/a?u=https://me:s3cret@other/b": "https://host/a?...",
    "https://host/a": "https://host/a",
    "https://host/a?": "https://host/a?",
    "file:///a b?s3cret": "file:///a b?...",
}


@pytest.mark.parametrize("address", SECRET_ADDRESSES)
def test_an_address_is_shown_without_its_secrets(address: str) -> None:
    assert wording.address_text(address) == SECRET_ADDRESSES[address]
    assert wording.address_text(wording.address_text(address)) == wording.address_text(address)


@pytest.mark.parametrize("address", [address for address in SECRET_ADDRESSES if " " not in address])
@pytest.mark.parametrize(
    "sentence", ["{}", "see {}, then", "({})", "'{}' is", "`{}`: 404", "<{}>", "{}.", "x={}", "a {} b {}"]
)
def test_a_sentence_is_shown_without_the_secrets_in_it(address: str, sentence: str) -> None:
    text = sentence.format(address, address)
    shown = wording.scrubbed(text)
    assert "s3cret" not in shown
    assert shown == sentence.format(SECRET_ADDRESSES[address], SECRET_ADDRESSES[address])
    assert wording.scrubbed(shown) == shown
    masked = wording.masked(text)
    assert "s3cret" not in masked
    assert len(masked) == len(text)


@pytest.mark.parametrize(
    "piece", ["a.", ":", ".", "@", "'", "a@", "http://", "http://:", "?", "[", "x://.", "::", " ", "\x1b[m", "`", "1"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = f"http://{piece * 100_000}x://y"
    begin = time.monotonic()
    for change in (wording.scrubbed, wording.masked, wording.identified, wording.address_text, wording.identity):
        change(text)
    for change in (
        wording.line,
        wording.disarmed,
        wording.markdown,
        wording.markdown_code,
        wording.json_text,
    ):
        change(text)
    assert time.monotonic() - begin < 5


def test_what_tells_addresses_apart_has_no_secrets_and_changes_with_the_query() -> None:
    one, other, bare, named = (
        wording.identity(f"https://{host}/a{query}")
        for host, query in (("h", "?s=1"), ("h", "?s=2"), ("h", ""), ("me:s3cret@h", "?s=1"))
    )
    assert len({one, other, bare}) == 3
    assert bare == "https://h/a"
    assert one == named
    assert "s=1" not in one
