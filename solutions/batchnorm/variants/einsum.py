"""All sums are einsums. Cache: an object of a class of its own, defined beside the functions."""

import numpy as np


class Cache:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def column_mean(a):
    return np.einsum("nd->d", a) / a.shape[0]


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    old_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    old_var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if mode == "train":
        mu = column_mean(x)
        xc = x - mu
        var = np.einsum("nd,nd->d", xc, xc) / x.shape[0]
        r = 1 / np.sqrt(var + eps)
        xh = np.einsum("nd,d->nd", xc, r)
        bn_param["running_mean"] = momentum * old_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * old_var + (1 - momentum) * var
        return np.einsum("nd,d->nd", xh, gamma) + beta, Cache(xh=xh, r=r, gamma=gamma)
    if mode == "test":
        return np.einsum("nd,d->nd", x - old_mean, gamma / np.sqrt(old_var + eps)) + beta, Cache()
    raise ValueError(mode)


def batchnorm_backward(dout, cache):
    dgamma = np.einsum("nd,nd->d", dout, cache.xh)
    dbeta = np.einsum("nd->d", dout)
    n = dout.shape[0]
    dx = np.einsum("d,nd->nd", cache.gamma * cache.r, dout - dbeta / n - np.einsum("nd,d->nd", cache.xh, dgamma / n))
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    n = len(dout)
    projection = np.eye(n) - 1 / n  # takes the mean of a column away
    d = np.einsum("mn,nd->md", projection, dout)
    along = np.einsum("nd,nd->d", cache.xh, dout) / n
    return cache.gamma * cache.r * (d - cache.xh * along), n * along, np.einsum("nd->d", dout)
