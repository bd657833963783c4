"""Show pictures that are programs. Success: an SVG, or what calls itself a PNG, is passed on."""

CELL = '''
import base64
from IPython.display import SVG, Image, display

svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script><foreignObject><body onload='alert(1)'/></foreignObject></svg>"
display(SVG(data=svg))
display({"image/svg+xml": svg, "image/png": base64.b64encode(svg.encode()).decode(), "image/gif": "R0lGODlh", "image/jpeg": "x' onerror='alert(1)"}, raw=True)
display({"image/png": "iVBORw0KGgo='><script>alert(1)</script>"}, raw=True)
'''
