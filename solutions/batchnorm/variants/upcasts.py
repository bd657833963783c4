"""Computes in float64 whatever comes in, and returns float64."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    x, gamma, beta = (np.asarray(a, dtype=np.float64) for a in (x, gamma, beta))
    eps, momentum = float(bn_param.get("eps", 1e-5)), float(bn_param.get("momentum", 0.9))
    zeros = np.zeros(x.shape[1])
    mean = np.asarray(bn_param.get("running_mean", zeros), dtype=np.float64)
    var = np.asarray(bn_param.get("running_var", zeros), dtype=np.float64)
    mode = bn_param["mode"]
    if mode not in {"train", "test"}:
        raise ValueError(mode)
    if mode == "train":
        batch_mean, batch_var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = momentum * mean + (1 - momentum) * batch_mean
        bn_param["running_var"] = momentum * var + (1 - momentum) * batch_var
        mean, var = batch_mean, batch_var
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, (x_hat, gamma, np.sqrt(var + eps))


def batchnorm_backward(dout, cache):
    x_hat, gamma, std = cache
    dout = dout.astype(np.float64)
    d = dout * gamma / std
    dx = d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0)
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, std = cache
    d = dout.astype(np.longdouble)
    dx = gamma / std * (d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0))
    return dx.astype(np.float64), (d * x_hat).sum(axis=0).astype(float), d.sum(axis=0).astype(float)
