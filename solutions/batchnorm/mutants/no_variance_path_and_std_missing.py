"""Composition: dx without the variance path and never divided. Made up from two frequent ones."""
# kind: composition
# diagnosed as: variance-path-missing, dx-std-missing

import numpy as np


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    mean_path = np.sum(dx_hat, axis=0) / N
    dx = dx_hat - mean_path
    return dx, dgamma, dbeta
