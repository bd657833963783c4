"""Make the fixtures again, bit for bit: `python -m solutions.batchnorm.make_fixtures [--check]`.

Two kinds are written. `assignment/batchnorm/public_fixtures.npz` is what the visible checks of the notebook compare
with: inputs, expected values rounded to float64, and the scale that each value's tolerance is a multiple of.
`solutions/batchnorm/fixtures/*.npz` are problems with the truth to 32 digits, each as a pair of doubles `name_hi` +
`name_lo`; every grading run first shows that its own extended precision reproduces them (`known_answers`).

All values are computed in decimal arithmetic at 60 digits, from numbers drawn by SHAKE-256, and the archives carry no
date, so the files do not depend on the machine, its C library or the version of NumPy. `--check` writes nothing and
exits with 1 if a file on disk differs from what would be written.
"""

from __future__ import annotations

import argparse
import decimal
import io
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from solutions.batchnorm import truth
from solutions.batchnorm.draw import Draw

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ROOT / "assignment" / "batchnorm" / "public_fixtures.npz"
HIDDEN = Path(__file__).resolve().parent / "fixtures"

Arrays = dict[str, np.ndarray]

PUBLIC_EPS = 1e-12  # beside variances of 1e12 and more, so that the visible checks do not see where eps stands


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an uncompressed .npz with these arrays, in order, without dates or machine names."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as members:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # "made on Unix", wherever it was made
            member.external_attr = 0o644 << 16
            members.writestr(member, content.getvalue())
    return archive.getvalue()


def as_double(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=object).astype(np.float64)


def as_pair(name: str, values: np.ndarray) -> Arrays:
    """`values` (Decimal objects) as the sum of two doubles, good to about 32 digits."""
    high = as_double(values)
    return {f"{name}_hi": high, f"{name}_lo": as_double(values - truth.decimals(high))}


# --- public ---------------------------------------------------------------------------------------------------------


def _large_columns(draw: Draw, n: int, d: int) -> np.ndarray:
    """Whole numbers of the size of populations or incomes, each column with its own centre and spread."""
    centre, spread = draw.uniform(-6e6, 6e6, d), draw.uniform(1.5e6, 5e6, d)
    return np.rint(centre + spread * draw.normal((n, d)))


def _affine(draw: Draw, d: int) -> Arrays:
    return {"gamma": np.round(draw.signed(0.5, 2.0, d), 2), "beta": np.round(draw.signed(0.2, 1.5, d), 2)}


def _lift(arrays: Mapping[str, np.ndarray], *names: str) -> list[np.ndarray]:
    return [truth.decimals(arrays[name]) for name in names]


def _public_forward() -> Arrays:
    draw = Draw("public", "forward")
    given = {"x": _large_columns(draw, 6, 4), **_affine(draw, 4), "eps": np.float64(PUBLIC_EPS)}
    right = truth.train(*_lift(given, "x", "gamma", "beta", "eps"))
    answers = {name: getattr(right, name) for name in ("mu", "var", "x_hat", "out")}
    answers |= {f"{name}_scale": getattr(right, f"{name}_scale") for name in ("mu", "var", "x_hat", "out")}
    return given | {name: as_double(values) for name, values in answers.items()}


def _public_running() -> Arrays:
    draw = Draw("public", "running")
    given = {f"x{k}": _large_columns(draw, 5, 3) for k in range(3)}
    given |= {**_affine(draw, 3), "momentum": np.float64(0.8), "eps": np.float64(PUBLIC_EPS)}
    gamma, beta, eps, momentum = _lift(given, "gamma", "beta", "eps", "momentum")
    zero = truth.decimals(np.zeros(3))
    mean, var = truth.Blend(zero, zero), truth.Blend(zero, zero)
    answers: Arrays = {}
    for k in range(3):
        batch = truth.train(truth.decimals(given[f"x{k}"]), gamma, beta, eps)
        mean = truth.blend(mean.value, batch.mu, batch.mu_scale, momentum, mean.scale)
        var = truth.blend(var.value, batch.var, batch.var_scale, momentum, var.scale)
        answers |= {f"running_mean_{k}": mean.value, f"running_mean_{k}_scale": mean.scale}
        answers |= {f"running_var_{k}": var.value, f"running_var_{k}_scale": var.scale}
    return given | {name: as_double(values) for name, values in answers.items()}


def _public_test_mode() -> Arrays:
    draw = Draw("public", "test_mode")
    given = {"x": _large_columns(draw, 6, 4), **_affine(draw, 4), "eps": np.float64(PUBLIC_EPS)}
    given["running_mean"] = np.rint(draw.signed(2e6, 8e6, 4))
    given["running_var"] = np.rint(draw.uniform(2e6, 4e6, 4) ** 2)
    right = truth.inference(*_lift(given, "x", "gamma", "beta", "eps", "running_mean", "running_var"))
    return given | {"out": as_double(right.out), "out_scale": as_double(right.out_scale)}


def _public_backward(label: str, n: int, d: int, *, nodes: bool) -> Arrays:
    draw = Draw("public", label)
    given = {"x": _large_columns(draw, n, d), **_affine(draw, d), "eps": np.float64(PUBLIC_EPS)}
    given["dout"] = np.round(draw.normal((n, d)), 2)
    x, gamma, beta, eps, dout = _lift(given, "x", "gamma", "beta", "eps", "dout")
    forward = truth.train(x, gamma, beta, eps)
    right = truth.backward(forward, gamma, dout)
    answers = {name: getattr(right, name) for name in ("dx", "dgamma", "dbeta")}
    answers |= {f"{name}_scale": getattr(right, f"{name}_scale") for name in ("dx", "dgamma", "dbeta")}
    # what the right formula makes of a forward pass that divides by N - 1: that slip is charged there, not here
    answers["dx_unbiased"] = truth.backward(truth.train(x, gamma, beta, eps, ddof=1), gamma, dout).dx
    if nodes:
        answers |= {"mu": forward.mu, "xmu": forward.xmu, "sq": forward.xmu**2, "var": forward.var}
        answers |= {
            "std": forward.std,
            "inv_std": 1 / forward.std,
            "x_hat": forward.x_hat,
            "out": forward.out,
        }
        for name, (value, scale) in truth.graph(forward, gamma, dout).items():
            answers |= {name: value, f"{name}_scale": scale}
    return given | {name: as_double(values) for name, values in answers.items()}


def public_arrays() -> Arrays:
    groups = {
        "forward": _public_forward(),
        "running": _public_running(),
        "test_mode": _public_test_mode(),
        "backward": _public_backward("backward", 5, 3, nodes=True),
        "alt": _public_backward("alt", 6, 4, nodes=False),
    }
    return {f"{group}__{name}": array for group, arrays in groups.items() for name, array in arrays.items()}


# --- hidden ---------------------------------------------------------------------------------------------------------


def hidden_arrays() -> dict[str, Arrays]:
    """One archive per shape of problem: (N, D), offset of the columns, eps."""
    return {
        "ordinary": _hidden("ordinary", 7, 4, 0.0, 1e-5),
        "large_eps": _hidden("large_eps", 7, 4, 0.0, 0.5),
        "offset": _hidden("offset", 9, 3, 1e4, 1e-5),
        "two_rows": _hidden("two_rows", 2, 5, 0.0, 0.1),
        "many_rows": _hidden("many_rows", 200, 2, 3.0, 1e-5),
    }


def _hidden(label: str, n: int, d: int, offset: float, eps: float) -> Arrays:
    draw = Draw("hidden", label)
    given = {
        "x": offset + draw.normal((n, d)),
        "gamma": draw.signed(0.5, 2.0, d),
        "beta": draw.signed(0.2, 1.5, d),
        "eps": np.float64(eps),
        "momentum": np.float64(0.3),
        "running_mean": offset + draw.signed(1.0, 3.0, d),
        "running_var": draw.uniform(0.5, 2.0, d),
        "dout": draw.normal((n, d)),
    }
    x, gamma, beta, eps_, momentum, mean, var, dout = _lift(given, *given)
    forward = truth.train(x, gamma, beta, eps_)
    gradients = truth.backward(forward, gamma, dout)
    answers: Arrays = {}
    for name, values in {
        "mu": forward.mu,
        "var": forward.var,
        "x_hat": forward.x_hat,
        "out": forward.out,
        "new_mean": truth.blend(mean, forward.mu, forward.mu_scale, momentum).value,
        "new_var": truth.blend(var, forward.var, forward.var_scale, momentum).value,
        "test_out": truth.inference(x, gamma, beta, eps_, mean, var).out,
        "dx": gradients.dx,
        "dgamma": gradients.dgamma,
        "dbeta": gradients.dbeta,
    }.items():
        answers |= as_pair(name, values)
    return given | answers


def files() -> dict[Path, bytes]:
    """Every fixture file and the bytes it must have."""
    with decimal.localcontext() as context:
        context.prec = 60
        hidden = {HIDDEN / f"{name}.npz": npz(arrays) for name, arrays in hidden_arrays().items()}
        return {PUBLIC: npz(public_arrays()), **hidden}


def differing() -> list[Path]:
    """The fixture files that are missing or differ from what this script makes."""
    return [path for path, content in files().items() if not path.is_file() or path.read_bytes() != content]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m solutions.batchnorm.make_fixtures", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    if parser.parse_args().check:
        wrong = differing()
        for path in wrong:
            print(f"differs: {path.relative_to(ROOT)}  (make it again without --check)")
        return 1 if wrong else 0
    for path, content in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{path.relative_to(ROOT)}  {len(content)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
