"""As few statements as possible. Cache: a list."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    p = {"eps": 1e-5, "momentum": 0.9, "running_mean": 0.0 * gamma, "running_var": 0.0 * gamma} | bn_param
    if p["mode"] not in ("train", "test"):
        raise ValueError(p["mode"])
    if p["mode"] == "test":
        return gamma * (x - p["running_mean"]) / np.sqrt(p["running_var"] + p["eps"]) + beta, None
    mu, var, w = x.mean(0), x.var(0), p["momentum"]
    bn_param.update(running_mean=w * p["running_mean"] + (1 - w) * mu, running_var=w * p["running_var"] + (1 - w) * var)
    return gamma * (x - mu) * (var + p["eps"]) ** -0.5 + beta, [x - mu, (var + p["eps"]) ** -0.5, gamma]


def batchnorm_backward(dout, cache):
    c, r, gamma = cache
    return (
        gamma * r * (dout - dout.mean(0) - c * r**2 * (dout * c).mean(0)),
        (dout * c * r).sum(0),
        dout.sum(0),
    )


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
