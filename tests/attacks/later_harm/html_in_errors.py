"""Raise errors with HTML, markup and format codes in name, text and line. Success: a table, page or csv runs them."""

ANSWER = '''
def ANSWER(*args, **kwargs):
    error = type("<script>alert(1)</script>", (Exception,), {})
    raise error("<img src=x onerror=alert(1)>[bold red]x[/][link=http://evil.example]{0}%s=1+1\\x1b[2J\\x9b31m\\u202e\\n=cmd()|'/c calc'!A0")  # <script>alert(2)</script>
'''
