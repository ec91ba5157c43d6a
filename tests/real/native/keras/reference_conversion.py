"""Runs in the converter environment: the reference converter over many files in one process.

``python reference_conversion.py JOBS.json`` with a list of argument lists; what fails is left out.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import sys

from tensorflowjs.converters.converter import convert

for arguments in json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")):
    try:
        convert(arguments)
    except Exception as error:  # noqa: BLE001, PERF203  the test looks at what is there afterwards
        sys.stderr.write(f"{arguments[-2]}: {str(error)[:200]}\n")
        shutil.rmtree(arguments[-1], ignore_errors=True)
