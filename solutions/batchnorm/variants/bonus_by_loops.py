"""The bonus in plain loops: row by row, channel by channel, output by output."""

import numpy as np


def short_answers():
    return 0, 0.01 / np.sqrt(0 + 1e-5), 2 * 1.5 / 0.5, 2 * (0.5 - 3) / 0.5 + 1


def layernorm_forward(x, gamma, beta, ln_param):
    out, stds = np.empty(x.shape), []
    for i, row in enumerate(x):
        stds.append(np.sqrt(row.var() + ln_param.get("eps", 1e-5)))
        out[i] = (row - row.mean()) / stds[i]
    return out * gamma + beta, {"x_hat": out, "stds": stds, "gamma": gamma}


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = np.empty(dout.shape), np.zeros(dout.shape[1]), np.zeros(dout.shape[1])
    for i, d in enumerate(dout):
        x_hat, g = cache["x_hat"][i], d * cache["gamma"]
        jacobian = np.eye(len(d)) - 1 / len(d) - np.outer(x_hat, x_hat) / len(d)
        dx[i] = jacobian @ g / cache["stds"][i]
        dgamma += d * x_hat
        dbeta += d
    return dx, dgamma, dbeta


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    if bn_param["mode"] not in ("train", "test"):
        raise ValueError(bn_param["mode"])
    training, keep = bn_param["mode"] == "train", bn_param.get("momentum", 0.9)
    channels = x.shape[1]
    mean, var = (np.array(bn_param.get(k, np.zeros(channels)), float) for k in ("running_mean", "running_var"))
    out, cache = np.empty(x.shape), []
    for c in range(channels):
        pixels = x[:, c]
        m, v = (pixels.mean(), pixels.var()) if training else (mean[c], var[c])
        if training:
            mean[c], var[c] = keep * mean[c] + (1 - keep) * m, keep * var[c] + (1 - keep) * v
        std = np.sqrt(v + bn_param.get("eps", 1e-5))
        cache.append(((pixels - m) / std, std, gamma[c]))
        out[:, c] = gamma[c] * cache[c][0] + beta[c]
    if training:
        bn_param.update(running_mean=mean, running_var=var)
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = np.empty(dout.shape), np.empty(len(cache)), np.empty(len(cache))
    for c, (x_hat, std, gamma) in enumerate(cache):
        d = dout[:, c]
        dbeta[c], dgamma[c] = d.sum(), (d * x_hat).sum()
        dx[:, c] = gamma / std * (d - d.mean() - x_hat * (d * x_hat).mean())
    return dx, dgamma, dbeta


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    folded, bias = W.copy(), b.copy()
    for j in range(len(b)):
        std = (running_var[j] + eps) ** 0.5
        folded[:, j] = W[:, j] * gamma[j] / std
        bias[j] = gamma[j] * (b[j] - running_mean[j]) / std + beta[j]
    return folded, bias
