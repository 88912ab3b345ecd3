"""Every kind of call of gRPC through proxies that look into HTTP: with and without TLS, on both sides of them. Prints a line for each.

Arguments: the control API, and a folder with `leaf.pem` and `leaf.key`, which the proxy trusts. Messages are plain bytes. No call would end if
anything on the way waited for more of it than has come: each side speaks only after it has heard the other."""

import json
import queue
import sys
import threading
import urllib.request
from concurrent import futures

import grpc

CONTROL, FOLDER = sys.argv[1:]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TIMEOUT = 15
heard = threading.Event()


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{CONTROL}{path}", data=data, method=method, headers={"x-lifeboat": "1"})
    with DIRECT.open(request, timeout=20) as answer:
        return answer.read()


def read(name):
    with open(f"{FOLDER}/{name}", "rb") as file:
        return file.read()


def unary_unary(request, context):
    if request == b"fail":
        context.set_trailing_metadata((("x-reason", "tide"), ("x-raw-bin", b"\x00\xff")))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "low water")
    if request == b"wait":
        heard.wait(TIMEOUT)
    context.set_trailing_metadata((("x-seen", dict(context.invocation_metadata())["x-asked"]),))
    return request[::-1]


def unary_stream(request, context):
    for number in range(3):
        yield request + b"%d" % number


def stream_unary(requests, context):
    came = [next(requests)]
    heard.set()
    return b"+".join(came + list(requests))


def stream_stream(requests, context):
    for request in requests:
        yield request + b"!"


def handler():
    return grpc.method_handlers_generic_handler(
        "t.T",
        {
            "UU": grpc.unary_unary_rpc_method_handler(unary_unary),
            "US": grpc.unary_stream_rpc_method_handler(unary_stream),
            "SU": grpc.stream_unary_rpc_method_handler(stream_unary),
            "SS": grpc.stream_stream_rpc_method_handler(stream_stream),
        },
    )


def calls(channel):
    answer, call = channel.unary_unary("/t.T/UU").with_call(b"abc", timeout=TIMEOUT, metadata=(("x-asked", "me"),))
    yield "unary-unary", answer, dict(call.trailing_metadata())

    yield "unary-stream", list(channel.unary_stream("/t.T/US")(b"n", timeout=TIMEOUT))

    def spoken():
        yield b"a"
        # Whoever reads ahead never lets the service hear the first.
        yield b"b" if heard.wait(TIMEOUT) else b"unheard"

    heard.clear()
    yield "stream-unary", channel.stream_unary("/t.T/SU")(spoken(), timeout=TIMEOUT)

    sent = queue.SimpleQueue()
    sent.put(b"0")
    said = []
    for answer in channel.stream_stream("/t.T/SS")(iter(sent.get, None), timeout=TIMEOUT):
        said.append(answer)
        sent.put(b"%d" % len(said) if len(said) < 5 else None)
    yield "stream-stream", said


def failures(channel):
    heard.clear()
    for request, timeout in ((b"fail", TIMEOUT), (b"wait", 0.5)):
        try:
            channel.unary_unary("/t.T/UU")(request, timeout=timeout, metadata=(("x-asked", "me"),))
        except grpc.RpcError as error:
            told = dict(error.trailing_metadata() or ())
            yield error.code().name, error.details() if request == b"fail" else "", told
    heard.set()


def main():
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=(handler(),))
    plain = server.add_insecure_port("127.0.0.1:0")
    secured = server.add_secure_port("localhost:0", grpc.ssl_server_credentials(((read("leaf.key"), read("leaf.pem")),)))
    server.start()
    proxies = (("h2c", f"http://127.0.0.1:{plain}", False), ("tls", f"https://localhost:{secured}", True), ("said", f"h2c://127.0.0.1:{plain}", False))
    options = (("grpc.enable_http_proxy", 0),)
    for name, upstream, tls in proxies:
        made = control("POST", "/proxies", {"name": name, "upstream": upstream, "dialect": "http", "tls": tls})
        port = json.loads(made)["listen"].rsplit(":", 1)[1]
        if tls:
            trusted = grpc.ssl_channel_credentials(control("GET", "/authority"))
            channel = grpc.secure_channel(f"localhost:{port}", trusted, options)
        else:
            channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
        with channel:
            if name != "said":
                for case in calls(channel):
                    print(name, *case, flush=True)
            else:
                print("failures", *failures(channel), flush=True)
    server.stop(0).wait()


main()
