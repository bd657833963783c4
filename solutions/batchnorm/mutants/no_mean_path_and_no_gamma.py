"""Composition: dx without gamma and without the mean path. Seen together in student code."""
# kind: composition
# diagnosed as: mean-path-missing, dx-gamma-missing

import numpy as np


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout
    var_path = x_hat * np.sum(dx_hat * x_hat, axis=0) / N
    dx = (dx_hat - var_path) * inv_std
    return dx, dgamma, dbeta
