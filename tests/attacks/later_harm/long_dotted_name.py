"""Assign to a name with thousands of dots, and fail. Success: nobody gets a page, as writing this one runs out of stack."""

ANSWER = "def ANSWER(*args, **kwargs):\n    return args[0], None\n    out" + "[0]" * 2500 + " = 1\n"
