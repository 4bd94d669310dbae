"""A small share of ``make fuzz``, always of the same seed: a failure prints the command that reproduces it."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from fuzz.mutations import as_json, damaged, spoiled

RUN = Path(__file__).with_name("run.py")
CASES = 25
"""Of each target: what a few seconds allow."""


def run(*targets: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FUZZ_")}
    return subprocess.run(
        [sys.executable, str(RUN), *targets],
        env=kept | {"FUZZ_WORKERS": "1", "FUZZ_SECONDS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_external_input_ends_in_an_error_message():
    ran = run(FUZZ_SEED=os.environ.get("FUZZ_SEED", "1"), FUZZ_CASES=str(CASES))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ", 0 findings" in ran.stdout


def test_a_seed_is_a_case():
    document = {"metadata": {"name": "a"}, "items": [1, {"b": None}]}
    for number in range(200):
        one, again = (as_json(spoiled(document, Random(number))) for _ in range(2))
        assert one == again
        assert damaged(one, Random(number)) == damaged(one, Random(number))
    assert document == {"metadata": {"name": "a"}, "items": [1, {"b": None}]}
