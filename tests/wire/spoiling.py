"""Takes valid messages and spoils one thing at a time; says what the refusal must name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

Case = dict[str, Any]

HOLE = "@@"
"""Where a template takes a JSON token."""

NOT_NUMBERS = ["true", "null", '"1"', '""', "[]", "[1]", "{}", '{"id":1}']
NOT_WHOLE = ["1.0", "1.5", "1e0", "-0.0", "18446744073709551616", "1e300"]
BAD_IDS = [*NOT_NUMBERS, "false", *NOT_WHOLE, "0", "-1", "9007199254740992", "9223372036854775808"]
BAD_STRINGS = ["1", "1.5", "true", "null", "[]", '["a"]', "{}"]
BAD_CHARACTERS = [r'"a\ud800"', r'"\udfffb"', r'"\udc00\ud800"', r'"a\u0000b"']
WHOLE_BY_VALUE = ["1.0", "1e0"]
"""Whole numbers to JSON Schema, which knows values and not how they are written."""
UNBOUNDED = [*WHOLE_BY_VALUE, "-0.0", "18446744073709551616", "1e300"]
NOT_TOKENS = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 400, "01", "+1", ".5", "1.", "-"),
    *("0x1", "1_0", "undefined", "True", "None", "'1'", "1n", "/*1*/1", ""),
]


def token_name(token: str) -> str:
    """A token short enough for the name of a case."""
    return token if len(token) <= 24 else f"{token[:20]}... ({len(token)})"


def spoil(
    template: str,
    field: str,
    tokens: Iterable[str],
    *,
    form: str | None = None,
    unseen: Iterable[str] = (),
    error: str = "invalid_message",
) -> Iterator[Case]:
    """One case per token put into the hole of the template; each must name the field.

    ``unseen``: the tokens in which the published schema sees nothing wrong.
    """
    hidden = set(unseen)
    for token in tokens:
        name, text = f"{template} with {token_name(token)}", template.replace(HOLE, token)
        case = refused(name, error, field, text)
        if form is not None:
            case["form"] = form
        if token in hidden:
            case["schema"] = "accepts"
        yield case


def refused(name: str, error: str, field: str | None, text: str, **more: Any) -> Case:
    """One case written by hand."""
    return {"name": name, "text": text, "error": error, "field": field, **more}


def without_each(message: dict[str, Any], path: str = "", **more: Any) -> Iterator[Case]:
    """The message without each of its required fields in turn (``path``: inside that object)."""
    inner = message
    for step in path.split(".") if path else []:
        inner = inner[step]
    for key in list(inner):
        value = inner.pop(key)
        field = f"{path}.{key}" if path else key
        name = f"{json.dumps(message)} without {field}"
        yield refused(name, "invalid_message", field, json.dumps(message), **more)
        # Back at the end: every key is taken out once, in the order it stands.
        inner[key] = value


def not_json(dialect: str) -> Iterator[Case]:
    """What is no JSON, or no object, whatever the dialect."""
    key = {"essay": "action", "project": "type"}[dialect]
    good = {
        "essay": '{"action":"subscribe_essay","essay_id":1}',
        "project": '{"type":"join_project","payload":{"project_id":123}}',
    }[dialect]
    for length in range(len(good)):
        yield refused(f"cut after {length} bytes", "invalid_json", None, good[:length])
    for tail in ("x", good, ",", "}", "]", "\\", "\u0000", "//", "#"):
        yield refused(f"followed by {tail[:9]!a}", "invalid_json", None, good + tail)
    for head in ("\ufeff", "x", ",", "}", ")]}',\n", "\u00a0", "\u2028"):
        yield refused(f"preceded by {head!a}", "invalid_json", None, head + good)
    for text in (
        *("{", "}", "[", "]", '"', ":", ",", "{]", "[}", '{"a"}', '{"a":}', '{"a":1,}', "[1,]"),
        *("{a:1}", "{'a':1}", "{1:1}", '{"a":1 "b":2}', '{"a" 1}', "nul", "tru", "NULL", "- 1"),
        *('"\t"', '"\n"', '"\\x41"', '"\\u12"', '"\\u12G4"', '"\\', '"a', "\\u007b\\u007d", "\f{}"),
        *("<xml/>", "GET / HTTP/1.1", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "\u0000", "\u0001\u0002"),
    ):
        yield refused(f"text {text!a}", "invalid_json", None, text)
    for text, error in (
        ("[]", "invalid_message"), ("[{}]", "invalid_message"), ("0", "invalid_message"),
        ("-1.5e3", "invalid_message"), ('""', "invalid_message"), ("true", "invalid_message"),
        ("false", "invalid_message"), ("null", "invalid_message"), (f"[{good}]", "invalid_message"),
        (json.dumps(good), "invalid_message"), (r'"\ud800"', "invalid_message"),
    ):  # fmt: skip
        yield refused(f"not an object: {text}", error, None, text)
    yield refused("UTF-16", "invalid_json", None, good.encode("utf-16-le").decode())
    yield from _bombs(key)
    yield from _kinds(key)


def not_utf8() -> Iterator[Case]:
    """Bytes that no text frame may carry; a dialect does not count on the transport there."""
    good = '{"action":"subscribe_essay","essay_id":1}'
    hexes = {
        "UTF-16 with a byte order mark": good.encode("utf-16").hex(),
        "UTF-32": good.encode("utf-32").hex(),
        "gzip": "1f8b08000000000000ffabae0500b043b5",
        "a Yjs message": "0000010083bcac747e00",
        "a PNG": "89504e470d0a1a0a",
        "an overlong slash in a string": b'{"a":"\xc0\xaf"}'.hex(),
        "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}'.hex(),
        "such a surrogate beside an escaped one": b'{"a":"\\ud800\xed\xa0\x80"}'.hex(),
        "beyond Unicode": b'{"a":"\xf4\x90\x80\x80"}'.hex(),
        "a cut sequence": b'{"a":"\xe2\x82'.hex(),
        "Latin-1": '{"a":"\u00e9"}'.encode("latin-1").hex(),
    }
    for dialect in ("essay", "project"):
        for name, data in hexes.items():
            case = {"name": name, "dialect": dialect, "hex": data}
            yield case | {"error": "invalid_json", "field": None}


def _bombs(key: str) -> Iterator[Case]:
    deep: dict[str, list[tuple[str, int]]] = {
        "arrays opened 100,000 times": [("[", 100_000)],
        "objects opened 100,000 times": [('{"a":', 100_000)],
        "arrays 100,000 deep": [("[", 100_000), ("]", 100_000)],
        "objects 100,000 deep": [('{"a":', 100_000), ("1", 1), ("}", 100_000)],
        "100,000 deep with a lone surrogate": [("[", 100_000), (r'"\ud800"', 1), ("]", 100_000)],
        "5,000 deep with a lone surrogate": [("[", 5_000), (r'"\ud800"', 1), ("]", 5_000)],
        "a field 100,000 deep": [(f'{{"{key}":', 1), ("[", 100_000), ("]", 100_000), ("}", 1)],
        "arrays 1,025 deep": [("[", 1_025), ("]", 1_025)],
        "a number of 4,000 digits": [('{"a":', 1), ("1", 4_000), ("}", 1)],
        "a number of 4,000 digits beside a lone surrogate": [
            (r'{"b":"\ud800","a":', 1),
            ("1", 4_000),
            ("}", 1),
        ],
        "a number of 500,000 digits": [("7", 500_000)],
        "a string of 1 MB without an end": [('"', 1), ("a", 1_000_000)],
    }
    for name, parts in deep.items():
        yield {"name": name, "parts": parts, "error": "invalid_json", "field": None}
    for token in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400"):
        text = rf'{{"b":"\ud800","a":{token}}}'
        yield refused(f"{token} beside a lone surrogate", "invalid_json", None, text)
    yield {
        "name": "arrays 500 deep",
        "parts": [("[", 500), ("]", 500)],
        "error": "invalid_message",
        "field": None,
    }


def _kinds(key: str) -> Iterator[Case]:
    """What says which message it is: missing, of the wrong type, or unknown."""
    for text in (
        "{}", '{"a":1}', '{"Action":"x","Type":"x"}', '{"":"x"}', '{"message":{}}',
        f'{{"__proto__":{{"{key}":"x"}}}}', f'{{"constructor":{{"{key}":"x"}}}}',
        f'{{"{key}s":"x"}}', f'{{" {key}":"x"}}', f'{{"data":{{"{key}":"x"}}}}',
    ):  # fmt: skip
        yield refused(f"no kind: {text}", "invalid_message", key, text)
    kind = f'{{"{key}":{HOLE}}}'
    yield from spoil(kind, key, [*BAD_STRINGS, *BAD_CHARACTERS, '["a","b"]', '{"a":{"b":1}}'])
    for token in NOT_TOKENS:
        name = f"no token: {token_name(token)}"
        yield refused(name, "invalid_json", None, kind.replace(HOLE, token))
    names = [
        "", " ", "dance", "SUBSCRIBE_ESSAY", "Join_Project", "subscribe_essay ", " join_project",
        "essay_update", "project_updated", "ping", "ack", "error", "0", "null", "__proto__",
        "constructor", "toString", "hasOwnProperty", "__class__", "__init__", "decode",
        "\u202eevil", "\n", "a\tb", "\u0007", "<script>alert(1)</script>",
        "'; DROP TABLE essays; --", "%s%s%n", "{0.__class__}",
        "${jndi:ldap://x}", "update_feedback", "delete_feedback", "reply_feedback",
        "resolve_feedback", "reopen_feedback",
    ]  # fmt: skip
    for name in names:
        only: dict[str, str] = {}
        if key == "action" and name.endswith("_feedback"):
            only["form"] = "plain"
        yield refused(f"kind {name!a}", "unknown_action", key, json.dumps({key: name}), **only)
    yield {
        "name": "a kind of 900,000 characters",
        "parts": [(f'{{"{key}":"', 1), ("\u202e", 300_000), ('"}', 1)],
        "error": "unknown_action",
        "field": key,
    }


def essay_cases() -> Iterator[Case]:
    """Each field of each essay message, spoiled."""
    for action in ("subscribe_essay", "update_essay", "typing_start", "typing_stop"):
        more = ',"content":"x"' if action == "update_essay" else ""
        start = f'{{"action":"{action}"'
        yield from spoil(
            f'{start},"essay_id":{HOLE}{more}}}', "essay_id", BAD_IDS, unseen=WHOLE_BY_VALUE
        )
        yield refused(f"{action} alone", "invalid_message", "essay_id", start + "}")
    unsubscribe = f'{{"action":"unsubscribe_essay","essay_id":{HOLE}}}'
    yield from spoil(unsubscribe, "essay_id", BAD_IDS, form="extended", unseen=WHOLE_BY_VALUE)
    yield from spoil(unsubscribe, "action", ["1"], form="plain", error="unknown_action")
    yield from _common(f'{{"action":"subscribe_essay","essay_id":1,{HOLE}}}', "request_id")
    yield from _essay_texts()
    yield from _essay_feedback()
    yield from _essay_threads()
    yield from _tokens(f'{{"action":"refresh_token","token":{HOLE}}}', "token")
    yield refused("token in a payload", "invalid_message", "token",
                  '{"action":"refresh_token","payload":{"token":"a.b.c"}}')  # fmt: skip
    subscribe = '{"action":"subscribe_essay","essay_id":1'
    for text, field in (
        (f'{subscribe},"essay_id":"x"}}', "essay_id"),
        (subscribe.replace("1", '"x"') + ',"essay_id":true}', "essay_id"),
        ('{"action":"subscribe_essay","__proto__":{"essay_id":1}}', "essay_id"),
        ('{"action":"subscribe_essay","payload":{"essay_id":1}}', "essay_id"),
        ('{"action":"subscribe_essay","essayId":1}', "essay_id"),
        ('{"action":"subscribe_essay","essay":{"id":1}}', "essay_id"),
        (rf'{subscribe},"note":"a\u0000"}}', "note"),
        (rf'{subscribe},"note":["a",{{"b":"\ud800"}}]}}', "note.1.b"),
        (rf'{subscribe},"content":"a\u0000"}}', "content"),
        (rf'{subscribe},"a\u0000":1}}', None),
        (rf'{subscribe},"x":{{"\ud800":1}}}}', "x"),
        ('{"type":"join_project","payload":{"project_id":123}}', "action"),
    ):
        yield refused(f"message {text}", "invalid_message", field, text, **_unseen(text))
    since = f'{subscribe},"since":{HOLE}}}'
    yield from spoil(since, "since", _SINCE, form="extended")


_SINCE = ["-1", "1.5", "true", '"1"', "[]"]


def _unseen(text: str) -> dict[str, str]:
    """A bad character in a field that nobody knows: the schema does not look there."""
    return {"schema": "accepts"} if "\\u" in text else {}


def _essay_texts() -> Iterator[Case]:
    start = '{"action":"update_essay","essay_id":1'
    yield from spoil(f'{start},"content":{HOLE}}}', "content", BAD_STRINGS)
    yield from spoil(f'{start},"content":{HOLE}}}', "content.0", [r'["\ud800"]', r'["\u0000"]'])
    yield refused("no content", "invalid_message", "content", start + "}")
    yield refused("text for content", "invalid_message", "content", start + ',"text":"x"}')
    text = f'{start},"content":"x"'
    not_offsets = ["true", '"1"', "[]", "{}", *NOT_WHOLE]
    for field, more, form in (
        ("cursor_position", [], None),
        ("selection_end", [], "extended"),
        ("base_seq", ["-1"], "extended"),
    ):
        template = f'{text},"{field}":{HOLE}}}'
        bad = [*not_offsets, *more]
        yield from spoil(template, field, bad, form=form, unseen=[*UNBOUNDED])
    yield from _common(f"{text},{HOLE}}}", "request_id")
    mixed = rf'{start},"content":"\ud800","request_id":"\ud800"}}'
    yield refused(
        "bad characters beside the content",
        "invalid_message",
        "request_id",
        mixed,
        **_unseen(mixed),
    )


def _essay_feedback() -> Iterator[Case]:
    feedback = {"type": "style", "comment": "c"}
    message = {"action": "add_feedback", "essay_id": 1, "feedback": feedback}
    yield from without_each(message, "feedback")
    bare = '{"action":"add_feedback","essay_id":1'
    yield refused("no feedback", "invalid_message", "feedback", bare + "}")
    flat = bare + ',"type":"style","comment":"c"}'
    yield refused("flat feedback", "invalid_message", "feedback", flat)
    start = '{"action":"add_feedback","essay_id":1,"feedback"'
    yield from spoil(f"{start}:{HOLE}}}", "feedback", ["null", "1", "true", '"x"', "[]", "[{}]"])
    whole = f'{{"action":"add_feedback","essay_id":{HOLE},"feedback":{json.dumps(feedback)}}}'
    yield from spoil(whole, "essay_id", BAD_IDS, unseen=WHOLE_BY_VALUE)
    comment = f'{start}:{{"type":"style","comment":{HOLE}}}}}'
    blank = ['""', '" "', r'"\n\t"', '"\u3000\u00a0"']
    yield from spoil(
        comment, "feedback.comment", [*BAD_STRINGS, *BAD_CHARACTERS, *blank], unseen=BAD_CHARACTERS
    )
    for unit, times in (("a", 10_001), ("\U0001f44b", 10_001), ("a", 900_000)):
        yield {
            "name": f"a comment of {times:,} times {unit!a}",
            "parts": [(f'{start}:{{"type":"style","comment":"', 1), (unit, times), ('"}}', 1)],
            "error": "invalid_message",
            "field": "feedback.comment",
        }
    kinds = [*BAD_STRINGS, '""', '"Style"', '"other"', '" style"', '"__proto__"']
    kind = f'{start}:{{"type":{HOLE},"comment":"c"}}}}'
    yield from spoil(kind, "feedback.type", [*kinds, *BAD_CHARACTERS])
    yield from _essay_highlights(f'{start}:{{"type":"style","comment":"c"')


def _essay_threads() -> Iterator[Case]:
    """What only extended connections can do with feedback."""
    rest = {"update_feedback": ',"feedback":{"comment":"c"}', "reply_feedback": ',"comment":"c"'}
    for action in ("update", "delete", "reply", "resolve", "reopen"):
        name = f"{action}_feedback"
        more = rest.get(name, "")
        start = f'{{"action":"{name}"'
        essay = f'{start},"essay_id":{HOLE},"feedback_id":2{more}}}'
        item = f'{start},"essay_id":1,"feedback_id":{HOLE}{more}}}'
        yield from spoil(essay, "essay_id", BAD_IDS, form="extended", unseen=WHOLE_BY_VALUE)
        yield from spoil(item, "feedback_id", BAD_IDS, form="extended", unseen=WHOLE_BY_VALUE)
        whole = json.loads(essay.replace(HOLE, "1"))
        del whole["action"]
        for key in whole:
            left = {"action": name} | {k: v for k, v in whole.items() if k != key}
            text = json.dumps(left)
            yield refused(f"{name} without {key}", "invalid_message", key, text, form="extended")
    comments = [*BAD_STRINGS, *BAD_CHARACTERS, '""', '" "', r'"\n\t"']
    start = '{"action":"reply_feedback","essay_id":1,"feedback_id":2'
    yield from spoil(
        f'{start},"comment":{HOLE}}}', "comment", comments, form="extended", unseen=BAD_CHARACTERS
    )
    yield {
        "name": "a reply of 10,001 characters",
        "form": "extended",
        "parts": [(f'{start},"comment":"', 1), ("a", 10_001), ('"}', 1)],
        "error": "invalid_message",
        "field": "comment",
    }
    start = '{"action":"update_feedback","essay_id":1,"feedback_id":2,"feedback":'
    for nothing in ("{}", '{"comment":null}', '{"status":"resolved"}', '{"resolved":true}'):
        text = f"{start}{nothing}}}"
        yield refused(
            f"a change of {nothing}", "invalid_message", "feedback", text, form="extended"
        )
    patch = f'{start}{{"type":"style","comment":{HOLE}}}}}'
    bad = [each for each in comments if each != "null"]
    yield from spoil(patch, "feedback.comment", bad, form="extended", unseen=BAD_CHARACTERS)
    kind = f'{start}{{"comment":"c","type":{HOLE}}}}}'
    yield from spoil(kind, "feedback.type", ["1", '""', '"other"'], form="extended")
    alone = f'{start}{{"comment":"c","highlight_start":3}}}}'
    yield refused("a new start alone", "invalid_message", "feedback.highlight_end", alone,
                  form="extended")  # fmt: skip


def _essay_highlights(start: str) -> Iterator[Case]:
    bad = ["true", '"0"', "[]", "{}", "-1", *NOT_WHOLE]
    first = f'{start},"highlight_start":{HOLE},"highlight_end":9}}}}'
    last = f'{start},"highlight_start":0,"highlight_end":{HOLE}}}}}'
    yield from spoil(first, "feedback.highlight_start", bad, unseen=UNBOUNDED)
    yield from spoil(last, "feedback.highlight_end", bad, unseen=UNBOUNDED)
    swapped = ["10", "9007199254740991"]
    yield from spoil(first, "feedback.highlight_start", swapped, unseen=swapped)
    alone = [
        f'{start},"highlight_start":3}}}}',
        f'{start},"highlight_start":3,"highlight_end":null}}}}',
    ]
    for text in alone:
        yield refused(f"a start alone: {text}", "invalid_message", "feedback.highlight_end", text)
        other = text.replace("_start", "_x").replace("_end", "_start").replace("_x", "_end")
        yield refused(
            f"an end alone: {other}", "invalid_message", "feedback.highlight_start", other
        )


def project_cases() -> Iterator[Case]:
    """Each field of each project message, spoiled."""
    for kind in ("join_project", "leave_project", "update_project"):
        more = ',"data":{"title":"t"}' if kind == "update_project" else ""
        start = f'{{"type":"{kind}"'
        inner = f'{start},"payload":{{"project_id":{HOLE}{more}}}}}'
        yield from spoil(inner, "payload.project_id", BAD_IDS, unseen=WHOLE_BY_VALUE)
        yield from spoil(
            f'{start},"payload":{HOLE}}}', "payload", ["null", "1", "true", '"x"', "[]", "[{}]"]
        )
        yield refused(f"{kind} alone", "invalid_message", "payload", start + "}")
        flat = start + ',"project_id":123}'
        yield refused(f"{kind} without its envelope", "invalid_message", "payload", flat)
        empty = start + ',"payload":{}}'
        field = "payload.project_id"
        yield refused(f"{kind} with an empty payload", "invalid_message", field, empty)
    cancel = f'{{"type":"cancel_task","payload":{{"project_id":123,"task_id":{HOLE}}}}}'
    bad_names = ["null", "1", "true", "[]", "{}", '""', json.dumps("x" * 129)]
    yield from spoil(cancel, "payload.task_id", bad_names, form="extended")
    yield from spoil(cancel, "type", ['"a"'], form="plain", error="unknown_action")
    join = '{"type":"join_project"'
    yield from _common(f'{join},{HOLE},"payload":{{"project_id":123}}}}', "request_id")
    yield from _common(f'{join},"payload":{{"project_id":123,{HOLE}}}}}', "payload.request_id")
    yield from _tokens(f'{{"type":"refresh_token","payload":{{"token":{HOLE}}}}}', "payload.token")
    yield refused("token without its envelope", "invalid_message", "payload",
                  '{"type":"refresh_token","token":"a.b.c"}')  # fmt: skip
    for text, field in (
        (f'{join},"payload":{{"__proto__":{{"project_id":123}}}}}}', "payload.project_id"),
        (f'{join},"payload":{{"payload":{{"project_id":123}}}}}}', "payload.project_id"),
        (f'{join},"payload":{{"projectId":123}}}}', "payload.project_id"),
        (f'{join},"payload":{{"project_id":123,"project_id":"x"}}}}', "payload.project_id"),
        (rf'{join},"payload":{{"project_id":123}},"note":"a\u0000"}}', "note"),
        (rf'{join},"payload":{{"project_id":123,"x":["\ud800"]}}}}', "payload.x.0"),
        (rf'{join},"payload":{{"project_id":123,"\u0000":1}}}}', "payload"),
        ('{"action":"subscribe_essay","essay_id":1}', "type"),
    ):
        yield refused(f"message {text}", "invalid_message", field, text, **_unseen(text))
    since = f'{join},"payload":{{"project_id":123,"since":{HOLE}}}}}'
    yield from spoil(since, "payload.since", _SINCE, form="extended")
    yield from _project_data()


def _project_data() -> Iterator[Case]:
    start = '{"type":"update_project","payload":{"project_id":123'
    yield refused("no data", "invalid_message", "payload.data", start + "}}")
    data = f'{start},"data":{HOLE}}}}}'
    yield from spoil(data, "payload.data", ["null", "1", "true", '"x"', "[]", "[{}]", "{}"])
    for field in ("xyz", "Title", "titel", "id", "owner", "updated_by", "__proto__", "constructor"):
        yield from spoil(data, f"payload.data.{field}", [f'{{"{field}":"x"}}'])
    yield from spoil(data, "payload.data.colour", ['{"title":"t","colour":"red"}'])
    yield from spoil(
        f'{start},"data":{{"title":{HOLE}}}}}}}',
        "payload.data.title",
        [*BAD_STRINGS, *BAD_CHARACTERS, '""', json.dumps("a" * 201), json.dumps("\u00e9" * 201)],
        unseen=BAD_CHARACTERS,
    )
    description = f'{start},"data":{{"description":{HOLE}}}}}}}'
    yield from spoil(
        description,
        "payload.data.description",
        [*BAD_STRINGS, *BAD_CHARACTERS],
        unseen=BAD_CHARACTERS,
    )
    yield {
        "name": "a description of 20,001 characters",
        "parts": [(f'{start},"data":{{"description":"', 1), ("\u00e9", 20_001), ('"}}}', 1)],
        "error": "invalid_message",
        "field": "payload.data.description",
    }
    status = [*BAD_STRINGS, *BAD_CHARACTERS, '""', '"Active"', '"deleted"', '"__proto__"']
    yield from spoil(f'{start},"data":{{"status":{HOLE}}}}}}}', "payload.data.status", status)
    yield from _project_metadata(f'{start},"data":{{"metadata":')


def _project_metadata(start: str) -> Iterator[Case]:
    field = "payload.data.metadata"
    poison = ['{"__proto__":{}}', '{"a":[{"__proto__":null}]}', '{"constructor":{"prototype":{}}}']
    bad = ["null", "1", "true", '"{}"', "[]", "[{}]", *poison]
    template = f"{start}{HOLE}}}}}}}"
    yield from spoil(template, field, bad, unseen=poison)
    inside = [r'{"a":"\u0000"}', r'{"a":"\ud800"}']
    yield from spoil(template, f"{field}.a", inside, unseen=inside)
    keys = [r'{"\u0000":1}', r'{"\ud800":1}']
    yield from spoil(template, field, keys, unseen=keys)
    for name, error, parts in (
        ("65,537 bytes", "too_large", [('{"a":"', 1), ("x", 65_529), ('"}', 1)]),
        (
            "65,538 bytes in few characters",
            "too_large",
            [('{"a":"', 1), ("\u20ac", 21_845), ('"}', 1)],
        ),
        ("800,000 bytes", "too_large", [('{"a":"', 1), ("x", 800_000), ('"}', 1)]),
        ("65 levels", "invalid_message", [('{"a":', 65), ("1", 1), ("}", 65)]),
        ("65 levels of arrays", "invalid_message", [('{"a":', 1), ("[", 64), ("]", 64), ("}", 1)]),
        ("300 levels", "invalid_message", [('{"a":', 300), ("1", 1), ("}", 300)]),
    ):
        yield {
            "name": f"metadata of {name}",
            "parts": [(start, 1), *parts, ("}}}", 1)],
            "error": error,
            "field": field,
            "schema": "accepts",
        }


def _common(template: str, field: str) -> Iterator[Case]:
    """A bad ``request_id``."""
    bad = ["1", "true", "[]", "{}", '""', json.dumps("a" * 65), *BAD_CHARACTERS]
    yield from spoil(
        template.replace(HOLE, f'"request_id":{HOLE}'), field, bad, unseen=BAD_CHARACTERS
    )


def _tokens(template: str, field: str) -> Iterator[Case]:
    bad = [*BAD_STRINGS, *BAD_CHARACTERS, '""']
    yield from spoil(template, field, bad, unseen=BAD_CHARACTERS)
    head, tail = template.split(HOLE)
    yield {
        "name": "a token of 16,385 characters",
        "parts": [(head + '"', 1), ("a", 16_385), ('"' + tail, 1)],
        "error": "invalid_message",
        "field": field,
    }
    without = template.replace(f',"token":{HOLE}', "").replace(f'"token":{HOLE}', "")
    yield refused("no token", "invalid_message", field, without)
