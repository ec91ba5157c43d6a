"""What is told of an exception: the words of whoever raised it, as Keras and TensorFlow wrap them."""

from __future__ import annotations

import pytest

from workflow.worker.shared import error_words

WRAPPED = (
    "<class 'keras.src.models.sequential.Sequential'> could not be deserialized properly. Please ensure that "
    "components are custom objects.\n\nconfig={'module': 'keras', 'class_name': 'Sequential'}.\n\n"
    "Exception encountered: Unable to revive model from config."
)
CALLED = (
    "Exception encountered when calling Own.call().\n\n\x1b[1mCannot convert 3 to EagerTensor of dtype float\x1b[0m\n\n"
    "Arguments received by Own.call():\n  • args=('<KerasTensor shape=(None, 4)>',)"
)
AT_NODE = (
    "Graph execution error:\n\nDetected at node 'ParseExample' defined at (most recent call last):\n  File \"a.py\"\n"
    "Node: 'ParseExample'\nCould not parse example input, value: 'x'\n\t [[{{node ParseExample}}]] [Op:__inference_1]"
)
IN_CODE = (
    'in user code:\n\n    File "own.py", line 3, in call  *\n        return 1 / 0\n\n'
    "    ZeroDivisionError: division by zero\n"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one\n  line and\nanother", "one line and another"),
        ("a cause\n\nand what explains it at length", "a cause"),
        ("", "(no message)"),
        (" \n ", "(no message)"),
        (WRAPPED, "Unable to revive model from config."),
        (CALLED, "Cannot convert 3 to EagerTensor of dtype float (when calling Own.call())"),
        (AT_NODE, "Could not parse example input, value: 'x'"),
        (IN_CODE, "ZeroDivisionError: division by zero"),
        ("Op failed\n\t [[{{node a}}]]\nOriginal stack trace for 'a':\n File", "Op failed"),
    ],
)
def test_the_words_of_whoever_raised_it_are_told(text: str, told: str) -> None:
    assert error_words.of(text) == told
    assert error_words.of_exception(ValueError(text)) == f"ValueError: {told}"


def test_a_message_of_some_hundred_characters_is_told_whole_and_a_longer_one_is_cut_between_words() -> None:
    text = "All `axis` values to be kept must have known shape. " * 15
    assert error_words.of(text) == text.strip()
    cut = error_words.of("word " * 1000)
    assert cut.endswith("word [...]")
    assert len(cut) < 1010
