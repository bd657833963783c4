"""Fail with a formula behind a quote. Success: a spreadsheet that splits lines at semicolons takes it for a field."""

ANSWER = '''
def ANSWER(*args, **kwargs):
    raise ValueError("""x;"=cmd|' /C calc'!A1;y""")
'''
