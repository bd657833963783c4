"""The other parts of a small network, ready-made, so that section 6 can train one with the layer that you wrote.

A layer has `forward(x, mode)`, `backward(dout)` (which leaves gradients in `grads`), and `params`. Shapes: x (N, D_in),
out (N, D_out). The batch norm layer calls the functions it is given; there is no batch normalisation in this file.
"""

from itertools import pairwise

import numpy as np


def xavier(n_in, n_out, rng):
    """Weights (n_in, n_out) of variance 2 / (n_in + n_out): keeps the spread for layers that are linear around 0."""
    return rng.standard_normal((n_in, n_out)) * np.sqrt(2.0 / (n_in + n_out))


def he(n_in, n_out, rng):
    """Weights (n_in, n_out) of variance 2 / n_in: keeps the spread where a ReLU cuts off half of it."""
    return rng.standard_normal((n_in, n_out)) * np.sqrt(2.0 / n_in)


def normal(scale):
    """Initial weights `scale` times standard normal numbers, whatever the size of the layer."""
    return lambda n_in, n_out, rng: scale * rng.standard_normal((n_in, n_out))


class Linear:
    """out = x W + b, with `init(n_in, n_out, rng)` for W and zeros for b; `bias=False` leaves b away."""

    def __init__(self, n_in, n_out, rng, init=he, bias=True):
        self.params = {"W": init(n_in, n_out, rng)}
        if bias:
            self.params["b"] = np.zeros(n_out)
        self.grads = {}

    def forward(self, x, mode):
        self._x = x
        return x @ self.params["W"] + self.params.get("b", 0.0)

    def backward(self, dout):
        self.grads = {"W": self._x.T @ dout}
        if "b" in self.params:
            self.grads["b"] = dout.sum(axis=0)
        return dout @ self.params["W"].T


class ReLU:
    """out = max(x, 0)."""

    params: dict = {}
    grads: dict = {}

    def forward(self, x, mode):
        self._open = x > 0
        return x * self._open

    def backward(self, dout):
        return dout * self._open


class Sigmoid:
    """out = 1 / (1 + exp(-x)), written with tanh, which does not overflow."""

    params: dict = {}
    grads: dict = {}

    def forward(self, x, mode):
        self._out = 0.5 * (1.0 + np.tanh(0.5 * x))
        return self._out

    def backward(self, dout):
        return dout * self._out * (1.0 - self._out)


class BatchNorm:
    """Your layer: `functions` is (batchnorm_forward, batchnorm_backward); n is the number of features."""

    def __init__(self, n, functions, momentum=0.9, eps=1e-5):
        self._forward, self._backward = functions
        self.params = {"gamma": np.ones(n), "beta": np.zeros(n)}
        self.grads = {}
        self.bn_param = {"mode": "train", "momentum": momentum, "eps": eps}

    def forward(self, x, mode):
        self.bn_param["mode"] = mode
        out, self._cache = self._forward(x, self.params["gamma"], self.params["beta"], self.bn_param)
        return out

    def backward(self, dout):
        dx, dgamma, dbeta = self._backward(dout, self._cache)
        self.grads = {"gamma": dgamma, "beta": dbeta}
        return dx

    def get_config(self):
        """What somebody needs to build the same layer in another library, in the words of this notebook."""
        return {
            "features": len(self.params["gamma"]),
            "axis of the batch": 0,
            "momentum (share of the old value that is kept)": self.bn_param["momentum"],
            "eps": self.bn_param["eps"],
            "gamma starts at": 1.0,
            "beta starts at": 0.0,
            "running_mean starts at": 0.0,
            "running_var starts at": 0.0,
            "learned": ["gamma", "beta"],
            "remembered, not learned": ["running_mean", "running_var"],
        }


class Jitter:
    """Scales and shifts every feature at random, anew in every training step: covariate shift made on purpose.

    In test mode it does nothing.
    """

    params: dict = {}
    grads: dict = {}

    def __init__(self, rng, strength=0.5):
        self._rng = rng
        self._strength = strength

    def forward(self, x, mode):
        if mode != "train":
            return x
        shift, log_scale = self._strength * self._rng.standard_normal((2, x.shape[1]))
        self._scale = np.exp(log_scale)
        return x * self._scale + shift

    def backward(self, dout):
        return dout * self._scale


class Network:
    """Layers in a row."""

    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x, mode="train"):
        for layer in self.layers:
            x = layer.forward(x, mode)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def parameters(self):
        """All arrays that are learned, as (place, array, gradient)."""
        for number, layer in enumerate(self.layers):
            for name in layer.params:
                yield (number, name), layer.params[name], layer.grads.get(name)

    def of_kind(self, kind):
        return [layer for layer in self.layers if isinstance(layer, kind)]


def mlp(sizes, rng, batchnorm=None, init=he, activation=ReLU, **options):
    """A network of linear layers of these sizes with an activation between them, and batch norm before it if given.

    `batchnorm` is the pair of your two functions; `options` (momentum, eps) go to each batch norm layer. Behind a
    linear layer that batch norm follows, a bias has no effect, so there it is left away.
    """
    layers = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers.append(Linear(n_in, n_out, rng, init, bias=batchnorm is None))
        if batchnorm is not None:
            layers.append(BatchNorm(n_out, batchnorm, **options))
        layers.append(activation())
    return Network(*layers, Linear(sizes[-2], sizes[-1], rng, init))
