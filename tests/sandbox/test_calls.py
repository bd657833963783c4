"""Does calling a student's function from outside feel like calling it, and bring back only data?"""

from __future__ import annotations

import numpy as np
import pytest

from grader.sandbox.child import encode_batch
from grader.sandbox.host import (
    MISSING,
    Child,
    ChildDied,
    Function,
    Handle,
    LimitHit,
    Limits,
    Module,
    RemoteError,
    Sandbox,
)
from grader.sandbox.wire import earlier

DEFINITIONS = """\
import math
import numpy as np
counter = {"calls": 0}

class Cache:
    def __init__(self, x):
        self.x = x

def forward(x, gamma, *, config):
    config["mean"] = 0.9 * config["mean"] + 0.1 * x.mean(axis=0)
    config["calls"] = config.get("calls", 0) + 1
    x -= 1.0
    return x * gamma, (x, Cache(gamma), {"eps": 1e-5})

def backward(dout, cache):
    x, kept, options = cache
    return dout * x, dout.sum(axis=0), options["eps"]

def identity(*args, **kwargs):
    return args[0] if args else kwargs

def fails(x):
    y = x + 1
    raise ValueError(f"bad value {y}")
"""


@pytest.fixture
def student(child: Child) -> Child:
    run = child.run_cell(DEFINITIONS)
    assert run.ok, run.error
    return child


def test_names_are_told_apart(student: Child) -> None:
    """Is a name a function, a module, data, an object, or not there?"""
    student.run_cell("data = {'a': [1, (2, 3)], 'x': np.arange(3)}\nthing = Cache(1)")
    assert student.lookup("forward") == Function("forward")
    assert student.lookup("Cache") == Function("Cache")
    assert student.lookup("np") == Module("numpy")
    assert student.lookup("nowhere") is MISSING
    assert student.lookup("print") is MISSING
    data = student.lookup("data")
    assert data["a"] == [1, (2, 3)]
    assert np.array_equal(data["x"], [0, 1, 2])
    assert student.lookup("thing") == Handle(1, "Cache")


def test_a_call_returns_the_value_and_what_is_left_in_the_arguments(student: Child) -> None:
    """Do changes that the function makes in place come back, and leave our own arrays alone?"""
    x = np.arange(6.0).reshape(3, 2)
    config = {"mean": np.zeros(2)}
    reply = student.call("forward", (x, np.array([1.0, 2.0])), {"config": config})
    out, cache = reply.value
    assert np.array_equal(out, (x - 1) * [1, 2])
    assert isinstance(cache, Handle)
    assert cache.type_name == "tuple"
    assert np.array_equal(reply.args[0], x - 1)
    assert np.allclose(reply.kwargs["config"]["mean"], [0.2, 0.3], rtol=1e-12)
    assert reply.kwargs["config"]["calls"] == 1
    assert np.array_equal(x, np.arange(6.0).reshape(3, 2))
    assert config.keys() == {"mean"}


def test_a_cache_stays_inside_and_goes_back_in(student: Child) -> None:
    """Can the second function use what the first one kept, of whatever type?"""
    x = np.ones((2, 2))
    _, cache = student.call("forward", (x, x[0]), {"config": {"mean": np.zeros(2)}}).value
    reply = student.call("backward", (np.full((2, 2), 3.0), cache))
    dx, dgamma, eps = reply.value
    assert np.array_equal(dx, np.zeros((2, 2)))
    assert np.array_equal(dgamma, [6.0, 6.0])
    assert eps == 1e-5
    assert reply.args == (None, None)
    fetched = student.fetch(cache)
    assert np.array_equal(fetched[0], x - 1)
    assert fetched[1].type_name == "Cache"
    assert fetched[2] == {"eps": 1e-5}


def test_what_comes_back_is_what_was_returned(student: Child) -> None:
    """Missing returns, scalars, wrong types: does the judge see them as they are?"""
    for value in (None, 3, 2.5, "text", np.float32(2), [1, [2]], {"a": (1, 2)}, np.arange(3, dtype=np.int32)):
        back = student.call("identity", (value,)).value
        assert type(back) is type(value)
        assert np.array_equal(back, value) if isinstance(value, np.ndarray) else back == value
    for source, name in (
        ("lambda: object()", "object"),
        ("lambda: np.array([None])", "numpy.ndarray"),
        ("Cache", None),
    ):
        student.run_cell(f"f = {source}")
        if name:
            assert student.call("f").value.type_name == name
    tuple_with_list = student.call("identity", ((1.0, [2], "s", np.zeros(1)),)).value
    assert [type(item) for item in tuple_with_list] == [float, Handle, str, np.ndarray]


def test_a_function_may_return_its_argument_or_a_function(student: Child) -> None:
    """Are a handle's object and a returned closure handled as what they are?"""
    student.run_cell("def make(n):\n    return lambda x: x + n")
    adder = student.call("make", (5,)).value
    assert isinstance(adder, Handle)
    assert student.call(adder, (2,)).value == 7


def test_an_exception_names_the_students_line(student: Child) -> None:
    """Does the judge learn the class, the message and the line?"""
    with pytest.raises(RemoteError) as caught:
        student.call("fails", (1,))
    error = caught.value
    assert (error.exception, error.message) == ("ValueError", "bad value 2")
    assert error.line == 'raise ValueError(f"bad value {y}")'
    assert error.lineno == DEFINITIONS.splitlines().index("    " + error.line) + 1
    with pytest.raises(RemoteError, match=r"TypeError: .*concatenate str"):
        student.call("fails", ("x",))
    assert student.call("identity", (1,)).value == 1


def test_unknown_names_and_handles_are_errors_of_the_call(student: Child) -> None:
    """Does a wrong target leave the child alive?"""
    with pytest.raises(RemoteError, match="KeyError"):
        student.call("nowhere")
    with pytest.raises(RemoteError):
        student.fetch(Handle(99, "x"))
    with pytest.raises(RemoteError):
        student.call("identity", (Handle(99, "x"),))
    assert student.call("identity", (1,)).value == 1


def test_only_plain_data_can_be_sent(student: Child) -> None:
    """Is sending an object a mistake of the caller, noticed before anything is sent?"""
    with pytest.raises(TypeError):
        student.call("identity", (object(),))
    assert student.call("identity", (1,)).value == 1


def test_output_of_calls_is_dropped(student: Child) -> None:
    """Does a print in a called function stay out of the next cell's outputs?"""
    student.run_cell("def chatty():\n    print('x' * 100)\n    return 1")
    assert student.call("chatty").value == 1
    assert student.run_cell("pass").outputs == []


@pytest.mark.parametrize(
    "raised", ["SystemExit(3)", "KeyboardInterrupt", "GeneratorExit", "MemoryError", "StopIteration"]
)
def test_every_exception_of_a_call_comes_back(student: Child, raised: str) -> None:
    """Is there an exception that a student's function can end the child with?"""
    student.run_cell(f"def leave(): raise {raised}")
    with pytest.raises(RemoteError, match=raised.partition("(")[0]):
        student.call("leave")
    assert student.call("identity", (1,)).value == 1


def test_a_call_that_never_ends_is_stopped(student: Child) -> None:
    """And is the child dead afterwards, with the reason at hand?"""
    student.run_cell("def forever():\n    while True: pass")
    with pytest.raises(LimitHit, match=r"0\.3 seconds for one call"):
        student.call("forever", seconds=0.3)
    assert not student.alive
    for use in (lambda: student.call("identity", (1,)), lambda: student.run_cell("1"), lambda: student.lookup("x")):
        with pytest.raises(ChildDied, match="ran out of time"):
            use()


def test_calls_made_at_once_answer_like_calls_made_one_by_one(student: Child) -> None:
    """A batch saves messages: does each of its calls see the results of earlier ones, and fail alone?"""
    x, config = np.ones((2, 2)), {"mean": np.zeros(2)}
    requests = [
        ("call", "forward", [x, x[0]], {"config": config}),
        ("call", "backward", [x, earlier(0, 1)], {}),
        ("call", "fails", [1], {}),
        ("call", "backward", [x, earlier(2, 0)], {}),
        ("call", "identity", [5], {}),
    ]
    answers = student.batch(encode_batch(requests, Limits()), len(requests))
    assert np.array_equal(student.read_answer(answers[0], (x, x[0]), {"config": config}).value[0], np.zeros((2, 2)))
    assert student.read_answer(answers[1], (x, None), {}).value[2] == 1e-5
    with pytest.raises(RemoteError, match="bad value 2"):
        student.read_answer(answers[2], (1,), {})
    assert student.read_answer(answers[3], (x, None), {}) is None
    assert student.read_answer(answers[4], (5,), {}).value == 5
    assert student.call("identity", (1,)).value == 1


ARRAYS = (
    np.arange(6.0).reshape(2, 3),
    np.arange(6.0).reshape(2, 3) + 1,
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(6.0)[::2],
    np.arange(3, dtype=">f8"),
    np.arange(3, dtype="<f8"),
    np.arange(3, dtype=np.float32),
    np.array([-0.0, np.nan, np.inf]),
    np.array([0.0, np.nan, np.inf]),
    np.array(2.5),
    np.zeros((0, 3)),
    np.array(["a", "bc"]),
)


def test_arrays_of_a_batch_arrive_as_they_are_and_for_one_call_only(student: Child) -> None:
    """Arrays of one shape travel as one: does each arrive with its bits, and unchanged by the call before?"""
    student.run_cell(
        "import numpy as np\n"
        "def look(x, again, scale=None):\n"
        "    was = (x.copy('K'), again is x, x.flags.owndata, x.flags.writeable, x.flags.f_contiguous)\n"
        "    x[...] = x[::-1].copy() if x.ndim else 0\n"
        "    return was"
    )
    requests = [("call", "look", [array, array], {"scale": array}) for array in ARRAYS for _ in range(2)]
    answers = student.batch(encode_batch(requests, Limits()), len(requests))
    for (_, _, (array, _), _), answer in zip(requests, answers, strict=True):
        reply = student.read_answer(answer, (array, array), {"scale": array})
        assert reply is not None
        got, same, own, writeable, fortran = reply.value
        assert (got.dtype, got.shape, got.tobytes()) == (array.dtype, array.shape, array.tobytes())
        assert (same, own, writeable, fortran) == (False, True, True, array.flags.f_contiguous or array.ndim == 1)


def test_an_answer_that_does_not_fit_leaves_the_others_alone() -> None:
    """A batch comes back as one message: can a large answer take others along, or a limit come too early?"""
    limits = Limits(message_bytes=200_000)
    requests = [("call", "f", [size], {}) for size in (10_000, 10_000, 10_000, 1)]
    with Sandbox.start(files=None, limits=limits) as sandbox, sandbox.child() as child:
        child.run_cell("import numpy as np\ndef f(n): return np.arange(float(n))")
        answers = child.batch(encode_batch(requests, limits), len(requests))
        sizes = [(found := child.read_answer(answer, (1,), {})) and len(found.value) for answer in answers]
        assert sizes == [10_000, 10_000, None, 1]
        assert len(child.call("f", (10_000,)).value) == 10_000


def test_an_answer_is_what_it_was_when_it_was_given(student: Child) -> None:
    """A function that returns the same array each time: does a later call change an earlier answer?"""
    student.run_cell("import numpy as np\nkept = np.zeros(2)\ndef count():\n    kept[:] += 1\n    return kept")
    answers = student.batch(encode_batch([("call", "count", [], {})] * 3, Limits()), 3)
    assert [student.read_answer(answer, (), {}).value[0] for answer in answers] == [1, 2, 3]


def test_arguments_that_were_left_alone_do_not_travel_back(student: Child) -> None:
    """Is None in place of an argument the sign that it is as it was?"""
    x = np.arange(4.0)
    assert student.call("identity", (x,)).args == (None,)
    student.run_cell("def change(x): x[0] = 9; return x")
    assert np.array_equal(student.call("change", (x,)).args[0], [9, 1, 2, 3])


def test_a_result_too_large_to_bring_out_is_named() -> None:
    """Does an enormous return value end in the name of the limit, not in a full memory outside?"""
    limits = Limits(message_bytes=1 << 20, message_nodes=1000)
    with Sandbox.start(files=None, limits=limits) as sandbox:
        for source, limit in (("np.zeros(10**6)", "message_bytes"), ("list(range(10**4))", "message_nodes")):
            with sandbox.child() as child:
                child.run_cell(f"import numpy as np\ndef f(): return {source}")
                with pytest.raises(LimitHit) as caught:
                    child.call("f")
                assert caught.value.limit == limit
                assert not child.alive
