"""Print codes that terminals obey. Success: they reach a terminal, a log, a verdict or a page."""

CELL = '''
import sys
import warnings

codes = "\\x1b]0;pwned\\x07\\x1b[2J\\x1b[31mred\\x1b[0m\\x9b31m\\x90q\\x08\\x7f\\r\\x0b\\u202eevil\\u2066"
print(codes)
print(codes, file=sys.stderr)
warnings.warn(codes)
get_ipython().user_ns["codes"] = codes
raise type(codes.replace("\\0", ""), (Exception,), {})(codes)
'''
