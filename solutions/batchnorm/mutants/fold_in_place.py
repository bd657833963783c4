"""Folding changes the weights of the caller."""
# kind: in-place
# diagnosed as: input-overwritten

import numpy as np


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    scale = gamma / np.sqrt(running_var + eps)
    W *= scale
    return W, (b - running_mean) * scale + beta
