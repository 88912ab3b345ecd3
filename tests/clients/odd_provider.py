"""A provider of OpenAI's, Anthropic's and Gemini's dialects with odd but real wire behaviour, chosen by the path /v/<variant>/..."""
import asyncio, json, re, gzip, zlib

def words_of(prompt):
    m = re.search(r"words[^:]*: (.*)$", prompt, re.S)
    return m.group(1).strip()

def prompt_of(body):
    if 'messages' in body:
        c = body['messages'][-1]['content']
        if isinstance(c, list): c = c[0].get('text', '')
        return c
    if 'contents' in body:
        return body['contents'][-1]['parts'][0]['text']
    if 'input' in body:
        i = body['input']
        return i if isinstance(i, str) else i[-1]['content'] if isinstance(i[-1]['content'], str) else i[-1]['content'][0]['text']
    return ''

def toks(w):
    p = w.split(' ')
    return [p[0]] + [' ' + x for x in p[1:]]

BASE = dict(id="chatcmpl-abc", object="chat.completion.chunk", created=1732343758, model="gpt-4o-2024-08-06", system_fingerprint=None)
USAGE = {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}
def ch(delta, fin=None, **kw):
    d = dict(BASE); d["choices"] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": fin}]; d.update(kw); return d
def uch(**kw):
    d = dict(BASE); d["choices"] = []; d["usage"] = USAGE; d.update(kw); return d
def sse(objs, nl="\n", pre="data: ", done=True, donetxt="[DONE]"):
    s = "".join(pre + json.dumps(o) + nl + nl for o in objs)
    if done: s += pre + donetxt + nl + nl
    return s

def normal(w): 
    t = toks(w)
    return [ch({"role": "assistant", "content": ""})] + [ch({"content": x}) for x in t] + [ch({}, "stop"), uch()]

def openai(variant, w, body):
    """-> (headers, list of pieces, framing)"""
    H = {"content-type": "text/event-stream"}
    t = toks(w); n = normal(w)
    S = lambda s: [s.encode() if isinstance(s, str) else s]
    if variant == 'plain': return H, S(sse(n)), 'chunked'
    if variant == 'azurefilter':
        first = {"id": "", "object": "", "created": 0, "model": "", "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}], "choices": [], "usage": None}
        return H, S(sse([first] + n)), 'chunked'
    if variant == 'azurerogue':
        rogue = {"id": "", "choices": [{"finish_reason": None, "index": 0, "content_filter_offsets": {"check_offset": 9, "start_offset": 9, "end_offset": 10}, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}], "created": 0, "model": "", "object": ""}
        return H, S(sse(n[:-1] + [rogue] + n[-1:])), 'chunked'
    if variant == 'comments':
        return H, S(": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n" + sse(n)), 'chunked'
    if variant == 'commentnoblank':
        return H, S(": keepalive\n\n" + sse(n, done=False) + ": x-cache-hit=false\n: x-latency-ms=337\ndata: [DONE]\n\n"), 'chunked'
    if variant == 'datacomment':
        return H, S("data: : OPENROUTER PROCESSING\n\n" + sse(n)), 'chunked'
    if variant == 'nospace': return H, S(sse(n, pre="data:")), 'chunked'
    if variant == 'crlf': return H, S(sse(n, nl="\r\n")), 'chunked'
    if variant == 'cr': return H, S(sse(n, nl="\r")), 'chunked'
    if variant == 'crsplit': return H, [bytes([b]) for b in sse(n, nl="\r\n").encode()], 'chunked'
    if variant == 'lastnodone': return H, S(sse(n[:-1] + [uch()], done=False).rstrip("\n")), 'chunked'
    if variant == 'doneopen': return H, S(sse(n) + 'data: {"error": {"message": "late"}}\n\n'), 'chunked'
    if variant == 'reasononly':
        return H, S(sse([n[0], ch({"reasoning_content": w}), ch({}, "stop"), uch()])), 'chunked'
    if variant == 'bom': return H, S(b"\xef\xbb\xbf" + sse(n).encode()), 'chunked'
    if variant == 'bomfirst':  # the first event bears text
        return H, S(b"\xef\xbb\xbf" + sse([ch({"role": "assistant", "content": t[0]})] + [ch({"content": x}) for x in t[1:]] + [ch({}, "stop"), uch()]).encode()), 'chunked'
    if variant == 'multiline':
        s = "".join("".join("data: " + l + "\n" for l in json.dumps(o, indent=1).split("\n")) + "\n" for o in n) + "data: [DONE]\n\n"
        return H, S(s), 'chunked'
    if variant == 'joined':
        o = sse(n); i = o.index("chat.completion.c")
        return H, S(o[:i] + o), 'chunked'
    if variant == 'baredata': return H, S("data:\n\n" + sse(n[:4]) .replace("data: [DONE]\n\n", "") + "data: \n\n" + sse(n[4:])), 'chunked'
    if variant == 'nodone': return H, S(sse(n, done=False)), 'chunked'
    if variant == 'nousage': return H, S(sse(n[:-1])), 'chunked'
    if variant == 'usagelast':
        return H, S(sse(n[:-2] + [ch({}, "stop", usage=USAGE)])), 'chunked'
    if variant == 'usageevery':
        z = {"prompt_tokens": 30, "completion_tokens": 0, "total_tokens": 30}
        return H, S(sse([dict(o, usage=z) for o in n[:-2]] + [ch({}, "stop", usage=USAGE)])), 'chunked'
    if variant == 'usagefloat':
        return H, S(sse(n[:-1] + [uch(usage={"prompt_tokens": 30.0, "completion_tokens": 12.0, "total_tokens": 42.0})])), 'chunked'
    if variant == 'errornull': return H, S(sse([dict(o, error=None) for o in n])), 'chunked'
    if variant == 'errorfinish':
        e = ch({"content": ""}, "error", error={"code": "server_error", "message": "Provider disconnected unexpectedly"})
        return H, S(sse(n[:5] + [e])), 'chunked'
    if variant == 'errortail':   # whole answer, then an error, and DONE
        e = {"error": {"message": "x", "type": "server_error", "code": None}}
        return H, S(sse(n + [e])), 'chunked'
    if variant == 'errortype':
        e = dict(BASE, choices=None, error_type="BadRequestError", error_message="context length")
        return H, S(sse([e])), 'chunked'
    if variant == 'nullchunk': return H, S("data: null\n\n" + sse(n)), 'chunked'
    if variant == 'reasoning':
        r = [ch({"role": "assistant", "content": None, "reasoning_content": "The user wants"}), ch({"content": None, "reasoning_content": " words " + w})]
        return H, S(sse(r + n[1:])), 'chunked'
    if variant == 'think':
        r = [ch({"content": "<think>\nrepeat them\n</think>\n\n"})]
        return H, S(sse(n[:1] + r + n[1:])), 'chunked'
    if variant == 'parts':
        return H, S(sse([n[0]] + [ch({"content": [{"type": "text", "text": x}]}) for x in t] + [ch({}, "stop"), uch()])), 'chunked'
    if variant == 'refusal':
        return H, S(sse([n[0], ch({"refusal": "I cannot do that."}), ch({}, "stop"), uch()])), 'chunked'
    if variant == 'finishlength': return H, S(sse(n[:-2] + [ch({}, "length"), uch()])), 'chunked'
    if variant == 'finishfilter': return H, S(sse(n[:-2] + [ch({}, "content_filter"), uch()])), 'chunked'
    if variant == 'nofinish': return H, S(sse(n[:-2] + [uch()])), 'chunked'
    if variant == 'afterdone': return H, S(sse(n) + "data: " + json.dumps(uch()) + "\n\n"), 'chunked'
    if variant == 'costafterdone': return H, S(sse(n) + "event: cost\ndata: $0.000012\n\n"), 'chunked'
    if variant == 'eventnamed': return H, S("".join("event: message\nid: 7\nretry: 3000\n" + "data: " + json.dumps(o) + "\n\n" for o in n) + "event: done\ndata: [DONE]\n\n"), 'chunked'
    if variant == 'upperfield': return H, S(sse(n, donetxt="[done]")), 'chunked'
    if variant == 'lastnonl': return H, S(sse(n)[:-2]), 'chunked'
    if variant == 'gzip': return dict(H, **{"content-encoding": "gzip"}), S(gzip.compress(sse(n).encode())), 'chunked'
    if variant == 'deflate': return dict(H, **{"content-encoding": "deflate"}), S(zlib.compress(sse(n).encode())), 'chunked'
    if variant == 'identity': return dict(H, **{"content-encoding": "identity"}), S(sse(n)), 'chunked'
    if variant == 'http10': return H, S(sse(n)), 'http10'
    if variant == 'eofbody': return H, S(sse(n)), 'eof'
    if variant == 'length': return H, S(sse(n)), 'length'
    if variant == 'trailers': return H, S(sse(n)), 'trailers'
    if variant == 'chunkext': return H, S(sse(n)), 'chunkext'
    if variant == 'bytewise': return H, [bytes([b]) for b in sse(n).encode()], 'chunked'
    if variant == 'interim': return H, S(sse(n)), 'interim'
    if variant == 'hints': return H, S(sse(n)), 'hints'
    if variant == 'dupheaders': return dict(H, **{"x-request-id": ["a", "b"], "set-cookie": ["a=1", "b=2"], "x-ratelimit-remaining-requests": ["9", "8"]}), S(sse(n)), 'chunked'
    if variant == 'latin1header': return dict(H, **{"x-note": "caf\xe9 \xfc"}), S(sse(n)), 'chunked'
    if variant == 'manyheaders': return dict(H, **{"x-h-%d" % i: "v" * 50 for i in range(120)}), S(sse(n)), 'chunked'
    if variant == 'bigheader': return dict(H, **{"x-big": "v" * 20000}), S(sse(n)), 'chunked'
    if variant == 'jsontype': return {"content-type": "application/json"}, S(sse(n)), 'chunked'
    if variant == 'notype': return {}, S(sse(n)), 'chunked'
    if variant == 'charset': return {"content-type": "text/event-stream;charset=UTF-8"}, S(sse(n)), 'chunked'
    if variant == 'wholeforstream':   # streaming asked, a JSON document comes
        b = dict(BASE, object="chat.completion", choices=[{"index": 0, "message": {"role": "assistant", "content": w}, "finish_reason": "stop"}], usage=USAGE)
        return {"content-type": "application/json"}, S(json.dumps(b)), 'length'
    if variant == 'unicodeesc':
        return H, S(sse(n).replace("data: {", 'data: {"note":"\\ud83d\\ude00 \u00e9", ')), 'chunked'
    if variant == 'lonesurrogate':
        return H, S(sse(n).replace("data: {", 'data: {"note":"\\ud83d", ')), 'chunked'
    if variant == 'nbsp':
        return H, S(sse(n).replace("data: ", "data:  ")), 'chunked'
    if variant == 'choiceindex1':
        return H, S(sse([dict(o, choices=[dict(c, index=0) for c in o["choices"]] ) for o in n])), 'chunked'
    if variant == 'twochoices':   # choices of two candidates mixed, the second first
        out = []
        for o in n:
            if o["choices"]:
                o = dict(o, choices=[{"index": 1, "delta": {"content": "zz"}, "finish_reason": None}] + o["choices"])
            out.append(o)
        return H, S(sse(out)), 'chunked'
    if variant == 'cumulative':  # each chunk bears the whole text so far
        acc = ""; o = [n[0]]
        for x in t: acc += x; o.append(ch({"content": acc}))
        return H, S(sse(o + n[-2:])), 'chunked'
    if variant == 'quoted': 
        return H, S(sse([n[0], ch({"content": '"'})] + n[1:-2] + [ch({"content": '".'})] + n[-2:])), 'chunked'
    if variant == 'titlecase':
        return H, S(sse(normal(w.capitalize()))), 'chunked'
    if variant == 'commas':
        return H, S(sse(normal(w.replace(" ", ", ")))), 'chunked'
    if variant == 'pingevents':
        return H, S("event: ping\ndata: {\"type\": \"ping\"}\n\n" + sse(n)), 'chunked'
    if variant == 'keepalivejson':
        return H, S("data: {}\n\n" + sse(n)), 'chunked'
    if variant == 'obfuscation':
        return H, S(sse([dict(o, obfuscation="aB3x", service_tier="default") for o in n])), 'chunked'
    raise KeyError(variant)

def anthropic(variant, w, body):
    H = {"content-type": "text/event-stream; charset=utf-8"}
    t = toks(w)
    ev = lambda o: "event: %s\ndata: %s\n\n" % (o["type"], json.dumps(o))
    start = {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 25, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}}}
    cs = lambda i, b: {"type": "content_block_start", "index": i, "content_block": b}
    cd = lambda i, d: {"type": "content_block_delta", "index": i, "delta": d}
    ce = lambda i: {"type": "content_block_stop", "index": i}
    end = [{"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 15}}, {"type": "message_stop"}]
    text = lambda i: [cs(i, {"type": "text", "text": ""})] + [cd(i, {"type": "text_delta", "text": x}) for x in t] + [ce(i)]
    n = [start] + text(0) + end
    out = lambda os: [("".join(ev(o) for o in os)).encode()]
    if variant == 'plain': return H, out(n), 'chunked'
    if variant == 'pings': return H, out([n[0], {"type": "ping"}] + n[1:3] + [{"type": "ping"}] + n[3:]), 'chunked'
    if variant == 'thinking':
        th = [cs(0, {"type": "thinking", "thinking": ""}), cd(0, {"type": "thinking_delta", "thinking": "words " + w}), cd(0, {"type": "signature_delta", "signature": "EqQB"}), ce(0)]
        return H, out([start] + th + text(1) + end), 'chunked'
    if variant == 'redacted':
        th = [cs(0, {"type": "redacted_thinking", "data": "Emw"}), ce(0)]
        return H, out([start] + th + text(1) + end), 'chunked'
    if variant == 'citations':
        x = text(0); x.insert(3, cd(0, {"type": "citations_delta", "citation": {"type": "char_location"}}))
        return H, out([start] + x + end), 'chunked'
    if variant == 'unknownevent': return H, out([start, {"type": "content_block_hint", "x": 1}] + text(0) + end), 'chunked'
    if variant == 'noeventline': return H, ["".join("data: " + json.dumps(o) + "\n\n" for o in n).encode()], 'chunked'
    if variant == 'nospace': return H, ["".join("event:%s\ndata:%s\n\n" % (o["type"], json.dumps(o)) for o in n).encode()], 'chunked'
    if variant == 'nullusage':
        s2 = json.loads(json.dumps(start)); s2["message"]["usage"] = None
        return H, out([s2] + text(0) + end), 'chunked'
    if variant == 'othername': return H, ["".join("event: x\ndata: " + json.dumps(o) + "\n\n" for o in n).encode()], 'chunked'
    if variant == 'crlf': return H, [out(n)[0].replace(b"\n", b"\r\n")], 'chunked'
    if variant == 'cr': return H, [out(n)[0].replace(b"\n", b"\r")], 'chunked'
    if variant == 'multiline': return H, ["".join("event: %s\n" % o["type"] + "".join("data: " + l + "\n" for l in json.dumps(o, indent=1).split("\n")) + "\n" for o in n).encode()], 'chunked'
    if variant == 'donetoo': return H, [out(n)[0] + b"data: [DONE]\n\n"], 'chunked'
    if variant == 'nostop': return H, out([start] + text(0) + end[:1]), 'chunked'
    if variant == 'errorevent': return H, out(n[:4]) + [b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'], 'chunked'
    if variant == 'errornotype': return H, out(n[:4]) + [b'event: error\ndata: {"error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'], 'chunked'
    if variant == 'refusal': return H, out([start, {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_sequence": None}, "usage": {"output_tokens": 1}}, {"type": "message_stop"}]), 'chunked'
    if variant == 'maxtokens':
        e = [{"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 15}}, {"type": "message_stop"}]
        return H, out([start] + text(0) + e), 'chunked'
    if variant == 'twoblocks':
        h = len(t)//2
        a = [cs(0, {"type": "text", "text": ""})] + [cd(0, {"type": "text_delta", "text": x}) for x in t[:h]] + [ce(0)]
        b = [cs(1, {"type": "text", "text": t[h]})] + [cd(1, {"type": "text_delta", "text": x}) for x in t[h+1:]] + [ce(1)]
        return H, out([start] + a + b + end), 'chunked'
    if variant == 'gzip': return dict(H, **{"content-encoding": "gzip"}), [gzip.compress(out(n)[0])], 'chunked'
    if variant == 'twoempty':
        h = len(t)//2
        a = [cs(0, {"type": "text", "text": ""})] + [cd(0, {"type": "text_delta", "text": x}) for x in t[:h]] + [ce(0)]
        b = [cs(1, {"type": "text", "text": ""})] + [cd(1, {"type": "text_delta", "text": x}) for x in t[h:]] + [ce(1)]
        return H, out([start] + a + b + end), 'chunked'
    if variant == 'starttext':
        a = [cs(0, {"type": "text", "text": t[0]})] + [cd(0, {"type": "text_delta", "text": x}) for x in t[1:]] + [ce(0)]
        return H, out([start] + a + end), 'chunked'
    if variant == 'thinkonly':
        th = [cs(0, {"type": "thinking", "thinking": ""}), cd(0, {"type": "thinking_delta", "thinking": w}), cd(0, {"type": "signature_delta", "signature": "EqQB"}), ce(0)]
        return H, out([start] + th + end), 'chunked'
    raise KeyError(variant)

def gemini(variant, w, body):
    H = {"content-type": "text/event-stream"}
    t = toks(w)
    U = {"promptTokenCount": 20, "candidatesTokenCount": 12, "totalTokenCount": 32}
    c = lambda parts, fin=None, u=None: {**{"candidates": [{**({"content": {"parts": parts, "role": "model"}} if parts is not None else {}), **({"finishReason": fin} if fin else {}), "index": 0}]}, **({"usageMetadata": u} if u else {}), "modelVersion": "gemini-2.5-flash"}
    P = lambda x: [{"text": x}]
    out = lambda os: ["".join("data: " + json.dumps(o) + "\r\n\r\n" for o in os).encode()]
    pre = {"promptTokenCount": 20, "totalTokenCount": 20}
    n = [c(P(x), None, pre) for x in t[:-1]] + [c(P(t[-1]), "STOP", U)]
    if variant == 'plain': return H, out(n), 'chunked'
    if variant == 'stopempty': return H, out([c(P(x)) for x in t] + [c(None, "STOP", U)]), 'chunked'
    if variant == 'stopemptytext': return H, out([c(P(x)) for x in t] + [c(P(""), "STOP", U)]), 'chunked'
    if variant == 'leadingstop': return H, out([c([], "STOP"), c([], "STOP")] + n), 'chunked'
    if variant == 'stopevery': return H, out([c(P(x), "STOP", U) for x in t]), 'chunked'
    if variant == 'usageonly': return H, out([c(P(x)) for x in t[:-1]] + [c(P(t[-1]), "STOP"), {"usageMetadata": U, "modelVersion": "gemini-2.5-flash"}]), 'chunked'
    if variant == 'thought':
        return H, out([{"candidates": [{"content": {"parts": [{"text": "**Thinking** " + w, "thought": True}], "role": "model"}, "index": 0}]}] + n), 'chunked'
    if variant == 'multiline': return H, ["".join("".join("data: " + l + "\n" for l in json.dumps(o, indent=1).split("\n")) + "\n" for o in n).encode()], 'chunked'
    if variant == 'cr': return H, [out(n)[0].replace(b"\r\n", b"\r")], 'chunked'
    if variant == 'thoughtonly':
        return H, out([{"candidates": [{"content": {"parts": [{"text": "**Thinking** " + w, "thought": True}], "role": "model"}, "index": 0}]}, c(P(""), "STOP", U)]), 'chunked'
    if variant == 'nocandidatescount':
        return H, out([c(P(x)) for x in t[:-1]] + [c(P(t[-1]), "STOP", {"promptTokenCount": 20, "totalTokenCount": 32})]), 'chunked'
    if variant == 'error': return H, out(n[:3]) + [b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\r\n\r\n'], 'chunked'
    if variant == 'signature': return H, out([c([{"text": x, "thoughtSignature": "CiQ"}]) for x in t[:-1]] + [c(P(t[-1]), "STOP", U)]), 'chunked'
    if variant == 'maxtokens': return H, out([c(P(x)) for x in t] + [c(None, "MAX_TOKENS", U)]), 'chunked'
    if variant == 'jsonarray':  # without alt=sse, or a proxy that loses the query
        return {"content-type": "application/json"}, [("[" + ",\r\n".join(json.dumps(o) for o in n) + "]").encode()], 'chunked'
    raise KeyError(variant)

def whole(variant, w, body):
    H = {"content-type": "application/json"}
    b = {"id": "chatcmpl-abc", "object": "chat.completion", "created": 1732343758, "model": "gpt-4o-2024-08-06", "choices": [{"index": 0, "message": {"role": "assistant", "content": w}, "finish_reason": "stop"}], "usage": USAGE}
    J = lambda o: [json.dumps(o).encode()]
    if variant == 'wplain': return H, J(b), 'length'
    if variant == 'wblanklines': return H, [b"\n", b"\n\n", b"   \n"] + J(b), 'chunked'
    if variant == 'wbom': return H, [b"\xef\xbb\xbf" + J(b)[0]], 'length'
    if variant == 'wgzip': return dict(H, **{"content-encoding": "gzip"}), [gzip.compress(J(b)[0])], 'length'
    if variant == 'werrornull': return H, J(dict(b, error=None)), 'length'
    if variant == 'wparts':
        b["choices"][0]["message"]["content"] = [{"type": "text", "text": w}]; return H, J(b), 'length'
    if variant == 'wreasoning':
        b["choices"][0]["message"].update(content=None, reasoning_content=w); return H, J(b), 'length'
    if variant == 'wlegacytext':
        b["choices"][0] = {"index": 0, "text": w, "finish_reason": "stop"}; return H, J(b), 'length'
    if variant == 'wnofinish':
        b["choices"][0]["finish_reason"] = None; return H, J(b), 'length'
    if variant == 'wlength':
        b["choices"][0]["finish_reason"] = "length"; return H, J(b), 'length'
    if variant == 'wfilter':
        b["choices"][0]["finish_reason"] = "content_filter"; b["choices"][0]["message"]["content"] = ""; return H, J(b), 'length'
    if variant == 'w201': return H, J(b), 'length'
    if variant == 'wtrailingnl': return H, J(b) + [b"\r\n\r\n"], 'chunked'
    if variant == 'wsse': return {"content-type": "text/event-stream"}, [sse(normal(w)).encode()], 'chunked'
    raise KeyError(variant)

async def handle(r, wr):
    try:
        while True:
            head = await r.readuntil(b"\r\n\r\n")
            lines = head.decode('latin1').split("\r\n")
            method, path, _ = lines[0].split(" ", 2)
            hs = {}
            for l in lines[1:]:
                if ':' in l:
                    k, v = l.split(":", 1); hs[k.strip().lower()] = v.strip()
            if hs.get('expect', '').lower() == '100-continue':
                wr.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if 'content-length' in hs:
                raw = await r.readexactly(int(hs['content-length']))
            elif 'chunked' in hs.get('transfer-encoding', ''):
                raw = b""
                while True:
                    n = int((await r.readline()).split(b";")[0], 16)
                    d = await r.readexactly(n); await r.readexactly(2)
                    if n == 0: break
                    raw += d
            else: raw = b""
            m = re.match(r"/v/([^/]+)(/.*)$", path)
            variant, rest = (m.group(1), m.group(2)) if m else ('plain', path)
            try:
                body = json.loads(raw) if raw else {}
                w = words_of(prompt_of(body))
            except Exception as e:
                wr.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"); await wr.drain(); continue
            f = whole if variant[0] == 'w' and variant != 'wholeforstream' else anthropic if rest.endswith('/messages') else gemini if 'enerateContent' in rest else openai
            H, pieces, framing = f(variant, w, body)
            ver = "1.0" if framing == 'http10' else "1.1"
            if framing == 'interim': wr.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if framing == 'hints': wr.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
            o = "HTTP/%s 200 OK\r\n" % ver
            for k, v in H.items():
                for x in (v if isinstance(v, list) else [v]): o += "%s: %s\r\n" % (k, x)
            close = framing in ('http10', 'eof')
            if framing in ('chunked', 'trailers', 'chunkext', 'interim', 'hints'): o += "transfer-encoding: chunked\r\n"
            if framing == 'trailers': o += "trailer: x-checksum, server-timing\r\n"
            if framing == 'length': o += "content-length: %d\r\n" % sum(map(len, pieces))
            if framing == 'eof': o += "connection: close\r\n"
            wr.write(o.encode('latin1') + b"\r\n")
            for p in pieces:
                if framing in ('http10', 'eof', 'length'): wr.write(p)
                elif framing == 'chunkext': wr.write(b"%x;name=\"a;b\"\r\n" % len(p) + p + b"\r\n")
                else: wr.write(b"%X\r\n" % len(p) + p + b"\r\n")
            if framing == 'trailers': wr.write(b"0\r\nx-checksum: abc\r\nserver-timing: total;dur=3\r\n\r\n")
            elif framing in ('chunked', 'chunkext', 'interim', 'hints'): wr.write(b"0\r\n\r\n")
            await wr.drain()
            if close: break
    except (asyncio.IncompleteReadError, ConnectionError): pass
    finally:
        wr.close()

async def main(told):
    s = await asyncio.start_server(handle, '127.0.0.1', 0, limit=1 << 20)
    told(s.sockets[0].getsockname()[1])
    async with s: await s.serve_forever()
