"""Folding forgets the running mean."""
# kind: formula
# diagnosed as: fold-mean-missing

import numpy as np


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    scale = gamma / np.sqrt(running_var + eps)
    return W * scale, b * scale + beta
