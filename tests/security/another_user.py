"""What another local user tries while a drill runs: to drive every port that it listens on, and to read its folder and its processes.

It gets what it needs as JSON on its command line, and prints as JSON what it reached: answers of success, and files that it could read.
"""

import concurrent.futures
import http.client
import json
import os
import socket
import sys

asked = json.loads(sys.argv[1])
PATIENCE_S = 0.7

evil = asked["capture"]
toxic = json.dumps({"name": "by-another-user", "type": "latency", "attributes": {"latency": 1}})
CALLS = [
    ("GET", "/version", None),
    ("GET", "/proxies", None),
    ("GET", "/proxies/first", None),
    ("GET", "/metrics", None),
    ("GET", "/authority", None),
    ("GET", "/events", None),
    ("POST", "/proxies/first", json.dumps({"upstream": evil})),
    ("PATCH", "/proxies/second", json.dumps({"upstream": evil})),
    ("POST", "/proxies/first/toxics", toxic),
    ("POST", "/proxies", json.dumps({"name": "mine", "listen": "127.0.0.1:0", "upstream": evil})),
    ("POST", "/populate", json.dumps([{"name": "mine-too", "listen": "127.0.0.1:0", "upstream": evil}])),
    ("DELETE", "/proxies/first/toxics/by-another-user", None),
    ("POST", "/reset", None),
]


def call(make, method, path, body, headers):
    """The status and the beginning of the body; nothing where nobody answers in time."""
    connection = make()
    try:
        connection.request(method, path, body, {"content-type": "application/json", **headers})
        answer = connection.getresponse()
        try:
            said = answer.read(2000) if path != "/events" else answer.fp.readline(2000)
        except OSError:
            said = b""
        return answer.status, said.decode(errors="replace")
    except (OSError, http.client.HTTPException, ValueError):
        return None, ""
    finally:
        connection.close()


def drive(place, make):
    """Every call at one place, without a token and with each word that could be one."""
    got = []
    for headers in [{}] + [{"authorization": f"Bearer {word}"} for word in asked["words"]]:
        for method, path, body in CALLS if not headers else CALLS[:2]:
            status, said = call(make, method, path, body, headers)
            if status is not None and 200 <= status < 300:
                got.append({"place": place, "call": f"{method} {path}", "status": status, "said": said})
    return got


class Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect("\0" + self.path[1:] if self.path.startswith("@") else self.path)


def sockets():
    """Paths of Unix sockets that may be the drill's."""
    with open("/proc/net/unix") as table:
        paths = {line.split(None, 7)[7].strip() for line in table if len(line.split(None, 7)) == 8}
    mine = [*asked["folders"], "lifeboat"]
    return sorted(path for path in paths if any(part in path for part in mine))


def readable(path):
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def files():
    found = []
    for folder in asked["folders"]:
        for where, _, names in os.walk(folder):
            found += [os.path.join(where, name) for name in names]
    return [path for path in found if readable(path)]


def processes():
    return [path for pid in asked["pids"] for name in ["environ", "mem", "maps"] if readable(path := f"/proc/{pid}/{name}")]


def over_tcp(port):
    return lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)


places = [(f"port {port}", over_tcp(port)) for port in asked["ports"]]
places += [(path, lambda path=path: Local(path)) for path in sockets()]
with concurrent.futures.ThreadPoolExecutor(max(len(places), 1)) as pool:
    driven = [got for all_of_one in pool.map(lambda place: drive(*place), places) for got in all_of_one]
print(json.dumps({"user": os.getuid(), "driven": driven, "files": files(), "processes": processes()}))
