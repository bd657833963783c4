"""The 1/2 of the square root is lost. Made up."""
# kind: formula
# diagnosed as: variance-path-doubled

import numpy as np


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    N, D = dout.shape
    std = 1 / inv_std
    xmu = x_hat * std
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    dinv_std = np.sum(dx_hat * xmu, axis=0)
    dxmu1 = dx_hat / std
    dstd = -dinv_std / std**2
    dvar = dstd / std
    dsq = np.ones((N, D)) * dvar / N
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -np.sum(dx1, axis=0)
    dx2 = np.ones((N, D)) * dmu / N
    dx = dx1 + dx2
    return dx, dgamma, dbeta
