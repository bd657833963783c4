"""Images turned into rows by reshape alone, without bringing the channels to the end."""
# kind: formula
# diagnosed as: spatial-reshaped-only


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    rows, cache = batchnorm_forward(x.reshape(-1, x.shape[1]), gamma, beta, bn_param)  # noqa: F821
    return rows.reshape(x.shape), cache


def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward(dout.reshape(-1, dout.shape[1]), cache)  # noqa: F821
    return dx.reshape(dout.shape), dgamma, dbeta
