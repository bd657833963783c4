"""The formulas of the paper in the paper's order: variance, then mean, then x. Cache: a dict."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    m, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    if bn_param["mode"] == "train":
        mu = np.sum(x, axis=0) / m
        var = np.sum((x - mu) ** 2, axis=0) / m
        x_hat = (x - mu) / np.sqrt(var + eps)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
        return gamma * x_hat + beta, {"x": x, "mu": mu, "var": var, "x_hat": x_hat, "gamma": gamma, "eps": eps}
    if bn_param["mode"] == "test":
        scale = gamma / np.sqrt(running_var + eps)
        return scale * x + (beta - scale * running_mean), {}
    raise ValueError("mode must be train or test")


def batchnorm_backward(dout, cache):
    x, mu, var, x_hat, gamma, eps = (cache[k] for k in ("x", "mu", "var", "x_hat", "gamma", "eps"))
    m = x.shape[0]
    dx_hat = dout * gamma
    dvar = np.sum(dx_hat * (x - mu) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmu = np.sum(dx_hat * -1 / np.sqrt(var + eps), axis=0) + dvar * np.sum(-2 * (x - mu), axis=0) / m
    dx = dx_hat / np.sqrt(var + eps) + dvar * 2 * (x - mu) / m + dmu / m
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, var, eps = cache["x_hat"], cache["gamma"], cache["var"], cache["eps"]
    dx = gamma / np.sqrt(var + eps) * (dout - dout.mean(axis=0) - x_hat * (dout * x_hat).mean(axis=0))
    return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
