"""The one-expression backward forgets gamma. Seen in student code."""
# kind: formula
# diagnosed as: dx-gamma-missing


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, inv_std = cache
    N = len(dout)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = inv_std / N * (N * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta
