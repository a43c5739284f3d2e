"""Odd messages that are valid all the same, and what they mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Case = dict[str, Any]


HOLE = "@@"
"""Stands in text and request for ``many``: a text and how often it is repeated there."""


def accepted() -> Iterator[Case]:
    """Every odd message of both dialects."""
    yield from _spelling()
    yield from _contents()
    yield from _carets()
    yield from _resumed()
    yield from _plain_ignores()
    yield from _at_the_limits()
    yield from _projects()


def _case(name: str, dialect: str, text: str, request: dict[str, Any], **more: Any) -> Case:
    return {"name": name, "dialect": dialect, "text": text, "request": request, **more}


def _asks(room: str, kind: str, request_id: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"room": room, "command": {"kind": kind, **fields}, "request_id": request_id}


def _subscribes(
    essay: int = 1, request_id: str | None = None, since: int | None = None
) -> dict[str, Any]:
    return _asks(f"essay:{essay}", "Join", request_id, quiet=False, since=since)


def _saves(content: str, **more: Any) -> dict[str, Any]:
    fields = {"content": content, "cursor": None, "selection_end": None, "base_seq": None}
    return _asks("essay:1", "SaveText", **(fields | more))


def _spelling() -> Iterator[Case]:
    """JSON may be written in many ways."""
    plain = '{"action":"subscribe_essay","essay_id":1'
    for name, text in {
        "white space": ' \t\r\n{ "action" :\n"subscribe_essay" , "essay_id" : 1 } \n',
        "escaped letters": r'{"\u0061ction":"subscribe\u005fessay","essay_id":1}',
        "a duplicate key: the last one wins": '{"essay_id":"x",' + plain[1:] + "}",
        "a duplicate action: the last one wins": '{"action":"x",' + plain[1:] + "}",
        "unknown fields": plain + ',"v":2,"x":{"y":[1.5,null]}}',
        "a type beside the action": '{"type":"update_essay",' + plain[1:] + "}",
        "prototypes as unknown fields": plain + ',"__proto__":{"a":1}}',
        "null for no request id": plain + ',"request_id":null}',
        "null for no since": plain + ',"since":null}',
        "an escaped backslash before u0000": plain + r',"x":"\\u0000"}',
        "an escaped backslash before ud800": plain + r',"x":"\\ud800"}',
        "a deep unknown field": plain + ',"x":' + "[" * 500 + "]" * 500 + "}",
    }.items():
        yield _case(name, "essay", text, _subscribes())
    largest = '{"action":"subscribe_essay","essay_id":9007199254740991}'
    yield _case("the largest id", "essay", largest, _subscribes(9007199254740991))
    for request_id in ("a", "x" * 64, "\U0001f44b" * 64, " ", "\n", "\u202e", "__proto__", "1"):
        text = json.dumps({"action": "subscribe_essay", "essay_id": 1, "request_id": request_id})
        yield _case(f"request id {request_id[:9]!a}", "essay", text, _subscribes(1, request_id))


def _contents() -> Iterator[Case]:
    """Essay text is handed over as it came; the core mends it."""
    for content in (
        "", " ", "\n", "a\r\nb\rc", "a\u0000b", "\ud800", "a\udfffb", "\udc00\ud800",
        "\ud83d\ud83d\ude00",
        "\U0001f44b\U0001f3fd", "e\u0301", "\u05e9\u05dc\u05d5\u05dd", "\ufeff", "\u2028\u2029",
        "<script>alert(1)</script>", "\u202eevil", "\uffff", "\U0010ffff", "\\u0000", "\\ud800",
        "{}", "\u0001\u001f\u007f\u0085",
    ):  # fmt: skip
        message = {"action": "update_essay", "essay_id": 1, "content": content}
        name = f"content {json.dumps(content)}"
        # As JavaScript reads it: escapes that form a pair are one character.
        yield _case(name, "essay", json.dumps(message), _saves(json.loads(json.dumps(content))))


def _carets() -> Iterator[Case]:
    """A caret that cannot be is a whole number all the same: the core takes it as unknown."""
    for caret in (0, -1, 10**9, 2**53, 2**63, 2**64 - 1, -(2**63)):
        message = {
            "action": "update_essay",
            "essay_id": 1,
            "content": "x",
            "cursor_position": caret,
        }
        yield _case(f"caret at {caret}", "essay", json.dumps(message), _saves("x", cursor=caret))
        message["selection_end"] = caret
        request = _saves("x", cursor=caret, selection_end=caret)
        yield _case(f"selection to {caret}", "essay", json.dumps(message), request, form="extended")
    start = '{"action":"update_essay","essay_id":1,"content":"x"'
    nulls = start + ',"cursor_position":null,"base_seq":null}'
    yield _case("null for no caret", "essay", nulls, _saves("x"))
    base = start + ',"base_seq":0}'
    yield _case("base 0", "essay", base, _saves("x", base_seq=0), form="extended")


def _resumed() -> Iterator[Case]:
    """Where a client that comes back had got to."""
    for since in (0, 1, 2**53 - 1):
        text = f'{{"action":"subscribe_essay","essay_id":1,"since":{since}}}'
        yield _case(f"since {since}", "essay", text, _subscribes(since=since), form="extended")
        text = f'{{"type":"join_project","payload":{{"project_id":123,"since":{since}}}}}'
        request = _asks("project:123", "Join", quiet=False, since=since)
        yield _case(f"since {since}", "project", text, request, form="extended")


def _plain_ignores() -> Iterator[Case]:
    """What only the extended form knows is an unknown field to the plain one, whatever it holds."""
    for token in ("5", "-1", '"x"', "[]", "true", "{}"):
        for field in ("base_seq", "selection_end"):
            text = f'{{"action":"update_essay","essay_id":1,"content":"x","{field}":{token}}}'
            yield _case(f"{field} {token}", "essay", text, _saves("x"), form="plain")
        text = f'{{"action":"subscribe_essay","essay_id":1,"since":{token}}}'
        yield _case(f"since {token}", "essay", text, _subscribes(), form="plain")
        text = f'{{"type":"join_project","payload":{{"project_id":123,"since":{token}}}}}'
        request = _asks("project:123", "Join", quiet=False, since=None)
        yield _case(f"since {token}", "project", text, request, form="plain")


def _at_the_limits() -> Iterator[Case]:
    for unit in ("a", "\U0001f44b"):
        yield _comment(f"a comment of 10,000 times {unit!a}", HOLE, many=[unit, 10_000])
    for comment in (" a ", "\u0301", "\u200b", "a\nb"):
        yield _comment(f"comment {comment!a}", comment)
    for start, end in ((None, None), (0, 0), (5, 5), (0, 2**53), (3, 9)):
        highlight: dict[str, Any] = {"highlight_start": start, "highlight_end": end}
        yield _comment(f"highlight from {start} to {end}", "c", **highlight)
    decided: dict[str, Any] = {"id": 7, "author": {"id": 1}, "created_at": "x", "anchor": "moved"}
    yield _comment("what the server decides is ignored", "c", **decided)
    for dialect, asked in (
        ("essay", {"action": "refresh_token", "token": HOLE}),
        ("project", {"type": "refresh_token", "payload": {"token": HOLE}}),
    ):
        request = {"token": HOLE, "request_id": None}
        many = ["t", 16_384]
        yield _case("the longest token", dialect, json.dumps(asked), request, many=many)


def _comment(name: str, comment: str, *, many: list[Any] | None = None, **more: Any) -> Case:
    feedback = {"type": "general", "comment": comment, **more}
    text = json.dumps({"action": "add_feedback", "essay_id": 1, "feedback": feedback})
    request = _asks(
        "essay:1",
        "AddFeedback",
        feedback_id=0,
        type="general",
        comment=comment,
        start=more.get("highlight_start"),
        end=more.get("highlight_end"),
        base_seq=None,
    )
    return _case(name, "essay", text, request) | ({"many": many} if many else {})


def _projects() -> Iterator[Case]:
    joins = _asks("project:123", "Join", quiet=False)
    start, payload = '{"type":"join_project"', '"payload":{"project_id":123'
    for name, text in {
        "white space": '\n{"type" : "join_project", "payload" : { "project_id" : 123 } }\n',
        "unknown fields": f'{start},"v":1,{payload},"x":[{{}}]}}}}',
        "a duplicate payload: the last one wins": f'{start},"payload":1,{payload}}}}}',
        "an action beside the type": f'{{"action":"leave_project",{start[1:]},{payload}}}}}',
        "data where none is asked for": f'{start},{payload},"data":{{"x":1}}}}}}',
        "null for no request id": f'{start},"request_id":null,{payload},"request_id":null}}}}',
    }.items():
        yield _case(name, "project", text, joins)
    for request_id in ("a", "x" * 64, "\U0001f44b" * 64):
        for outer in (True, False):
            envelope: dict[str, Any] = {"type": "join_project", "payload": {"project_id": 123}}
            (envelope if outer else envelope["payload"])["request_id"] = request_id
            where = "outer" if outer else "inner"
            name = f"{where} request id {request_id[:3]!a} ({len(request_id)})"
            request = _asks("project:123", "Join", request_id, quiet=False)
            yield _case(name, "project", json.dumps(envelope), request)
    for name, (data, many) in _project_data().items():
        message = {"type": "update_project", "payload": {"project_id": 123, "data": data}}
        text = json.dumps(message, separators=(",", ":"))
        request = _asks("project:123", "ChangeProject", changes=data)
        yield _case(name, "project", text, request) | ({"many": many} if many else {})


def _project_data() -> dict[str, tuple[dict[str, Any], list[Any] | None]]:
    deepest: Any = 1
    for _ in range(64):
        deepest = {"a": deepest}
    return {
        "the shortest title": ({"title": " "}, None),
        "the longest title": ({"title": HOLE}, ["\U0001f44b", 200]),
        "no description": ({"description": ""}, None),
        "the longest description": ({"description": HOLE}, ["\u00e9", 20_000]),
        "archived": ({"status": "archived"}, None),
        "empty metadata": ({"metadata": {}}, None),
        "metadata of every type": (
            {"metadata": {"a": None, "b": True, "c": [1, -2.5, "x", [], {}], "": "", "2": 2**53}},
            None,
        ),
        "metadata of 65,536 bytes": ({"metadata": {"a": HOLE}}, ["x", 65_528]),
        "metadata of 64 levels": ({"metadata": deepest}, None),
        "words that only look dangerous": (
            {"metadata": {"constructor": "Ferrari", "prototype": {"toString": 1}}},
            None,
        ),
        "two fields": ({"title": "t", "status": "active"}, None),
    }
