"""Write the golden files of tests/unit/golden anew, and print every difference; ``--dry-run`` prints alone.

``scripts/write_golden.py [--dry-run]``: what differs is what users meet: steps that run again, other bytes, other
messages. Commit it with the change that means it, and say so in the CHANGELOG.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.unit.golden import (  # noqa: E402  the checkout beside this script is tried
    askings,
    bad_recipes,
    comparisons,
    contained,
    damaged_conversions,
    damaged_documents,
    damaged_hdf5,
    damaged_keras,
    declared,
    environments,
    failures,
    findings,
    folded_weights,
    inquiries,
    judgements,
    measurements,
    native_results,
    places,
    quantizations,
    readings,
    refusals,
    refused_files,
    reports,
    screens,
    step_keys,
    verifications,
    verified_damages,
    walls,
    words,
)
from tests.unit.golden.store import differences, store, stored  # noqa: E402  as above

MAKERS = {
    askings.FILE: askings.all_askings,
    contained.FILE: contained.all_refusals,
    step_keys.FILE: step_keys.all_keys,
    native_results.FILE: native_results.all_results,
    bad_recipes.FILE: bad_recipes.all_messages,
    damaged_conversions.FILE: damaged_conversions.all_outcomes,
    declared.FILE: declared.all_declared,
    failures.FILE: failures.all_failures,
    findings.FILE: findings.all_findings,
    inquiries.FILE: inquiries.all_inquiries,
    judgements.FILE: judgements.all_judgements,
    measurements.FILE: measurements.all_measurements,
    places.FILE: places.all_places,
    readings.FILE: readings.all_readings,
    refusals.FILE: refusals.all_refusals,
    reports.FILE: reports.all_reports,
    screens.FILE: screens.all_screens,
    walls.FILE: walls.all_walls,
    words.FILE: words.all_words,
    environments.FILE: environments.all_stories,
    comparisons.FILE: comparisons.all_comparisons,
    damaged_documents.FILE: damaged_documents.all_outcomes,
    damaged_hdf5.FILE: damaged_hdf5.all_outcomes,
    damaged_keras.FILE: damaged_keras.all_outcomes,
    verifications.FILE: verifications.all_verifications,
    folded_weights.FILE: folded_weights.all_comparisons,
    quantizations.FILE: quantizations.all_outcomes,
    refused_files.FILE: refused_files.all_refusals,
    verified_damages.FILE: verified_damages.all_reports,
}


def main() -> int:
    """Write each golden file that differs; return 1 when one does and nothing is to be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="print what differs, write nothing")
    dry = parser.parse_args().dry_run
    changed = {name: _changed(name, dry=dry) for name in MAKERS}
    for name, lines in changed.items():
        verb = "would be written" if dry else "written"
        print(f"{name}: {f'{verb}, {len(lines)} lines of differences:' if lines else 'as it was'}")
        for line in lines:
            print(f"  {line}")
    return int(dry and any(changed.values()))


def _changed(name: str, *, dry: bool) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TFJS_WORKFLOW_HOME"] = str(Path(folder, "home"))
        found = MAKERS[name](Path(folder).resolve())
    return differences(stored(name), found) if dry else store(name, found)


if __name__ == "__main__":
    sys.exit(main())
