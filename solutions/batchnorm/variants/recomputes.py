"""Keeps only the inputs and computes everything again in backward. Cache: a tuple of arrays and numbers."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    if mode == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        momentum = bn_param.get("momentum", 0.9)
        for key, value in {"running_mean": mean, "running_var": var}.items():
            bn_param[key] = momentum * bn_param.get(key, np.zeros(x.shape[1])) + (1 - momentum) * value
    elif mode == "test":
        mean, var = bn_param["running_mean"], bn_param["running_var"]
    else:
        raise ValueError(f"Unknown mode {mode}")
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, (x, gamma, eps)


def batchnorm_backward(dout, cache):
    x, gamma, eps = cache
    N = x.shape[0]
    mean = x.mean(axis=0)
    var = np.mean(np.abs(x - mean) ** 2, axis=0)
    x_hat = (x - mean) / np.sqrt(var + eps)
    dvar = (dout * gamma * (x - mean)).sum(axis=0) * (-0.5) * np.power(var + eps, -1.5)
    dmean = (dout * gamma).sum(axis=0) * (-1 / np.sqrt(var + eps))
    dx = dout * gamma / np.sqrt(var + eps) + dvar * 2 * (x - mean) / N + dmean / N
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
