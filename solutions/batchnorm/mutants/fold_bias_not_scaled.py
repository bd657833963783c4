"""Folding leaves the linear layer's bias as it is."""
# kind: formula
# diagnosed as: fold-bias-not-scaled

import numpy as np


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    scale = gamma / np.sqrt(running_var + eps)
    return W * scale, b - running_mean * scale + beta
