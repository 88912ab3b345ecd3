"""An AWS (moto) and AWS's own command line in one process, so that neither has to be loaded for each call.

Prints its port. `POST /` takes the words of a command line, each ended by a zero byte, and answers `EXIT CODE:OUTPUT`. `POST /fail` takes a
count and a part of a line: so many calls that have it fail before they are sent. `GET /calls` lists the calls so far, a line each.
"""

import contextlib
import io
import logging
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from awscli.clidriver import create_clidriver
from moto.rds.models import RDSBackend
from moto.server import ThreadedMotoServer


def promote(backend, changes, real=RDSBackend.promote_read_replica):
    """As AWS does, and moto does not: who was promoted has no source any more."""
    database = real(backend, changes)
    database.source_db_instance_identifier = None
    return database


RDSBackend.promote_read_replica = promote

os.environ.update(
    AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", AWS_DEFAULT_REGION="eu-central-1", AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true"
)
logging.getLogger("werkzeug").setLevel(logging.ERROR)
MOTO = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
MOTO.start()
os.environ["AWS_ENDPOINT_URL"] = "http://%s:%d" % MOTO.get_host_and_port()
CALLS, FAILING, DRIVERS, ONE_AT_A_TIME = [], {}, {}, Lock()


def driver(command):
    if command not in DRIVERS:
        DRIVERS[command] = create_clidriver()
    return DRIVERS[command]


def run(words):
    said = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with ONE_AT_A_TIME, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        line = " ".join(words)
        CALLS.append(line)
        failing = next((part for part, left in FAILING.items() if left and part in line), None)
        if failing:
            FAILING[failing] -= 1
            return 254, "An error occurred (ServiceUnavailable): try again later"
        try:
            # What it learns of one command must not be there for another.
            code = driver(tuple(words[:2])).main(words)
        except SystemExit as end:
            code = end.code or 0
    return code, said.buffer.getvalue().decode().strip()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer("\n".join(CALLS))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if self.path == "/fail":
            times, part = body.split(" ", 1)
            FAILING[part] = int(times)
            self.answer("")
        else:
            self.answer("%d:%s" % run(body.split("\0")[:-1]))


SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(SERVER.server_port, flush=True)
sys.stdin.close()
SERVER.serve_forever()
