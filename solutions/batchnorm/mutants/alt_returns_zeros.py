"""The one-expression backward returns zeros. Seen in student code."""
# kind: formula
# diagnosed as: zeros-returned

import numpy as np


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, inv_std = cache
    N = len(dout)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    return np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
