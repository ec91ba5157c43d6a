"""Runs as the journal writes them, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

OLD_OUTPUT: Json = {
    "name": "digit",
    "max_abs": 0.0205,
    "mean_abs": 7.8e-05,
    "finite": {"source": True, "result": True},
    "reference": {"min": 0.0, "max": 1.0, "std": 0.3},
    "spread": 0.29,
    "cosine": 0.99999,
    "top1": 1.0,
}
ACCURACY = {"source": 0.99, "result": 0.985}


def output(max_abs: float, **more: Any) -> Json:
    return {**OLD_OUTPUT, "max_abs": max_abs, **more}


def python_check(max_abs: float = 0.0) -> Json:
    """A check that ran in Python alone, with its numbers at the top."""
    return {
        "runtime": "python",
        "max_abs": max_abs,
        "top1": 1.0,
        "accuracy": ACCURACY,
        "outputs": [output(max_abs)],
        "samples": 360,
        "versions": {"python": "3.8.18", "tensorflow": "2.13.1"},
        "warnings": [],
    }


def place(runtime: str, backend: str | None, max_abs: float, *, median: float = 2.0, **more: Any) -> Json:
    histogram = {"edges": [1e-8, 1e-7, 1e-6], "counts": [3, 4], "zero": 10, "not_finite": 0}
    worst = [{"index": [3, 1], "expected": 0.9, "actual": 0.9 + max_abs, "difference": max_abs}]
    return {
        "runtime": runtime,
        "backend": backend,
        "status": "passed",
        "outputs": [output(max_abs, histogram=histogram, worst=worst, bound=1e-3)],
        "accuracy": ACCURACY,
        "timings": {"load_ms": 10.0, "first_ms": 20.0, "median_ms": median, "spread_ms": 0.1, "count": 20},
        "load_average": 0.7,
        "facts": {"fallbacks": ["Einsum on cpu"]},
        "versions": {"tfjs": "4.22.0"},
        **more,
    }


def full_check(max_abs: float = 1e-6, *, median: float = 2.0) -> Json:
    """A check of all four levels, in Python, Node and a browser, one backend of which is not there."""
    levels: list[Json] = [
        {"level": name, "status": "passed", "findings": []} for name in ("structure", "weights", "contract")
    ]
    return {
        "levels": [*levels, {"level": "outputs", "status": "passed", "seconds": 1.5}],
        "runs": [
            place("python", None, max_abs),
            place("node", "wasm", max_abs + 1e-7, median=median),
            place("browser", "webgl", max_abs + 2e-7, median=3 * median),
        ],
        "versions": {"python": "3.8.18"},
    }


def step(name: str, kind: str, check: Json, *, to: str = "tfjs_layers_model", **more: Any) -> Json:
    quantize = " '--quantize_uint8=*'" if kind == "quantize" else ""
    command = f"tensorflowjs_converter --output_format={to}{quantize} data/in data/{name}"
    return {
        "step": name,
        "kind": kind,
        "output": f"/home/user/project/data/{name}",
        "status": "done",
        "reasons": ["no finished result yet"],
        "seconds": 1.25,
        "bytes": {"before": 1000, "after": 900},
        "facts": {"engine": "native", "command": command, "check": check, "seconds": 1.25},
        "error": None,
        **more,
    }


def run_of(*steps: Json, **more: Any) -> Json:
    return {
        "recipe": "/home/user/project/recipes/digits.yml",
        "name": "digits",
        "started": "20261122T223835",
        "seconds": 10.5,
        "tool": "0.1.0",
        "environment": {"name": "tfjs", "manager": "embedded", "python": "3.8.18", "lock": "f50e20d37564d15a"},
        "steps": list(steps),
        **more,
    }


def full_run() -> Json:
    """Four conversions that were run everywhere."""
    return run_of(
        step("python_to_js", "python_to_js", full_check()),
        step("js_to_python", "js_to_python", python_check(), to="keras"),
        step("quantize", "quantize", full_check(0.0205)),
        step("graph", "graph", full_check(2e-6, median=1.0), to="tfjs_graph_model"),
    )


def failed_step(name: str = "python_to_js", check: Json | None = None) -> Json:
    error = {
        "class": "VerificationError",
        "exit_code": 40,
        "message": "output digit differs by up to 1.6, allowed is 0.001",
        "hint": "look at <up_sampling>",
        "details": "digit | 1.6",
        "log": "/x.log",
    }
    return step(name, "python_to_js", check or {}, status="failed", error=error)
