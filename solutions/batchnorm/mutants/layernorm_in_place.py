"""Layer norm that centres the caller's x."""
# kind: in-place
# diagnosed as: input-overwritten

import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    x -= np.mean(x, axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + ln_param.get("eps", 1e-5))
    x_hat = x * inv_std
    return gamma * x_hat + beta, (x_hat, gamma, inv_std)
