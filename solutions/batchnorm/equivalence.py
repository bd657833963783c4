"""Is a solution the same function as the truth? It agrees on many random problems of every kind that is allowed.

One call answers many problems: the columns of batch normalisation do not see each other, so a batch with D columns is D
problems. The tolerance is that of the hidden cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from grader.checking import CaseFailed, StudentError
from solutions.batchnorm import calls, truth
from solutions.batchnorm.calls import GRADIENTS
from solutions.batchnorm.carried import RunningSlips, Weight
from solutions.batchnorm.cases_running import KEYS, expected
from solutions.batchnorm.draw import Draw
from solutions.batchnorm.gradients import right_answer
from solutions.batchnorm.in_process import LocalStudent
from solutions.batchnorm.judging import Answer, worst
from solutions.batchnorm.problems import Problem
from solutions.batchnorm.reading import real_array

COLUMNS = 20  # problems per call
RIGHT = RunningSlips(stored=True, mean=Weight("right"), var=Weight("right"))


@dataclass(frozen=True)
class RandomProblems:
    """`count` random problems (columns) drawn from `salt`: all sizes, scales and offsets, optional keys or not."""

    salt: str
    count: int

    def __len__(self) -> int:
        return self.count

    @cached_property
    def batches(self) -> list[Problem]:
        return [self._batch(number) for number in range(-(-self.count // COLUMNS))]

    def _batch(self, number: int) -> Problem:
        draw = Draw(self.salt, f"random/{number}")
        n = int(draw.integers(1, 40, 1)[0])
        spread = 10.0 ** draw.uniform(-3, 6, COLUMNS)
        centre = spread * draw.uniform(-20, 20, COLUMNS)
        x = centre + spread * draw.normal((n, COLUMNS))
        eps_given, momentum_given, running_given, single = draw.uniform(0, 1, 4) < (0.6, 0.6, 0.6, 0.15)
        problem = Problem(
            label=f"random/{number}",
            x=x,
            gamma=draw.signed(0.1, 3.0, COLUMNS),
            beta=draw.signed(0.1, 3.0, COLUMNS),
            dout=draw.normal((n, COLUMNS)),
            eps=float(10.0 ** draw.uniform(-6, 0, 1)[0]) if eps_given else None,
            momentum=float(np.clip(draw.uniform(-0.2, 1.2, 1)[0], 0.0, 1.0)) if momentum_given else None,
            running_mean=centre + spread * draw.normal(COLUMNS) if running_given else None,
            running_var=spread**2 * draw.uniform(0.1, 5.0, COLUMNS) if running_given else None,
        )
        if not single:
            return problem
        arrays = ("x", "gamma", "beta", "dout", "running_mean", "running_var")
        given = {name: getattr(problem, name) for name in arrays}
        return replace(problem, **{name: a.astype(np.float32) for name, a in given.items() if a is not None})

    def difference(self, source: str) -> str | None:
        """What tells `source` from the truth, in a few words; None where nothing does."""
        try:
            student = LocalStudent(source)
            for problem in self.batches:
                if (found := _differs(student, problem)) is not None:
                    return f"{found} of {problem.label}"
        except CaseFailed as failed:
            return failed.message
        return None


def answers(student: LocalStudent, problem: Problem) -> list[tuple[object, Answer]]:
    """Everything the three functions return or leave behind for `problem`, each with the truth beside it."""
    call = calls.forward(student, problem)
    pairs: list[tuple[object, Answer]] = [(call.out, Answer("out", problem.train.out, problem.train.out_scale))]
    pairs += [(call.bn_param.get(key), expected(problem, key, RIGHT)) for key in KEYS]
    for function in ("batchnorm_backward", "batchnorm_backward_alt"):
        found = calls.backward(student, function, problem.dout.copy(order="K"), call.cache)
        pairs += [(found[part], right_answer(problem, part)) for part in GRADIENTS]
    tested = problem if problem.running_mean is not None else _with_own_statistics(problem)
    right = tested.inference
    test = calls.forward(student, tested, "test")
    pairs.append((test.out, Answer("test_out", right.out, right.out_scale)))
    unchanged = [(key, truth.extended(getattr(tested, key))) for key in KEYS]
    return pairs + [(test.bn_param.get(key), Answer(key, value, 0 * value)) for key, value in unchanged]


def _differs(student: LocalStudent, problem: Problem) -> str | None:
    for got, answer in answers(student, problem):
        array = real_array(answer.part, got, answer.value.shape)
        if worst(array, answer, problem.n, problem.dtype) > 1.0:
            return answer.part
    return None if _refuses_other_modes(student, problem) else "another mode"


def _with_own_statistics(problem: Problem) -> Problem:
    mean, var = (np.asarray(values, dtype=problem.x.dtype) for values in (problem.train.mu, problem.train.var + 1))
    return replace(problem, running_mean=mean, running_var=var)


def _refuses_other_modes(student: LocalStudent, problem: Problem) -> bool:
    try:
        calls.forward(student, problem, "predict")
    except StudentError as error:
        return error.exception == "ValueError"
    except CaseFailed:
        return False
    return False
