"""dx divides its sums by N - 1. Seen in derivations that start from the unbiased variance."""
# kind: ddof
# diagnosed as: dx-ddof-one

import numpy as np


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    mean_path = np.sum(dx_hat, axis=0) / (N - 1)
    var_path = x_hat * np.sum(dx_hat * x_hat, axis=0) / (N - 1)
    dx = (dx_hat - mean_path - var_path) * inv_std
    return dx, dgamma, dbeta
