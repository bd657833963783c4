"""Python loops over every element: slow, and right."""

import math

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    if mode != "train" and mode != "test":
        raise ValueError(mode)
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", [0.0] * D)
    running_var = bn_param.get("running_var", [0.0] * D)
    out = np.empty((N, D))
    x_hat = np.empty((N, D))
    stds, means, variances = [], [], []
    for j in range(D):
        column = [float(value) for value in x[:, j]]
        if mode == "train":
            mean = math.fsum(column) / N
            var = math.fsum((value - mean) ** 2 for value in column) / N
            means.append(momentum * float(running_mean[j]) + (1 - momentum) * mean)
            variances.append(momentum * float(running_var[j]) + (1 - momentum) * var)
        else:
            mean, var = float(running_mean[j]), float(running_var[j])
        std = math.sqrt(var + eps)
        stds.append(std)
        for i in range(N):
            x_hat[i, j] = (column[i] - mean) / std
            out[i, j] = gamma[j] * x_hat[i, j] + beta[j]
    if mode == "train":
        bn_param["running_mean"] = np.array(means)
        bn_param["running_var"] = np.array(variances)
    return out, [x_hat, gamma, stds]


def batchnorm_backward(dout, cache):
    x_hat, gamma, stds = cache
    N, D = dout.shape
    dx = np.empty((N, D))
    dgamma = np.empty(D)
    dbeta = np.empty(D)
    for j in range(D):
        dbeta[j] = math.fsum(float(v) for v in dout[:, j])
        dgamma[j] = math.fsum(float(a) * float(b) for a, b in zip(dout[:, j], x_hat[:, j]))
        for i in range(N):
            dx[i, j] = gamma[j] / stds[j] * (dout[i, j] - dbeta[j] / N - x_hat[i, j] * dgamma[j] / N)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, stds = cache
    N = dout.shape[0]
    total, along = dout.sum(axis=0), (dout * x_hat).sum(axis=0)
    rows = [gamma / np.array(stds) * (row - total / N - h * along / N) for row, h in zip(dout, x_hat)]
    return np.stack(rows), along, total
