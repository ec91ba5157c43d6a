from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.base.errors import RecipeError
from workflow.recipe import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.recipe.conftest import Refuse, Write

WRONG = {
    "unknown top key": ("stpes: []", "1:1: there is no key `stpes`", "Did you mean `steps`?"),
    "no steps": ("name: x", "1:1: `steps` is missing", ""),
    "empty steps": ("steps: []", "1:8: `steps` cannot be an empty list. Expected an entry", ""),
    "steps as mapping": ("steps: {shard: 1}", "1:8: `steps` cannot be a mapping. Expected a list", ""),
    "nothing after key": ("name:\nsteps: [{x: 1}]", "1:6: `name` has no value. Expected text", ""),
    "yes as text": ("name: on\nsteps: [{x: 1}]", "1:7: `name` cannot be the yes-or-no value `true`", "in quotes"),
    "bad name": ("name: a/b\nsteps: [{x: 1}]", "1:7: `name`: `a/b` is no name", ""),
    "bad environment": ("environment: ../x\nsteps: [{x: 1}]", "1:14: `environment`: `../x` is no environment name", ""),
    "unknown kind": ("steps: [{sharrd: {}}]", "1:10: there is no step `sharrd`", "Did you mean `shard`?"),
    "text as step": ("steps: [shard]", "1:9: `shard` is no step", ""),
    "two kinds": ("steps: [{shard: {}, graph: {}}]", "1:21: `shard` and `graph` are two steps in one", ""),
    "not indented": ("steps:\n- shard:\n  input: a", "3:3: `input` stands beside `shard`", "indented further"),
    "no settings": ("steps:\n- shard:", "2:9: `shard` has no value. Expected a mapping", ""),
    "missing input": ("steps: [{graph: {output: a}}]", "1:10: `input` is missing in `graph`", ""),
    "unknown key": ("steps: [{shard: {inptu: a}}]", "1:18: there is no key `inptu` in `shard`", "`input`?"),
    "number as path": ("steps: [{graph: {input: 1, output: b}}]", "1:25: `input` cannot be the number 1", "quotes"),
    "empty path": ("steps: [{graph: {input: '', output: b}}]", "1:25: `input` cannot be an empty text", ""),
    "zero byte": ('steps: [{graph: {input: "a\\0", output: b}}]', "1:25: `input`: a path cannot hold a zero byte", ""),
    "a name too long for a file": (
        f"steps: [{{graph: {{input: {'A' * 300}, output: b}}}}]",
        "1:25: `input`: `AAAA",
        "name of more than 255 bytes",
    ),
    "an output whose record has no name": (
        f"steps: [{{graph: {{input: a.h5, output: {'é' * 110}}}}}]",
        "1:39: `éééé",
        "a name of at most 200 bytes",
    ),
    "no such user": (
        "steps: [{graph: {input: ~nobody_here/a.h5, output: b}}]",
        "1:25: `input`: `~nobody_here/a.h5`",
        "",
    ),
    "negative time": ("steps: [{graph: {input: a.h5, output: b, timeout: 0}}]", "1:51: `timeout` cannot be", "than 0"),
    "endless time": ("steps: [{graph: {input: a.h5, output: b, timeout: .inf}}]", "1:51: `timeout`", "finite"),
    "bad size": (
        "steps: [{shard: {input: a, output: b, shard_size: 4 apples}}]",
        "1:51: `shard_size`: `4 apples`",
        "100kB",
    ),
    "half a byte": ("steps: [{shard: {input: a, output: b, shard_size: 0.0001kB}}]", "is no whole number of bytes", ""),
    "no size": ("steps: [{shard: {input: a, output: b}}]", "1:10: `shard_size` is missing in `shard`", "100kB"),
    "no dtype": ("steps: [{quantize: {input: a, output: b}}]", "1:10: `dtype` is missing in `quantize`", "uint8"),
    "goal misspelt": (
        "steps: [{quantize: {input: a, output: b, auto: {max_eror: 0.1}}}]",
        "1:49: there is no key `max_eror` in `auto`. Expected `max_error` or `max_bytes`",
        "Did you mean `max_error`?",
    ),
    "two goals": (
        "steps: [{quantize: {input: a, output: b, auto: {max_error: 0.1, max_bytes: 5MB}}}]",
        "1:65: `auto`: `max_error` and `max_bytes` are two goals",
        "one of the two",
    ),
    "no goal": ("steps: [{quantize: {input: a, output: b, auto: {}}}]", "1:48: `auto`: there is no goal", "max_bytes"),
    "goal as word": ("steps: [{quantize: {input: a, output: b, auto: small}}]", "1:48: `auto` cannot be `small`", ""),
    "error of all": (
        "steps: [{quantize: {input: a, output: b, auto: {max_error: 1}}}]",
        "1:60: `max_error` cannot be the number 1",
        "less than 1",
    ),
    "bytes no size": (
        "steps: [{quantize: {input: a, output: b, auto: {max_bytes: small}}}]",
        "1:60: `max_bytes`: `small` is no size",
        "4MB",
    ),
    "unknown float word": (
        "steps: [{quantize: {input: a, output: b, dtype: uint8, keep_float: normalization}}]",
        "1:68: an entry of `keep_float` cannot be `normalization`. Expected `biases` or `normalisation`",
        "Did you mean `normalisation`?",
    ),
    "unknown float words": (
        "steps: [{quantize: {input: a, output: b, dtype: uint8, keep_float: [biases, kernels]}}]",
        "1:77: an entry of `keep_float` cannot be `kernels`",
        "",
    ),
    "bad target": (
        "steps: [{python_to_js: {input: a.h5, output: b, format: brwser}}]",
        "`format` cannot be `brwser`",
        "Did you mean `browser`?",
    ),
    "bad dtype": (
        "steps: [{quantize: {input: a, output: b, dtype: uint61}}]",
        "1:49: `dtype` cannot be `uint61`",
        "`uint16`?",
    ),
    "flag as text": (
        "steps: [{graph: {input: a.h5, output: b, skip_op_check: 'yes'}}]",
        "1:57: `skip_op_check`",
        "`true`",
    ),
    "comma in list": ("steps: [{graph: {input: a.h5, output: b, quantize_uint8: ['a,b']}}]", "has a comma", ""),
    "old option": (
        "steps: [{graph: {input: a.h5, output: b, quantization_bytes: 3}}]",
        "1:62: `quantization_bytes`",
        "`1` or `2`",
    ),
    "bad format": (
        "steps: [{convert: {from: kreas, to: keras, input: a, output: b}}]",
        "1:26: `from` cannot be `kreas`",
        "`keras`?",
    ),
    "bad result": (
        "steps: [{convert: {from: keras, to: kreas, input: a, output: b}}]",
        "1:37: `to` cannot be `kreas`. Expected `keras`, `keras_keras`,",
        "`auto`, `browser` or `keras3`. Did you mean `keras`?",
    ),
    "flag as number": (
        "steps: [{graph: {input: a.h5, output: b, quantization_bytes: true}}]",
        "1:62: `quantization_bytes` cannot be the yes-or-no value `true`",
        "`1` or `2`",
    ),
    "empty word": ("engine:\nsteps: [{x: 1}]", "1:8: `engine` has no value. Expected `auto`", ""),
    "empty kind": ("steps: [{'': {}}]", "1:10: there is no step ``", ""),
    "empty kind beside": ("steps: [{shard: {}, '': {}}]", "1:21: `` stands beside `shard`", ""),
    "empty key": ("'': 1\nsteps: [{x: 1}]", "1:1: there is no key ``", ""),
    "nameless output": (
        "steps: [{x: 1}]\nverify: {outputs: {'': {atol: 1}}}",
        "2:20: a name in `outputs` cannot be empty",
        "",
    ),
    "too many": ("steps: [{x: 1}]\nverify: {image_range: [0, 1, 2]}", "2:23: `image_range` has 3 entries", "most 2"),
    "too few": ("steps: [{x: 1}]\nverify: {image_range: [0]}", "2:23: `image_range` has one entry", "least 2"),
    "no such backend there": (
        "steps: [{x: 1}]\nverify: {backends: {node: [webgl]}}",
        "2:28: an entry of `node` cannot be `webgl`. Expected `wasm` or `cpu`",
        "",
    ),
    "endless number": (f"steps: [{{x: 1}}]\nverify: {{atol: 1{'0' * 400}}}", "2:16: `atol` cannot be the", "a number"),
    "option elsewhere": (
        "steps: [{js_to_python: {input: a, output: b.h5, control_flow_v2: true}}]",
        "1:49: `control_flow_v2` means nothing in `js_to_python`",
        "tfjs_graph_model",
    ),
    "no source": ("model: {output: a.h5}\nsteps: [{x: 1}]", "1:1: `model` does not say where the model comes from", ""),
    "two sources": (
        "model: {url: a, script: b, output: c}\nsteps: [{x: 1}]",
        "1:17: `model` has `url` and `script` at once",
        "",
    ),
    "source misspelt": ("model: {scrpt: a}\nsteps: [{x: 1}]", "1:9: there is no key `scrpt` in `model`", "`script`?"),
    "no such network": (
        "model: {keras_application: MobileNetV4, output: a.h5}\nsteps: [{x: 1}]",
        "1:28:",
        "`MobileNetV2`?",
    ),
    "network option": (
        "model: {keras_application: VGG16, output: a.h5, options: {clases: 3}}\nsteps: [{x: 1}]",
        "1:59: there is no key `clases` in `options`",
        "`classes`?",
    ),
    "bad sha256": ("model: {url: 'https://x/y', sha256: abc, output: a}\nsteps: [{x: 1}]", "`abc` is no sha256", "64"),
    "bad url": (
        "model: {url: 'ftp://x/y', sha256: abc, output: a}\nsteps: [{x: 1}]",
        "is no URL that can be fetched",
        "",
    ),
    "url with secrets": (
        "model: {url: 'ftp://me:s3cret@x/y?sig=t0ken', sha256: abc, output: a}\nsteps: [{x: 1}]",
        "`url`: `ftp://x/y?...` is no URL that can be fetched",
        "url: 'ftp://**********x/y?*********', sha256",
    ),
    "unknown runtime": ("steps: [{x: 1}]\nverify: {runtimes: [pyton]}", "2:21: an entry of `runtimes`", "`python`?"),
    "required and not run": (
        "steps: [{shard: {input: a, output: b, shard_size: 4}}]\nverify: {runtimes: [python], require: node}",
        "2:30: `node` is required and not among the runtimes",
        "it in `runtimes`",
    ),
    "required and left out by a step": (
        "steps: [{shard: {input: a, output: b, shard_size: 4, verify: {runtimes: [python]}}}]\nverify: {require: node}",
        "1:63: `node` is required and not among the runtimes",
        "it in `runtimes`",
    ),
    "zero byte in an argument": (
        'model: {script: m.py, arguments: ["a\\0"], output: b}\nsteps: [{x: 1}]',
        "1:34: `arguments`: an argument holds a zero byte",
        "text",
    ),
    "verify as text": ("steps: [{x: 1}]\nverify: maybe", "2:9: `verify` cannot be `maybe`", "a mapping"),
    "bad tolerance": ("steps: [{x: 1}]\nverify: {atol: -1}", "2:16: `atol` cannot be the number -1", "at least 0"),
}


@pytest.mark.parametrize(("text", "expected", "also"), WRONG.values(), ids=WRONG.keys())
def test_each_mistake_is_named_with_its_place(text: str, expected: str, also: str, refusal: Refuse) -> None:
    details = refusal(text)
    assert expected in details
    assert also in details


def test_a_finding_shows_file_line_column_source_and_caret(refusal: Refuse, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert refusal("steps:\n  - shard: {input: a, output: b, shard_sise: 1kB}\n").splitlines() == [
        (
            "recipe.yml:2:34: there is no key `shard_sise` in `shard`. Expected `input`, `output`, `name`, "
            "`timeout`, `verify`, `engine`, `weight_shard_size_bytes`, `quantize_float16`, `quantize_uint8`, "
            "`quantize_uint16`, `quantization_bytes`, `quantize_auto`, `keep_float`, `metadata`, "
            "`split_weights_by_layer`, `dequantize`, `unsafe` or `shard_size`. Did you mean `shard_size`?"
        ),
        "      - shard: {input: a, output: b, shard_sise: 1kB}",
        "                                     ^^^^^^^^^^",
    ]


def test_all_findings_come_at_once_in_the_order_of_the_file(write: Write) -> None:
    with pytest.raises(RecipeError) as caught:
        load(
            write("nmae: x\nsteps:\n- graph: {input: a.h5, output: .}\n- shard: {inptu: 1, output: c, shard_size: x}\n")
        )
    assert caught.value.message.endswith("recipe.yml has 4 errors")
    assert "`tfjs-workflow schema` prints what a recipe may hold" in caught.value.hint
    places = [line.split("recipe.yml:")[1] for line in caught.value.details.splitlines() if "recipe.yml:" in line]
    assert [place.split(": ")[0] for place in places] == ["1:1", "3:32", "4:11", "4:44"]


def test_who_lacks_files_alone_is_told_where_they_are_looked_for(write: Write) -> None:
    missing = "steps:\n- graph: {input: a.h5, output: g}\n"
    for text, words in ((missing, "put the file there"), (missing + "nmae: x\n", "schema")):
        with pytest.raises(RecipeError) as caught:
            load(write(text))
        assert words in caught.value.hint


def test_very_many_findings_are_cut_short(refusal: Refuse) -> None:
    details = refusal("".join(f"key{n}: 1\n" for n in range(50)))
    assert details.endswith("... and 21 more")


def test_a_refused_step_is_not_blamed_on_the_steps_that_need_it(refusal: Refuse) -> None:
    details = refusal(
        "steps:\n- python_to_js: {inptu: a.h5, output: b}\n- graph: {input: b, output: c, from: tfjs_layers_model}\n"
    )
    assert "2:18" in details
    assert "3:" not in details


def test_a_step_without_output_silences_the_search_for_missing_files(refusal: Refuse) -> None:
    details = refusal("steps:\n- python_to_js: {input: a.h5}\n- js_to_python: {input: b, output: c.h5}\n")
    assert "does not exist" not in details


def test_missing_files_and_outputs_used_twice_are_found_beside_other_mistakes(refusal: Refuse) -> None:
    details = refusal(
        "steps:\n"
        "- python_to_js: {input: a.h5, output: b, formt: auto}\n"
        "- graph: {input: c.h5, output: b}\n"
        "verify: {inputs: x.npz, runtimes: [nod]}\n"
    )
    places = [line.split(": ")[0] for line in details.splitlines() if line.startswith("recipe.yml:")]
    assert places == [f"recipe.yml:{place}" for place in ("2:25", "2:42", "3:18", "3:32", "4:18", "4:36")]


def test_a_recipe_whose_only_step_is_refused_still_misses_its_files(refusal: Refuse) -> None:
    details = refusal("steps: [{graph: {input: a.h5, output: b, formt: auto}}]\nverify: {inputs: x.npz}\n")
    assert "`a.h5` does not exist" in details
    assert "`x.npz` does not exist" in details


def test_samples_that_a_refused_script_may_make_are_not_missed(refusal: Refuse) -> None:
    details = refusal(
        "model: {scrpt: m.py, output: a.h5}\nsteps: [{graph: {input: a.h5, output: b}}]\nverify: {inputs: x}\n"
    )
    assert "does not exist" not in details


def test_a_missing_model_of_the_wrong_kind_is_one_finding(refusal: Refuse) -> None:
    details = refusal("steps: [{quantize: {input: a.h5, output: b, dtype: uint8}}]\n")
    assert details.count("recipe.yml:") == 1
    assert "`a.h5` does not exist" in details


@pytest.mark.parametrize("given", ["yes please", "'yes'", "[dense/kernel, 'No']"])
def test_an_answer_in_words_is_no_pattern_of_weights(given: str, refusal: Refuse) -> None:
    details = refusal(f"steps: [{{graph: {{input: a.h5, output: b, quantize_uint8: {given}}}}}]\n")
    assert "is no pattern of weights' names. Expected `true`, or globs" in details
