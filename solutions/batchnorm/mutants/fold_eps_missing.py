"""Folding forgets eps."""
# kind: eps
# diagnosed as: fold-eps-missing

import numpy as np


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    scale = gamma / np.sqrt(running_var)
    return W * scale, (b - running_mean) * scale + beta
