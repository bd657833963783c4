"""Is the table of other libraries' conventions true? Each row is shown against the library, where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from solutions.batchnorm import problems
from solutions.batchnorm.problems import Problem

MOMENTUM = 0.8


@pytest.fixture(scope="module")
def problem() -> Problem:
    plain = problems.unit("parity", "parity", 7, 4, 0.01)
    return problems.with_running(plain, "parity", momentum=MOMENTUM)


def close(got: object, wanted: np.ndarray, rtol: float = 1e-12) -> bool:
    return np.allclose(np.asarray(got, dtype=np.float64), np.asarray(wanted, dtype=np.float64), rtol=rtol, atol=rtol)


def blend(problem: Problem, keep: float, var_factor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Running mean and variance after one batch, `keep` of the old kept, the batch variance times `var_factor`."""
    mean = keep * problem.running_mean + (1 - keep) * problem.train.mu
    return mean, keep * problem.running_var + (1 - keep) * var_factor * problem.train.var


def test_pytorch(problem: Problem) -> None:
    """Same out and gradients; momentum the other way round; running_var unbiased."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    arrays = (problem.x, problem.gamma, problem.beta, problem.running_mean, problem.running_var)
    x, gamma, beta, mean, var = (torch.tensor(a, dtype=torch.float64) for a in arrays)
    for leaf in (x, gamma, beta):
        leaf.requires_grad_(True)
    out = torch.nn.functional.batch_norm(
        x, mean, var, gamma, beta, training=True, momentum=1 - MOMENTUM, eps=problem.eps_value
    )
    out.backward(torch.tensor(problem.dout))
    assert close(out.detach(), problem.train.out)
    assert close(x.grad, problem.gradients.dx)
    assert close(gamma.grad, problem.gradients.dgamma)
    assert close(beta.grad, problem.gradients.dbeta)
    wanted_mean, wanted_var = blend(problem, MOMENTUM, var_factor=problem.n / (problem.n - 1))
    assert close(mean, wanted_mean)
    assert close(var, wanted_var)
    arrays = (problem.x, problem.running_mean, problem.running_var, problem.gamma, problem.beta)
    tested = torch.nn.functional.batch_norm(*map(torch.tensor, arrays), training=False, eps=problem.eps_value)
    assert close(tested, problem.inference.out)


def test_jax_autodiff(problem: Problem) -> None:
    """The gradient that JAX derives from the definition is ours."""
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)

    def objective(x, gamma, beta):
        var = ((x - x.mean(0)) ** 2).mean(0)
        out = gamma * (x - x.mean(0)) / jax.numpy.sqrt(var + problem.eps_value) + beta
        return (out * problem.dout).sum()

    found = jax.grad(objective, argnums=(0, 1, 2))(problem.x, problem.gamma, problem.beta)
    for got, part in zip(found, ("dx", "dgamma", "dbeta"), strict=True):
        assert close(got, getattr(problem.gradients, part), rtol=1e-10), part


def test_flax(problem: Problem) -> None:
    """Flax: momentum as here, biased variance, running variance from one, eps 1e-5 and momentum .99 by default."""
    linen = pytest.importorskip("flax.linen", reason="Flax is not installed")
    jax = pytest.importorskip("jax")
    layer = linen.BatchNorm(use_running_average=False, momentum=MOMENTUM, epsilon=problem.eps_value)
    state = layer.init(jax.random.key(0), problem.x.astype(np.float32))
    assert close(state["batch_stats"]["var"], np.ones(problem.d))
    assert (linen.BatchNorm.momentum, linen.BatchNorm.epsilon) == (0.99, 1e-5)
    _, after = layer.apply(state, problem.x.astype(np.float32), mutable=["batch_stats"])
    assert close(after["batch_stats"]["mean"], (1 - MOMENTUM) * problem.train.mu, rtol=1e-5)
    assert close(after["batch_stats"]["var"], MOMENTUM + (1 - MOMENTUM) * problem.train.var, rtol=1e-5)


def test_tensorflow(problem: Problem) -> None:
    """tf.nn.batch_normalization is the formula of test mode; Keras starts the moving variance at one."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    out = tf.nn.batch_normalization(
        problem.x, problem.running_mean, problem.running_var, problem.beta, problem.gamma, problem.eps_value
    )
    assert close(out, problem.inference.out)
    layer = tf.keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=problem.eps_value, dtype="float64")
    layer.build(problem.x.shape)
    assert close(layer.moving_variance, np.ones(problem.d))
    assert (tf.keras.layers.BatchNormalization().momentum, tf.keras.layers.BatchNormalization().epsilon) == (0.99, 1e-3)
    layer(problem.x, training=True)
    assert close(layer.moving_mean, (1 - MOMENTUM) * problem.train.mu, rtol=1e-6)
    assert close(layer.moving_variance, MOMENTUM + (1 - MOMENTUM) * problem.train.var, rtol=1e-6)
