"""Turns everything on its side: works on transposed arrays and returns arrays in Fortran order."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    xt = np.asfortranarray(x).T
    g, b = gamma[:, None], beta[:, None]
    if bn_param["mode"] == "train":
        mu = xt.mean(axis=1)
        var = xt.var(axis=1)
        bn_param["running_mean"] = momentum * bn_param.get("running_mean", np.zeros(len(mu))) + (1 - momentum) * mu
        bn_param["running_var"] = momentum * bn_param.get("running_var", np.zeros(len(mu))) + (1 - momentum) * var
        std = np.sqrt(var + eps)[:, None]
        z = (xt - mu[:, None]) / std
        return (g * z + b).T, (z, g, std)
    if bn_param["mode"] == "test":
        z = (xt - bn_param["running_mean"][:, None]) / np.sqrt(bn_param["running_var"] + eps)[:, None]
        return (g * z + b).T, None
    raise ValueError("mode")


def batchnorm_backward(dout, cache):
    z, g, std = cache
    d = dout.T
    dz = d * g
    dx = (dz - dz.mean(axis=1, keepdims=True) - z * (dz * z).mean(axis=1, keepdims=True)) / std
    return dx.T, (d * z).sum(axis=1), d.sum(axis=1)


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(np.asfortranarray(dout), cache)
