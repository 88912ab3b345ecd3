"""toxiproxy-python drives a control API; its host and port are the arguments. Ends with exit code 0 where all holds."""

import socket
import sys
import threading
import time

from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

server = Toxiproxy()
server.update_api_consumer(sys.argv[1], int(sys.argv[2]))


def echo():
    """A service that answers with what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(wire):
        with wire:
            while chunk := wire.recv(4096):
                wire.sendall(chunk)

    def serve():
        while True:
            threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1]


def ask(proxy, text=b"hello"):
    """The answer to a text, and the seconds that it took."""
    host, port = proxy.listen.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        began = time.monotonic()
        wire.sendall(text)
        came = b""
        while len(came) < len(text):
            chunk = wire.recv(4096)
            if not chunk:
                break
            came += chunk
        return came, time.monotonic() - began


def raises(kind, what, *arguments, **named):
    """The error of this kind that a call raises."""
    try:
        what(*arguments, **named)
    except kind as error:
        return str(error)
    raise AssertionError("%s did not raise %s" % (what, kind))


upstream = echo()
assert server.running() and b'"version"' in server.version()
proxy = server.create(upstream=upstream, name="one")
assert proxy.enabled and ask(proxy)[0] == b"hello"
assert list(server.proxies()) == ["one"] and server.get_proxy("two") is None
raises(ProxyExists, server.create, upstream=upstream, name="one")

for kind, attributes, least in [
    ("latency", {"latency": 120, "jitter": 0}, 0.12),
    ("bandwidth", {"rate": 1}, 0.0),
    ("slicer", {"average_size": 2, "size_variation": 1, "delay": 10}, 0.0),
    ("slow_close", {"delay": 5}, 0.0),
    ("limit_data", {"bytes": 5000}, 0.0),
]:
    for stream in ("upstream", "downstream"):
        proxy.add_toxic(type=kind, stream=stream, attributes=attributes)
        toxic = proxy.get_toxic("%s_%s" % (kind, stream))
        assert (toxic.type, toxic.stream, toxic.toxicity) == (kind, stream, 1.0)
        assert toxic.attributes == attributes, toxic.attributes
        came, took = ask(proxy)
        assert came == b"hello" and took >= least, (kind, came, took)
        assert proxy.destroy_toxic(toxic.name)

for kind in ("timeout", "reset_peer"):
    proxy.add_toxic(type=kind, name="deadly", attributes={"timeout": 50})
    try:
        assert ask(proxy)[0] == b""
    except ConnectionResetError:
        assert kind == "reset_peer"
    else:
        assert kind == "timeout"
    proxy.destroy_toxic("deadly")
    assert ask(proxy)[0] == b"hello"

raises(InvalidToxic, proxy.add_toxic, type="gremlin")
raises(InvalidToxic, proxy.add_toxic, type="latency", stream="sideways")
raises(InvalidToxic, proxy.add_toxic, type="latency", attributes={"latency": -1})
proxy.add_toxic(type="latency", toxicity=0)
raises(ProxyExists, proxy.add_toxic, type="latency")
raises(NotFound, proxy.destroy_toxic, "nobody")

with proxy.down():
    raises(ConnectionRefusedError, ask, proxy)
assert ask(proxy)[0] == b"hello"

made = server.populate([{"name": "two", "upstream": upstream}, {"name": "three", "upstream": upstream, "enabled": False}])
assert [each.name for each in made] == ["two", "three"] and not made[1].enabled
assert server.reset() and not proxy.toxics() and server.get_proxy("three").enabled
server.destroy_all()
assert server.proxies() == {}
