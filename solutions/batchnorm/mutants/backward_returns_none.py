"""The return of backward is missing. Seen in student code."""
# kind: formula
# diagnosed as: nothing-returned

import numpy as np


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    mean_path = np.sum(dx_hat, axis=0) / N
    var_path = x_hat * np.sum(dx_hat * x_hat, axis=0) / N
    dx = (dx_hat - mean_path - var_path) * inv_std
