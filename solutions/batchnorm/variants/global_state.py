"""Keeps what backward needs in a global, with the forward's number as the cache."""

import numpy as np

STORE = {}


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    if bn_param["mode"] == "train":
        mu, var = np.mean(x, axis=0), np.var(x, axis=0)
        bn_param["running_mean"] = momentum * bn_param.get("running_mean", 0.0) + (1 - momentum) * mu
        bn_param["running_var"] = momentum * bn_param.get("running_var", 0.0) + (1 - momentum) * var
        number = len(STORE)
        STORE[number] = ((x - mu) / np.sqrt(var + eps), gamma, np.sqrt(var + eps))
        return gamma * STORE[number][0] + beta, number
    elif bn_param["mode"] == "test":
        return gamma * (x - bn_param["running_mean"]) / np.sqrt(bn_param["running_var"] + eps) + beta, None
    raise ValueError("bad mode")


def batchnorm_backward(dout, cache):
    z, gamma, std = STORE[cache]
    d = dout * gamma
    return (d - d.mean(axis=0) - z * (d * z).mean(axis=0)) / std, (dout * z).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    z, gamma, std = STORE[cache]
    N = dout.shape[0]
    return gamma / (N * std) * (N * dout - dout.sum(0) - z * (dout * z).sum(0)), (dout * z).sum(0), dout.sum(0)
