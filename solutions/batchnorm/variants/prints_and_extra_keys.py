"""Prints its shapes and leaves notes of its own in bn_param."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    print("forward", x.shape, bn_param["mode"])
    eps = bn_param.setdefault("eps", 1e-5)
    momentum = bn_param.setdefault("momentum", 0.9)
    running_mean = bn_param.setdefault("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.setdefault("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    bn_param["calls"] = bn_param.get("calls", 0) + 1
    if bn_param["mode"] == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        bn_param["last_batch"] = {"mu": mu, "var": var}
        x_hat = (x - mu) / np.sqrt(var + eps)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
        print("mean of x_hat", x_hat.mean())
        return gamma * x_hat + beta, (x, x_hat, mu, var, gamma, beta, bn_param)
    if bn_param["mode"] == "test":
        return gamma * ((x - running_mean) / np.sqrt(running_var + eps)) + beta, ()
    raise ValueError("mode?")


def batchnorm_backward(dout, cache):
    x, x_hat, mu, var, gamma, beta, bn_param = cache
    print("backward", dout.shape)
    N = x.shape[0]
    std = np.sqrt(var + bn_param["eps"])
    dx_hat = gamma * dout
    dstd = -np.sum(dx_hat * (x - mu), axis=0) / std**2
    dvar = 0.5 * dstd / std
    dx1 = dx_hat / std + 2 * (x - mu) * dvar / N
    dx = dx1 - np.sum(dx1, axis=0) / N
    return dx, np.sum(x_hat * dout, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
    x, x_hat, mu, var, gamma, beta, bn_param = cache
    N, D = dout.shape
    std = np.sqrt(var + bn_param["eps"])
    dx = (1 / N) * gamma * (1 / std) * (N * dout - np.sum(dout, axis=0) - x_hat * np.sum(dout * x_hat, axis=0))
    return dx, np.sum(x_hat * dout, axis=0), np.sum(dout, axis=0)
