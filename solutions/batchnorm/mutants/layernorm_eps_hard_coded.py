"""Layer norm that does not look at eps in ln_param."""
# kind: eps
# diagnosed as: ln-eps-hard-coded

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mu = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    std = np.sqrt(var + 1e-5)
    x_hat = (x - mu) / std
    return gamma * x_hat + beta, (x_hat, gamma, 1 / std)
