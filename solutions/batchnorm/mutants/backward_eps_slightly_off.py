"""Backward adds a little something to the standard deviation against zero. Made up."""
# kind: eps
# diagnosed as: nothing

import numpy as np


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    N, D = dout.shape
    xmu = x_hat / inv_std
    std = 1 / inv_std + 1e-8
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    dinv_std = np.sum(dx_hat * xmu, axis=0)
    dxmu1 = dx_hat / std
    dstd = -dinv_std / std**2
    dvar = 0.5 * dstd / std
    dsq = np.ones((N, D)) * dvar / N
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -np.sum(dx1, axis=0)
    dx2 = np.ones((N, D)) * dmu / N
    dx = dx1 + dx2
    return dx, dgamma, dbeta
