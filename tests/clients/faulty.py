"""A client before each fault: it asks once for a whole answer and once for a stream, and tells what it was given or what it raised.

Arguments: the base URL of a fault proxy that stands before a provider, a key, the proxy's control API, the provider's name in it.
"""

import json
import sys
import threading
import urllib.request

API, PROXY, *VARIANT = sys.argv[3:]
# Seconds of silence after which each client gives up.
PATIENCE = 1.0

# `after` of two tokens is filled in: it counts what precedes the first token too.
FAULTS = [
    ("none", None, {}),
    ("cut", "cut", {"after": 2}),
    ("cut at once", "cut", {}),
    ("end_early", "end_early", {"after": 2}),
    ("end_early before the end", "end_early", {"after": 1000}),
    ("error_event", "error_event", {"after": 2}),
    ("error_event at once", "error_event", {}),
    ("malformed", "malformed", {"after": 2}),
    ("empty_answer", "empty_answer", {}),
    ("wrong_model", "wrong_model", {}),
    ("corrupt", "corrupt", {}),
    ("slow_stream", "slow_stream", {"rate": 50}),
    ("stall_midstream", "stall_midstream", {"after": 2}),
    ("keep_alive", "keep_alive", {"after": 2, "every_ms": 50}),
    ("http_stall", "http_stall", {}),
    *[(f"http_status {code}", "http_status", {"code": code}) for code in (400, 408, 500, 504, 529)],
    ("credential_revoked", "credential_revoked", {}),
    *[
        (word, "http_error", {"error": word, "retry_after": 5, "retry_form": "date"})
        for word in ("rate-limit", "quota", "overloaded", "expired", "forbidden", "model-withdrawn", "content-filter")
    ],
]


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{API}/proxies/{PROXY}/toxics{path}", data=data, method=method)
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).close()


def outcome(ask, status):
    """`ask` is given a list for the pieces of text and returns whatever else there is to tell."""
    pieces = []
    try:
        facts = ask(pieces)
    except Exception as error:  # whatever the client raises is what is asked
        code = status(error)
        facts = f"raises {type(error).__name__}" + (f" {code}" if code else "")
    return f"{''.join(piece or '' for piece in pieces)!r} {facts}"


def play(whole, stream, status=lambda error: getattr(error, "status_code", None), before_tokens=0):
    for name, kind, attributes in FAULTS:
        told = []
        if attributes.get("after") == 2:
            attributes["after"] += before_tokens
        for ask in (whole, stream):
            if kind:
                call("POST", "", {"name": "fault", "type": kind, "attributes": attributes})
            if kind == "keep_alive":
                # Twice as long as a client has patience with silence.
                healing = threading.Timer(2 * PATIENCE, call, ("DELETE", "/fault"))
                healing.start()
            told.append(outcome(ask, status))
            if kind == "keep_alive":
                healing.join()
            elif kind:
                call("DELETE", "/fault")
        print(f"{name}: {told[0]} | {told[1]}", flush=True)
