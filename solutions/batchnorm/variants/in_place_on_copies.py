"""Works in place throughout, but on arrays of its own; the running arrays in bn_param are updated in place, too."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    D = x.shape[1]
    if "running_mean" not in bn_param:
        bn_param["running_mean"] = np.zeros(D)
        bn_param["running_var"] = np.zeros(D)
    if bn_param["mode"] == "train":
        x_hat = x.astype(np.result_type(x, np.float32), copy=True)
        mu = x_hat.mean(axis=0)
        x_hat -= mu
        var = np.mean(np.square(x_hat), axis=0)
        std = np.sqrt(var + eps)
        x_hat /= std
        bn_param["running_mean"] *= momentum
        bn_param["running_mean"] += (1 - momentum) * mu
        bn_param["running_var"] *= momentum
        bn_param["running_var"] += (1 - momentum) * var
        out = x_hat.copy()
        out *= gamma
        out += beta
        return out, (x_hat, gamma.copy(), std)
    if bn_param["mode"] == "test":
        out = x - bn_param["running_mean"]
        out /= np.sqrt(bn_param["running_var"] + eps)
        out *= gamma
        out += beta
        return out, None
    raise ValueError(bn_param["mode"])


def batchnorm_backward(dout, cache):
    x_hat, gamma, std = cache
    dx = dout.copy()
    dx -= dout.mean(axis=0)
    scratch = dout * x_hat
    dgamma = scratch.sum(axis=0)
    np.multiply(x_hat, scratch.mean(axis=0), out=scratch)
    dx -= scratch
    dx *= gamma
    dx /= std
    return dx, dgamma, dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, std = cache
    return batchnorm_backward(dout, (x_hat, gamma, std))
