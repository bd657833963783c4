"""Show Markdown, LaTeX, scripts, widgets, PDF and unknown kinds. Success: any is passed on, but as plain text."""

CELL = '''
from IPython.display import JSON, Javascript, Latex, Markdown, Math, display

script = "<script>alert(1)</script>"
display(Markdown(script + "[x](javascript:alert(1))"), Javascript("alert(1)"), Latex("$\\\\href{javascript:alert(1)}{x}$"), Math("\\\\href{javascript:alert(1)}{x}"), JSON({"x": script}))
display({"application/vnd.jupyter.widget-view+json": {"model_id": script}, "application/pdf": "x", "text/vnd.mermaid": "%%{init: {'securityLevel': 'loose'}}%% graph TD; A[" + script + "]",
         "application/vnd.plotly.v1+json": {"data": script}, "application/javascript": "alert(1)", "text/x-unknown": script, "text/html\\" onload=\\"alert(1)": script, "text/plain": script}, raw=True)
display({"text/plain": "x"}, raw=True, metadata={"text/html": {"isolated": True}, script: script})
'''
