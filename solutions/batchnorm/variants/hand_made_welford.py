"""Mean and variance in one pass with Welford's recurrence, row by row. Cache: a nested dict."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    if bn_param["mode"] == "train":
        mean, spread = np.zeros(x.shape[1]), np.zeros(x.shape[1])
        for count, row in enumerate(x, start=1):
            step = row - mean
            mean = mean + step / count
            spread = spread + step * (row - mean)
        var = spread / len(x)
        bn_param["running_mean"] = momentum * bn_param.get("running_mean", 0 * mean) + (1 - momentum) * mean
        bn_param["running_var"] = momentum * bn_param.get("running_var", 0 * mean) + (1 - momentum) * var
        std = np.sqrt(var + eps)
        x_hat = (x - mean) / std
        return x_hat * gamma + beta, {"arrays": {"x_hat": x_hat, "std": std}, "gamma": gamma}
    if bn_param["mode"] == "test":
        return (x - bn_param["running_mean"]) / np.sqrt(bn_param["running_var"] + eps) * gamma + beta, None
    raise ValueError(bn_param["mode"])


def batchnorm_backward(dout, cache):
    x_hat, std = cache["arrays"]["x_hat"], cache["arrays"]["std"]
    d = dout * cache["gamma"]
    dx = (d - np.mean(d, axis=0) - x_hat * np.mean(d * x_hat, axis=0)) / std
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
