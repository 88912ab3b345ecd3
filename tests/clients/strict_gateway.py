"""A gateway as companies have them: it wants a token, its own name for the model and newer parameters, passes on no header, fails over, and
ends streams without a marker and without usage. Arguments: its port; all else in the environment."""

import http.client
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENV = os.environ
PATHS = {"FIRST": "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", "SECOND": "/v1/chat/completions"}
# Nobody comes after the second, so a slow machine puts it aside for nothing.
PATIENCE = {"FIRST": 0.3, "SECOND": 5}
down = set()


def problem(headers, body):
    if headers.get("x-gateway-token") != ENV["STRICT_TOKEN"]:
        return 401, "no token"
    if body.get("model") != "chat-large":
        return 404, f"the model {body.get('model')} does not exist"
    wrong = [name for name in ("max_tokens", "temperature") if name in body]
    if wrong or "max_completion_tokens" not in body:
        return 400, f"Unsupported parameters: {wrong}"
    return None


def answer_of(name, body):
    upstream = http.client.HTTPConnection(ENV[f"{name}_HOST"], int(ENV[f"{name}_PORT"]), timeout=PATIENCE[name])
    key = ENV[f"{name}_KEY"]
    upstream.request("POST", PATHS[name], body, {"content-type": "application/json", "api-key": key, "authorization": f"Bearer {key}"})
    return upstream.getresponse()


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def tell(self, status, said):
        text = json.dumps(said, indent=2).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.tell(200, "ready")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if refused := problem(self.headers, body):
            return self.tell(refused[0], {"error": {"message": refused[1], "type": "invalid_request_error"}})
        text = json.dumps({**body, "model": "gpt-4o"})
        for name in PATHS:
            if name in down:
                continue
            try:
                answer = answer_of(name, text)
                said = answer.read().decode()
            except OSError:
                down.add(name)
                continue
            if answer.status == 200:
                return self.pass_on(said)
        self.tell(502, {"error": {"message": "nobody answers"}})

    def pass_on(self, said):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in said.split("\n\n"):
            if event and "[DONE]" not in event and '"choices":[]' not in event:
                piece = f"{event}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    request_queue_size = 512


Server(("127.0.0.1", int(sys.argv[1])), Gateway).serve_forever()
