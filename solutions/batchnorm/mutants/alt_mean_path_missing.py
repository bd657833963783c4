"""The one-expression backward lacks the mean. Seen in student code."""
# kind: formula
# diagnosed as: mean-path-missing


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, inv_std = cache
    N = len(dout)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std / N * (N * dout - x_hat * dgamma)
    return dx, dgamma, dbeta
