"""Are the fixtures what the script makes, and do they say what the notebook says?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import checks
import numpy as np
import pytest

from solutions.batchnorm import make_fixtures, problems, reference


@pytest.fixture(scope="module")
def public() -> dict[str, np.ndarray]:
    with np.load(make_fixtures.PUBLIC, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def test_fixtures_are_reproduced_bit_for_bit() -> None:
    """Could a fixture have been changed by hand?"""
    assert make_fixtures.differing() == []


def test_check_names_a_file_that_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does `--check` see one changed bit?"""
    changed = tmp_path / "public_fixtures.npz"
    content = bytearray(make_fixtures.PUBLIC.read_bytes())
    content[-200] ^= 1
    changed.write_bytes(content)
    monkeypatch.setattr(make_fixtures, "PUBLIC", changed)
    assert changed in make_fixtures.differing()


def test_command_checks_and_writes_nothing() -> None:
    """Does the documented command run, and exit 0 on a clean checkout?"""
    command = [sys.executable, "-m", "solutions.batchnorm.make_fixtures", "--check"]
    done = subprocess.run(command, cwd=make_fixtures.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_reference_agrees_with_the_public_fixtures(public: dict[str, np.ndarray]) -> None:
    """Would the visible checks accept the reference?"""
    for group, function in (("backward", reference.batchnorm_backward), ("alt", reference.batchnorm_backward_alt)):
        x, gamma, beta, dout = (public[f"{group}__{name}"] for name in ("x", "gamma", "beta", "dout"))
        bn_param = {"mode": "train", "eps": float(public[f"{group}__eps"])}
        found = function(dout, reference.batchnorm_forward(x, gamma, beta, bn_param)[1])
        for name, got in zip(("dx", "dgamma", "dbeta"), found, strict=True):
            right, scale = public[f"{group}__{name}"], public[f"{group}__{name}_scale"]
            assert checks.times_tolerance(got, right, scale, len(x)).max() < 0.1


def test_no_hidden_input_is_public(public: dict[str, np.ndarray]) -> None:
    """Is a hidden case's x in the file that students have?"""
    known = {value for array in public.values() for value in np.asarray(array).ravel().tolist()}
    for name in ("ordinary", "eps"):
        hidden = problems.large("any", f"forward/{name}", 7, 4).x
        assert known.isdisjoint(hidden.ravel().tolist())
    for path in make_fixtures.HIDDEN.glob("*.npz"):
        with np.load(path) as archive:
            assert known.isdisjoint(archive["x"].ravel().tolist())


def test_public_columns_do_not_see_eps(public: dict[str, np.ndarray]) -> None:
    """Would another eps, or eps in another place, change a visible answer by more than the tolerance?"""
    x, gamma, beta, out = (public[f"forward__{name}"] for name in ("x", "gamma", "beta", "out"))
    std = x.std(axis=0)
    for changed in (std + float(public["forward__eps"]), std, np.sqrt(std**2 + 1e-5)):
        got = gamma * (x - x.mean(axis=0)) / changed + beta
        assert checks.times_tolerance(got, out, public["forward__out_scale"], len(x)).max() < 0.5
