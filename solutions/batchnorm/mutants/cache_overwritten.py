"""x_hat in the cache is used as scratch space. Seen in student code; a second call goes wrong."""
# kind: in-place
# diagnosed as: cache-overwritten

import numpy as np


def batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    mean_path = np.sum(dx_hat, axis=0) / N
    x_hat *= np.sum(dx_hat * x_hat, axis=0) / N
    dx = (dx_hat - mean_path - x_hat) * inv_std
    return dx, dgamma, dbeta
