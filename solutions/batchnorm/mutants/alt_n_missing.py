"""The one-expression backward has dout where N * dout should be. Seen in student code."""
# kind: formula
# diagnosed as: n-times-dout-missing


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, inv_std = cache
    N = len(dout)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std / N * (dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta
