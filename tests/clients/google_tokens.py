"""Google's token endpoint, as far as a service account's key is concerned: assertions are verified by Google's own library.

Prints the key's file on one line, then answers on loopback until its standard input ends. A line `deleted` there deletes the key."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

EMAIL = "chat@p.iam.gserviceaccount.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
certificates = {"k1": PUBLIC}


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        try:
            assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
            claims = jwt.decode(form["assertion"][0], certs=certificates, audience=URI)
            assert claims["iss"] == EMAIL and claims["scope"].endswith("/auth/cloud-platform")
            self.answer(200, {"access_token": "ya29.a-token", "expires_in": 3599, "token_type": "Bearer"})
        except Exception as error:
            late = "Token expired" in str(error) or "used too early" in str(error)
            words = "Invalid JWT: Token must be a short-lived token" if late else "Invalid JWT Signature."
            self.answer(400, {"error": "invalid_grant", "error_description": words})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
URI = f"http://127.0.0.1:{server.server_port}/token"
threading.Thread(target=server.serve_forever, daemon=True).start()
private = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
file = {"type": "service_account", "private_key_id": "k1", "private_key": private.decode(), "client_email": EMAIL, "token_uri": URI}
print(json.dumps(file), flush=True)
for line in sys.stdin:
    if line.strip() == "deleted":
        certificates.clear()
        certificates["another"] = PUBLIC
        print("deleted", flush=True)
