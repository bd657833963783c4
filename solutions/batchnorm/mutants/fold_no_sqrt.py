"""Folding divides by the variance."""
# kind: formula
# diagnosed as: fold-no-square-root

import numpy as np


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    scale = gamma / (running_var + eps)
    return W * scale, (b - running_mean) * scale + beta
