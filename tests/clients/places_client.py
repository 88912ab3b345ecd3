"""openai through a standing fault proxy: each fault on requests and answers, whole and streamed; what the client makes of it.

Arguments: base URL, key, the control API, and for HTTP/2 `h2`. Whom to trust and which proxy to take stand in the environment, as users
have them."""

import json
import sys
import urllib.error
import urllib.request

import openai
from told import KEY, MODEL, PROMPT, URL, tell

CONTROL = sys.argv[3]
MESSAGES = [{"role": "user", "content": PROMPT}]
# The control API is no place that a proxy of the environment leads to.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TIMEOUT = 1.0


def call(method, path, body=None):
    request = urllib.request.Request(f"{CONTROL}{path}", method=method, headers={"x-lifeboat": "1"})
    request.data = None if body is None else json.dumps(body).encode()
    with DIRECT.open(request, timeout=20) as answer:
        return json.load(answer)


def client(**settings):
    http = openai.DefaultHttpxClient(http2=sys.argv[4:] == ["h2"])
    return openai.OpenAI(base_url=URL, api_key=KEY, http_client=http, **settings)


def whole(**settings):
    with client(**settings) as own:
        answer = own.chat.completions.create(model=MODEL, messages=MESSAGES)
    choice = answer.choices[0] if answer.choices else None
    return choice and choice.message.content, choice and choice.finish_reason, answer.model


def streamed(**settings):
    text, finish, model = "", None, None
    with client(**settings) as own:
        for chunk in own.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            model = chunk.model
            for choice in chunk.choices or []:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
    return text, finish, model


def outcome(ask, **settings):
    try:
        return ask(**settings)
    except Exception as error:  # whatever the client raises is what is asked
        return type(error).__name__, getattr(error, "status_code", None), getattr(error, "code", None)


def under(name, kind, attributes, asks, **settings):
    call("POST", "/proxies/p/toxics", {"name": "t", "type": kind, "attributes": attributes, "ttl_ms": 60_000})
    facts = [outcome(ask, **settings) for ask in asks]
    touched = call("DELETE", "/proxies/p/toxics/t")["touched"]
    # What takes connections also takes those that are only being closed.
    counted = [] if kind in ("blackhole", "reset") else [f"touched {touched}"]
    tell(name, *[" ".join(str(fact) for fact in facts) for facts in facts], *counted)


def alive(ask):
    """Signs of life for twice as long as the client has patience with silence; then the fault's lease is over."""
    lease = {"name": "t", "type": "keep_alive", "attributes": {"after": 2, "every_ms": 50}, "ttl_ms": int(2000 * TIMEOUT)}
    call("POST", "/proxies/p/toxics", lease)
    fact = outcome(ask, max_retries=0, timeout=TIMEOUT)
    try:
        return fact, call("DELETE", "/proxies/p/toxics/t")["touched"]
    except urllib.error.HTTPError as gone:
        return fact, json.load(gone)["expired"]["touched"]


BOTH = (whole, streamed)
tell("healthy", *[" ".join(str(fact) for fact in ask()) for ask in BOTH])
# As often as it tries by itself.
for code, more in [(503, {}), (429, {"retry_after": 3600}), (401, {})]:
    under(f"status {code} {more.get('retry_after', '')}".strip(), "http_status", {"code": code, **more}, (whole,))
for error in ("rate-limit", "quota", "overloaded", "expired", "forbidden", "model-withdrawn", "content-filter"):
    under(error, "http_error", {"error": error}, BOTH, max_retries=0)
under("revoked", "credential_revoked", {}, BOTH, max_retries=0)
under("stall", "http_stall", {}, BOTH, max_retries=0, timeout=TIMEOUT)
under("stall midstream", "stall_midstream", {"after": 2}, BOTH, max_retries=0, timeout=TIMEOUT)
under("slow stream", "slow_stream", {"rate": 20}, BOTH, max_retries=0)
kept = [alive(ask) for ask in BOTH]
touched = sum(count for _, count in kept)
tell("signs of life", *[" ".join(str(part) for part in fact) for fact, _ in kept], f"touched {touched}")
under("one a minute", "rate_limit", {"requests": 1}, BOTH, max_retries=0)
for kind in ("cut", "end_early", "error_event", "malformed"):
    under(kind, kind, {"after": 2}, BOTH, max_retries=0)
for kind in ("empty_answer", "wrong_model", "corrupt"):
    under(kind, kind, {"seed": 7}, BOTH, max_retries=0)
for kind in ("blackhole", "reset"):
    under(kind, kind, {}, BOTH, max_retries=0, timeout=TIMEOUT)
tell("healed", *[" ".join(str(fact) for fact in ask()) for ask in BOTH])
