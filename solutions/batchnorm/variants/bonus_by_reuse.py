"""The bonus with the functions of sections 1 and 4: transposed, flattened, and probed with unit vectors."""

import numpy as np


def short_answers():
    return np.array([0.0, 3.16, 6.0, -9.0])


def layernorm_forward(x, gamma, beta, ln_param):
    ones, zeros = np.ones(x.shape[0]), np.zeros(x.shape[0])
    turned, cache = batchnorm_forward(x.T, ones, zeros, {"mode": "train", **ln_param})  # noqa: F821
    return gamma * turned.T + beta, (turned.T, gamma, cache)


def layernorm_backward(dout, cache):
    x_hat, gamma, turned = cache
    dx = batchnorm_backward((dout * gamma).T, turned)[0]  # noqa: F821
    return dx.T, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def rows_of(images):
    return np.moveaxis(images, 1, -1).reshape(-1, images.shape[1])


def images_of(rows, shape):
    n, c, h, w = shape
    return np.moveaxis(rows.reshape(n, h, w, c), -1, 1)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    rows, cache = batchnorm_forward(rows_of(x), gamma, beta, bn_param)  # noqa: F821
    return images_of(rows, x.shape), cache


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward_alt(rows_of(dout), cache)  # noqa: F821
    return images_of(dx, dout.shape), dgamma, dbeta


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    layer = {"mode": "test", "eps": eps, "running_mean": running_mean, "running_var": running_var}
    probes = np.vstack([np.zeros(W.shape[0]), np.eye(W.shape[0])]) @ W + b
    out, _ = batchnorm_forward(probes, gamma, beta, layer)  # noqa: F821
    return out[1:] - out[0], out[0]


def bug_hunt():
    return 39, 32, 27, 23, 18, 10, 5, 2, 2
