"""Column sums are products with a vector of ones, as in MATLAB."""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    if bn_param["mode"] not in ("train", "test"):
        raise ValueError("mode must be 'train' or 'test'")
    eps, w = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    n, d = x.shape
    ones = np.ones(n)
    if bn_param["mode"] == "train":
        mu = ones @ x / n
        xc = x - np.outer(ones, mu)
        var = ones @ (xc * xc) / n
        bn_param["running_mean"] = w * bn_param.get("running_mean", np.zeros(d)) + (1 - w) * mu
        bn_param["running_var"] = w * bn_param.get("running_var", np.zeros(d)) + (1 - w) * var
    else:
        xc, var = x - bn_param["running_mean"], bn_param["running_var"]
    xh = xc @ np.diag(1 / np.sqrt(var + eps))
    return xh @ np.diag(gamma) + np.outer(ones, beta), (xh, gamma, var + eps)


def batchnorm_backward(dout, cache):
    xh, gamma, v = cache
    n = dout.shape[0]
    ones = np.ones(n)
    dbeta = ones @ dout
    dgamma = ones @ (dout * xh)
    dx = (dout - np.outer(ones, dbeta) / n - xh @ np.diag(dgamma) / n) @ np.diag(gamma / np.sqrt(v))
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
