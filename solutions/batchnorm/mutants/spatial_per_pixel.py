"""Statistics over the images alone, one for each pixel."""
# kind: formula
# diagnosed as: spatial-per-pixel

import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode, C = bn_param["mode"], x.shape[1]
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(C))
    running_var = bn_param.get("running_var", np.zeros(C))
    if mode == "train":
        mu = x.mean(axis=0, keepdims=True)
        var = x.var(axis=0, keepdims=True)
        for key, old, new in (("running_mean", running_mean, mu), ("running_var", running_var, var)):
            bn_param[key] = momentum * old + (1 - momentum) * new.mean(axis=(0, 2, 3))
    elif mode == "test":
        mu, var = running_mean.reshape(1, C, 1, 1), running_var.reshape(1, C, 1, 1)
    else:
        raise ValueError(f"mode {mode!r}")
    gamma, inv_std = gamma.reshape(1, C, 1, 1), 1 / (np.sqrt(var + eps))
    x_hat = (x - mu) * inv_std
    return gamma * x_hat + beta.reshape(1, C, 1, 1), (x_hat, gamma, inv_std)
