"""One sum of the one-expression backward is divided by N - 1. Made up."""
# kind: ddof
# diagnosed as: variance-path-ddof-one

def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, inv_std = cache
    N = len(dout)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dout - dbeta / N - x_hat * dgamma / (N - 1))
    return dx, dgamma, dbeta
