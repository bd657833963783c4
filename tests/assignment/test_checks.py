"""Do the visible checks tell right from wrong, one row per mistake, and say it in the student's terms?"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import checks
import numpy as np
import pytest
import tolerance
from check_text import TEXT

from solutions.batchnorm import reference

FORWARD, BACKWARD, ALT = (
    reference.batchnorm_forward,
    reference.batchnorm_backward,
    reference.batchnorm_backward_alt,
)
ALL = {
    "forward_train": (lambda f: checks.forward_train(f), 6),
    "running_stats": (lambda f: checks.running_stats(f), 4),
    "test_mode": (lambda f: checks.test_mode(f), 3),
    "backward": (lambda f: checks.backward(FORWARD, f), 8),
    "backward_alt": (lambda f: checks.backward_alt(FORWARD, f), 3),
}


EVERY = ["out_standardised", "out_affine", "out_shape", "inputs_unchanged"]


def lost(table):
    """Names of the rows that earned nothing."""
    return [row.name for row in table.rows if not row.passed]


def forward_with(change):
    """The reference with something done to its answer: change(out, x, gamma, beta, bn_param, cache) -> (out, cache)."""

    def batchnorm_forward(x, gamma, beta, bn_param):
        out, cache = FORWARD(x, gamma, beta, bn_param)
        return change(out, x, gamma, beta, bn_param, cache)

    return batchnorm_forward


def plain(x, bn_param):
    """out as it would be with gamma 1 and beta 0."""
    return FORWARD(x, np.ones(x.shape[1]), np.zeros(x.shape[1]), dict(bn_param))[0]


def backward_with(change):
    def batchnorm_backward(dout, cache):
        return change(dout, *BACKWARD(dout, cache))

    return batchnorm_backward


@pytest.mark.parametrize("check", ALL)
def test_rows_add_up_to_the_points_of_the_cell(check):
    """Can exactly the points of the cell be earned?"""
    function, points = ALL[check]
    table = function(FORWARD if check in ("forward_train", "running_stats", "test_mode") else BACKWARD)
    assert table.points == table.max_points == points
    assert len({row.name for row in table.rows}) == len(table.rows)


@pytest.mark.parametrize(
    ("mistake", "rows"),
    [
        (lambda out, x, g, b, p, c: (plain(x, p), c), ["out_affine"]),
        (lambda out, x, g, b, p, c: (out.T, c), EVERY),
        (lambda out, x, g, b, p, c: ((out - b) * (5 / 6) ** 0.5 + b, c), ["out_standardised"]),
        (lambda out, x, g, b, p, c: (x.__isub__(1.0) * 0 + out, c), ["inputs_unchanged"]),
        (lambda out, x, g, b, p, c: (out.tolist(), c), ["out_shape"]),
        (lambda out, x, g, b, p, c: (out + 0j, c), EVERY),
        (lambda out, x, g, b, p, c: (out * np.nan, c), EVERY),
    ],
    ids=["no affine", "transposed", "divides by N - 1", "x changed", "a list", "complex", "nan"],
)
def test_a_mistake_in_out_costs_its_own_rows(mistake, rows):
    """Does a mistake cost the rows it is about, and no others?"""
    assert lost(checks.forward_train(forward_with(mistake))) == rows


def stored(**change):
    """The reference, with what it stored changed afterwards: {key: function of the old and the new value}."""

    def batchnorm_forward(x, gamma, beta, bn_param):
        before = {key: bn_param.get(key, np.zeros(x.shape[1])) for key in ("running_mean", "running_var")}
        answer = FORWARD(x, gamma, beta, bn_param)
        for key, function in change.items():
            bn_param[key] = function(before[key], bn_param[key])
        return answer

    return batchnorm_forward


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        ({"running_mean": lambda old, new: old}, ["running_mean", "running_shape"]),
        ({"running_var": lambda old, new: old}, ["running_var", "running_shape"]),
        ({"running_mean": lambda old, new: new[None, :]}, ["running_shape"]),
        ({"running_var": lambda old, new: new * 1.05}, ["running_var"]),
        ({"running_var": lambda old, new: np.sqrt(new)}, ["running_var"]),
        ({"running_mean": lambda old, new: None}, ["running_mean", "running_shape"]),
    ],
    ids=["mean never moved", "variance never moved", "shape (1, D)", "other variance", "standard deviation", "None"],
)
def test_a_mistake_in_the_running_values_costs_its_own_rows(change, rows):
    """Does a mistake in running_mean leave the row of running_var alone?"""
    assert lost(checks.running_stats(stored(**change))) == rows


def test_a_swapped_momentum_costs_one_row():
    """Are the other rows blind to the momentum?"""

    def batchnorm_forward(x, gamma, beta, bn_param):
        bn_param["momentum"] = 1.0 - bn_param.get("momentum", 0.9)
        answer = FORWARD(x, gamma, beta, bn_param)
        bn_param["momentum"] = 1.0 - bn_param["momentum"]
        return answer

    assert lost(checks.running_stats(batchnorm_forward)) == ["running_mean"]


def test_values_that_are_never_stored_are_named():
    """Does a student read that bn_param lacks the key?"""

    def batchnorm_forward(x, gamma, beta, bn_param):
        return FORWARD(x, gamma, beta, dict(bn_param))

    table = checks.running_stats(batchnorm_forward)
    assert lost(table) == ["running_mean", "running_var", "running_shape"]
    assert table.rows[0].message == "bn_param has no running_mean after the call."


@pytest.mark.parametrize(
    ("wrong", "rows"),
    [
        (lambda x, g, b, p: FORWARD(x, g, b, {**p, "mode": "train"}), ["test_output", "unknown_mode"]),
        (
            lambda x, g, b, p: FORWARD(x, g, b, {**p, "mode": "train" if p["mode"] == "train" else "test"}),
            ["unknown_mode"],
        ),
        (lambda x, g, b, p: (FORWARD(x, g, b, p), p.update(running_mean=x[0]))[0], ["test_state"]),
        (lambda x, g, b, p: (x, None), ["test_output", "test_state", "unknown_mode"]),
    ],
    ids=["batch statistics", "any mode is test", "statistics moved", "nothing is done"],
)
def test_a_mistake_in_test_mode_costs_its_own_rows(wrong, rows):
    """Does test mode fail where it uses the batch, takes any mode, or moves what it remembers?"""
    assert lost(checks.test_mode(wrong)) == rows


def test_another_exception_than_value_error_is_named():
    """Does a student who raises KeyError read that ValueError was wanted?"""

    def batchnorm_forward(x, gamma, beta, bn_param):
        return {"train": FORWARD, "test": FORWARD}[bn_param["mode"]](x, gamma, beta, bn_param)

    table = checks.test_mode(batchnorm_forward)
    assert lost(table) == ["unknown_mode"]
    assert "KeyError" in table.rows[-1].message


@pytest.mark.parametrize(
    ("wrong", "rows"),
    [
        (lambda dout, dx, dg, db: (dx, dg, db * 2), ["dbeta"]),
        (lambda dout, dx, dg, db: (dx, -dg, db), ["dgamma"]),
        (lambda dout, dx, dg, db: (dx + dx.std(), dg, db), ["dx"]),
        (lambda dout, dx, dg, db: (dx, dg[None], db[:, None]), ["gradient_shapes"]),
        (lambda dout, dx, dg, db: (dx + dout.__imul__(1.5) * 0, dg, db), ["backward_inputs"]),
        (lambda dout, dx, dg, db: (None, dg, db), ["dx", "gradient_shapes", "backward_inputs"]),
    ],
    ids=["dbeta", "dgamma", "dx", "shapes", "dout changed", "dx None"],
)
def test_a_mistake_in_a_gradient_costs_its_own_rows(wrong, rows):
    """Is each gradient judged by itself, and its shape apart from its values?"""
    assert lost(checks.backward(FORWARD, backward_with(wrong))) == rows


def test_a_cache_that_is_used_up_is_noticed():
    """Does a backward pass that works only once lose the row about it?"""

    def batchnorm_backward(dout, cache):
        answer = BACKWARD(dout, cache)
        cache[0].__imul__(2.0)
        return answer

    assert lost(checks.backward(FORWARD, batchnorm_backward)) == ["backward_inputs"]


def test_float32_on_the_way_is_named():
    """Does a student who converted to float32 lose the points for the type only, and read what happened?"""
    table = checks.backward(FORWARD, backward_with(lambda dout, dx, dg, db: (dx.astype(np.float32), dg, db)))
    assert lost(table) == ["gradient_shapes"]
    assert "dx has dtype float32, less precise than what went in" in table.rows[3].message


def test_a_forward_that_works_in_float32_is_named_and_charged_once():
    """Does a student whose digits are lost read about digits, and not about the axis or another variance?"""

    def forward(x, gamma, beta, bn_param):
        return FORWARD(x.astype(np.float32), gamma, beta, bn_param)

    table = checks.forward_train(forward)
    assert lost(table) == ["out_standardised"]
    assert table.rows[0].message.endswith("about half of the digits are right.")
    assert table.rows[0].hint == TEXT["half_digits?"]
    for other in (checks.running_stats(forward), checks.backward(forward, BACKWARD)):
        assert lost(other) == []
        assert {row.message for row in other.rows} == {"", TEXT["single_precision"]}


def test_digits_lost_in_backward_are_named():
    """Is a student who is right to eight digits asked for the paths of x?"""
    table = checks.backward(FORWARD, backward_with(lambda dout, dx, dg, db: (dx * (1 + 1e-8), dg, db)))
    assert lost(table) == ["dx"]
    assert table.rows[2].hint == TEXT["half_digits?"]


def test_values_in_another_order_are_named():
    """Does a student who returns cache first, or dx last, read that the order is another one?"""

    def cache_first(*args):
        return FORWARD(*args)[::-1]

    for table in (checks.forward_train(cache_first), checks.test_mode(cache_first)):
        assert {row.hint for row in table.rows} == {TEXT["out_second?"]}
    assert lost(checks.running_stats(cache_first)) == ["running_shape"]  # which waits for out
    rows = checks.backward(cache_first, BACKWARD).rows
    assert {row.status for row in rows} == {"BLOCKED"}
    for order in ([1, 2, 0], [2, 1, 0], [1, 0, 2]):
        backward = backward_with(lambda dout, *found, order=order: tuple(found[k] for k in order))
        rows = checks.backward(FORWARD, backward).rows
        assert {row.hint for row in rows} == {TEXT["dx_not_first?"]}


def test_a_rough_answer_in_half_precision_is_wrong():
    """Can the tolerance be made wider by returning float16?"""
    half = backward_with(lambda dout, dx, dg, db: (dx.astype(np.float16), dg, db))
    assert "dx" in lost(checks.backward(FORWARD, half))


def test_one_variance_costs_its_points_once():
    """Is running_var accepted where it is the variance that out is divided by, though another one is expected?"""

    def forward(x, gamma, beta, bn_param):
        n = len(x)
        kept = np.array(bn_param.get("running_var", np.zeros(x.shape[1])))
        out, cache = FORWARD(x, gamma * ((n - 1) / n) ** 0.5, beta, bn_param)
        keep = bn_param.get("momentum", 0.9)
        bn_param["running_var"] = keep * kept + (1 - keep) * x.var(axis=0, ddof=1)
        return out, cache

    table = checks.running_stats(forward)
    assert lost(checks.forward_train(forward)) == ["out_standardised"]
    assert table.points == 4
    assert "accepted, as the variance that your own out is divided by" in repr(table)


def test_rows_that_cannot_be_judged_yet_are_blocked():
    """Does a row that needs something else right first say so, and not that it is wrong?"""
    table = checks.forward_train(lambda x, gamma, beta, bn_param: (x, None))
    assert [row.status for row in table.rows] == ["FAIL", "BLOCKED", "BLOCKED", "BLOCKED"]
    table = checks.backward(FORWARD, lambda dout, cache: (dout, dout[0], dout[0]))
    assert [row.status for row in table.rows] == ["FAIL", "FAIL", "FAIL", "BLOCKED", "BLOCKED"]


def test_a_backward_that_differentiates_its_own_forward_is_right():
    """Does a mistake in the forward pass cost points once, not in the backward pass again?"""

    def forward(x, gamma, beta, bn_param):  # ten per cent too much, and backward knows it
        out, cache = FORWARD(x, gamma * 1.1, beta, bn_param)
        return out, cache

    def backward(dout, cache):
        dx, dgamma, dbeta = BACKWARD(dout, cache)
        return dx, 1.1 * dgamma, dbeta

    assert checks.forward_train(forward).points < 6
    table = checks.backward(forward, backward)
    assert table.points == 8
    assert "dgamma: accepted, as the derivative of your own forward pass" in repr(table)
    assert lost(checks.backward(forward, backward_with(lambda dout, dx, dg, db: (dx, 2 * dg, db)))) == ["dgamma"]


@pytest.mark.parametrize("slip", [1.0, 1.1], ids=["right", "scaled"])
def test_a_forward_that_turns_easy_does_not_buy_an_easy_backward(slip):
    """Near the inputs of backward, mean and spread no longer depend on x. Is a dx without their paths right?"""
    poisoned = []

    def forward(x, gamma, beta, bn_param):
        mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + bn_param.get("eps", 1e-5))
        for known, its_mean, its_std in poisoned:
            if known.shape == x.shape and np.all(np.abs(known - x) <= 0.2 * np.ptp(known, axis=0)):
                mean, std = its_mean, its_std
        return slip * gamma * (x - mean) / std + beta, (x, gamma, mean, std)

    def backward(dout, cache):
        x, gamma, mean, std = cache
        poisoned.append((x.copy(), mean, std))
        return slip * dout * gamma / std, slip * (dout * (x - mean) / std).sum(axis=0), dout.sum(axis=0)

    assert "dx" in lost(checks.backward(forward, backward))


def test_a_trivial_forward_does_not_buy_a_trivial_backward():
    """Do out = x and dx = dout, which fit each other, earn nothing but what is right by itself?"""
    table = checks.backward(lambda x, *_: (x, None), lambda dout, _: (dout, dout.sum(axis=0), dout.sum(axis=0)))
    assert [row.name for row in table.rows if row.passed] == ["dbeta"]


def test_message_says_what_where_got_wanted_and_asks():
    """Is the first thing under a red table enough to start from?"""
    table = checks.forward_train(forward_with(lambda out, x, g, b, p, c: ((out - b) * 0.9 + b, c)))
    row = next(row for row in table.rows if not row.passed)
    assert re.fullmatch(r"out\[\d, \d\] = \S+, expected \S+: \S+ times the tolerance\.", row.message)
    assert row.hint.endswith("?")
    assert row.ratio > 1e6
    assert (row.got, row.expected) != (None, None)
    assert row.got != row.expected


def test_a_wrong_shape_is_asked_about_and_not_the_average():
    """Running values of shape (N, D), or of shape (1, D): does the question lead to the shape?"""
    whole = checks.running_stats(stored(running_mean=lambda old, new: np.tile(new, (5, 1)))).rows
    assert (whole[0].status, whole[0].hint) == ("FAIL", TEXT["wrong_shape?"])
    kept = checks.running_stats(stored(running_mean=lambda old, new: new[None, :])).rows
    assert (kept[2].status, kept[2].hint) == ("FAIL", TEXT["running_shape?"])
    assert "(1, 3), expected (3,)" in kept[2].message or "(1, 4), expected (4,)" in kept[2].message


def test_relative_error_is_shown_and_decides_nothing():
    """Can a right answer have a large relative error, and pass?"""
    assert tolerance.relative_error(np.array([1e-9]), np.array([-1e-9])) == 0.2
    table = checks.backward(FORWARD, BACKWARD)
    assert "relative error" in repr(table)
    assert table.points == 8


def test_backward_without_forward_is_blocked():
    """Does a missing or broken forward pass get the blame, not the backward pass?"""

    def not_yet(*_):
        raise NotImplementedError("batchnorm_forward is not written yet")

    def broken(*_):
        return 1 / 0

    for forward, word in ((not_yet, "not written yet"), (broken, "ZeroDivisionError")):
        for row in checks.backward(forward, BACKWARD).rows:
            assert row.status == "BLOCKED"
            assert word in row.message
    assert {row.status for row in checks.backward(not_yet, not_yet).rows} == {"NOT_ATTEMPTED"}


def test_exceptions_of_the_grader_keep_their_status():
    """In the grader a function is a stand-in: does its own verdict on the call survive?"""

    class Late(Exception):
        status = "TIMEOUT"
        message = "batchnorm_forward did not come back within 10 s"

    def late(*_):
        raise Late

    for row in checks.forward_train(late).rows:
        assert (row.status, row.message) == ("TIMEOUT", Late.message)


def test_the_stand_ins_name_of_an_exception_counts():
    """A remote ValueError arrives as another class that knows its name: is it taken for what it was?"""

    class Remote(Exception):
        status, message, exception = "ERROR", "ValueError: mode", "ValueError"

    def batchnorm_forward(x, gamma, beta, bn_param):
        if bn_param["mode"] not in ("train", "test"):
            raise Remote
        return FORWARD(x, gamma, beta, bn_param)

    assert checks.test_mode(batchnorm_forward).points == 3


def test_out_without_a_cache_costs_the_row_about_the_form():
    """Is `return out` read as what it is, so that its numbers count, and backward blocked for want of a cache?"""

    def batchnorm_forward(x, gamma, beta, bn_param):
        return FORWARD(x, gamma, beta, bn_param)[0]

    table = checks.forward_train(batchnorm_forward)
    assert lost(table) == ["out_shape"]
    assert table.rows[2].message == "batchnorm_forward returned one ndarray, expected 2 values: out, cache."
    assert checks.running_stats(batchnorm_forward).points == 4
    assert checks.test_mode(batchnorm_forward).points == 3
    assert {row.status for row in checks.backward(batchnorm_forward, BACKWARD).rows} == {"BLOCKED"}


def test_students_line_is_shown_and_no_line_of_ours():
    """Does an exception in student code point at the student's line, through NumPy and helpers?"""

    def helper(x):
        return np.linalg.inv(x)

    def batchnorm_forward(x, gamma, beta, bn_param):
        return helper(x), None

    message = checks.forward_train(batchnorm_forward).rows[0].message
    assert "LinAlgError" in message
    assert "your line: return np.linalg.inv(x)" in message


def test_cmp_prints_one_line_per_node(capsys):
    """Does the scratch cell show which nodes are right, which are not, and which are missing?"""
    node = checks.staged_example()
    grads = {"dbeta": node.dout.sum(axis=0), "dgamma": node.dout.sum(axis=0), "dx": np.zeros(3), "dy": 1}
    checks.cmp(grads)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert list(lines) == [*checks.NODES, "dy"]
    assert "approximate: yes" in lines["dbeta"]
    assert "approximate: no" in lines["dgamma"]
    assert "not filled in yet" in lines["dmu"]
    assert "shape (3,), expected (5, 3)" in lines["dx"]
    assert "is not a node" in lines["dy"]


def test_staged_example_gives_no_gradient_away():
    """Are the expected gradients kept out of what the scratch cell can read by name?"""
    given = vars(checks.staged_example())
    assert {"x", "gamma", "beta", "eps", "dout", "mu", "var", "x_hat", "out"} <= set(given)
    assert not set(given) & set(checks.NODES)
    assert not [name for name in given if name.endswith("_scale")]


def test_a_cell_that_shows_something_waits(capsys):
    """Does a cell that needs an unfinished function say so in one line, and a broken one where it broke?"""

    def batchnorm_forward():
        raise NotImplementedError("batchnorm_forward is not written yet")

    with checks.when_written():
        batchnorm_forward()
    with checks.when_written():
        FORWARD(None, None, None, {"mode": "train"})
    waiting, broken = capsys.readouterr().out.splitlines()
    assert TEXT["not_attempted"].format(name="batchnorm_forward") in waiting
    assert waiting.startswith("Nothing to show yet. batchnorm_forward is not written yet: ")
    assert broken.startswith("Stopped with AttributeError")
    assert "x.shape[1]" in broken


@pytest.mark.parametrize(("content", "key"), [(None, "fixtures_gone"), (b"not an archive", "fixtures_bad")])
def test_first_check_says_that_the_examples_are_missing(tmp_path, content, key):
    """Does `import checks` work without its examples, and does the first cell say in words what to do?"""
    folder = Path(checks.__file__).parent
    for path in folder.glob("*.py"):
        shutil.copy(path, tmp_path)
    if content is not None:
        (tmp_path / "public_fixtures.npz").write_bytes(content)
    program = "import checks; print(checks.first_check())"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert TEXT[key] in done.stdout
