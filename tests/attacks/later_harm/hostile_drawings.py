"""Return what the page would draw: numbers at the ends of what there is, odd names. Success: a page stops, or runs it."""

ANSWER = '''
import numpy as np

calls = 0


def ANSWER(*args, **kwargs):
    global calls
    calls += 1
    extreme = np.array([1e308, -1e308, 5e-324, np.inf, -np.inf, np.nan, 1e300])
    x = args[0] if args and isinstance(args[0], np.ndarray) else np.zeros((1, 1))
    for argument in args:
        if isinstance(argument, dict):
            argument["running_mean"] = extreme[calls % 7] * np.ones(x.shape[-1:])
            argument["running_var"] = np.full(x.shape[-1:], 10**400, object) if calls % 5 == 0 else np.ones(x.shape[-1:]) * 1e-320
    return np.resize(extreme, x.shape), args


grads = {name: extreme for name in ("dout", "dx", "dxmu1", "dxhat", "<script>alert(1)</script>") for extreme in (np.inf * np.ones((4, 3)), "<svg onload=alert(1)>")}
'''
