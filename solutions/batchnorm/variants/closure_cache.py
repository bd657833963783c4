"""The cache is a function that remembers what backward needs. In test mode it is None."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    if bn_param["mode"] == "test":
        x_hat = (x - bn_param["running_mean"]) / np.sqrt(bn_param["running_var"] + eps)
        return x_hat * gamma + beta, None
    if bn_param["mode"] != "train":
        raise ValueError("unknown mode")
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mu) / std
    for name, value in (("running_mean", mu), ("running_var", var)):
        old = bn_param.get(name, np.zeros_like(value))
        bn_param[name] = momentum * old + (1 - momentum) * value

    def gradients(dout):
        g = dout * gamma
        centred = g - g.mean(axis=0)
        return (centred - x_hat * np.mean(g * x_hat, axis=0)) / std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)

    return x_hat * gamma + beta, gradients


def batchnorm_backward(dout, cache):
    return cache(dout)


def batchnorm_backward_alt(dout, cache):
    return cache(dout)
