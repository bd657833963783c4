"""Write HTML into code, comments and errors. Success: a page shows it as HTML."""

CELL = '''
# </pre><script>alert(1)</script><!-- <img src=x onerror=alert(1)> {{ 7 * 7 }}
text = "</div></pre></script><script>alert(1)</script>"
print(text)
raise type("</pre><script>alert(1)</script>", (Exception,), {})(text)
'''
