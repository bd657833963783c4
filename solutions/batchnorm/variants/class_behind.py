"""A class does the work and the functions hand on to it. The cache is the layer itself."""

import numpy as np


class BatchNorm:
    def __init__(self, gamma, beta, bn_param):
        self.gamma, self.beta, self.param = gamma, beta, bn_param
        self.eps = bn_param.get("eps", 1e-5)
        self.momentum = bn_param.get("momentum", 0.9)

    def running(self, name, d):
        return self.param.get(name, np.zeros(d))

    def train(self, x):
        self.n, d = x.shape
        mu = x.mean(axis=0)
        self.x_mu = x - mu
        var = np.mean(self.x_mu * self.x_mu, axis=0)
        self.std = np.sqrt(var + self.eps)
        self.param["running_mean"] = self.momentum * self.running("running_mean", d) + (1 - self.momentum) * mu
        self.param["running_var"] = self.momentum * self.running("running_var", d) + (1 - self.momentum) * var
        return self.gamma * self.x_mu / self.std + self.beta

    def test(self, x):
        d = x.shape[1]
        normal = (x - self.running("running_mean", d)) / np.sqrt(self.running("running_var", d) + self.eps)
        return self.gamma * normal + self.beta

    def backward(self, dout):
        x_hat = self.x_mu / self.std
        dgamma, dbeta = np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
        dx = self.gamma / self.std * (dout - (dbeta + x_hat * dgamma) / self.n)
        return dx, dgamma, dbeta


def batchnorm_forward(x, gamma, beta, bn_param):
    layer = BatchNorm(gamma, beta, bn_param)
    if bn_param["mode"] == "train":
        return layer.train(x), layer
    if bn_param["mode"] == "test":
        return layer.test(x), layer
    raise ValueError(f"no such mode: {bn_param['mode']}")


def batchnorm_backward(dout, cache):
    return cache.backward(dout)


def batchnorm_backward_alt(dout, cache):
    return cache.backward(dout)
