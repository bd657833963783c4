"""Computes in float64 and casts the answers back to the type that came in, where that is a floating type."""

import numpy as np


def like(a, x):
    return a.astype(x.dtype) if x.dtype.kind == "f" else a


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    wide = x.astype(np.float64)
    if bn_param["mode"] == "train":
        mu, var = wide.mean(axis=0), wide.var(axis=0)
        x_hat = (wide - mu) / np.sqrt(var + eps)
        for key, value in (("running_mean", mu), ("running_var", var)):
            old = bn_param.get(key, np.zeros(x.shape[1], dtype=x.dtype))
            bn_param[key] = like(momentum * old + (1 - momentum) * value, x)
        return like(gamma * x_hat + beta, x), (x_hat, gamma, 1 / np.sqrt(var + eps))
    if bn_param["mode"] == "test":
        x_hat = (wide - bn_param["running_mean"]) / np.sqrt(bn_param["running_var"] + eps)
        return like(gamma * x_hat + beta, x), None
    raise ValueError


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    d = dout.astype(np.float64)
    dx = gamma * inv_std * (d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0))
    return tuple(like(a, dout) for a in (dx, (d * x_hat).sum(axis=0), d.sum(axis=0)))


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
