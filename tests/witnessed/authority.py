"""authority.py FOLDER: a time-stamping authority. OpenSSL stamps; this answers over HTTP (RFC 3161, section 3.4), and on other paths as no authority should.

/rsa and /ec stamp with keys of these kinds; /expired with a certificate whose time was over; /other stamps something else; /again gives its first
answer again; /refuse refuses; /garbage answers with no stamp; /broken with an error; /text with another kind of answer.
FOLDER gets ca.pem, whose certificates these are, and stranger.pem, whose none is.
"""
import pathlib, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

place = pathlib.Path(sys.argv[1])

def openssl(*arguments, given=b""):
    done = subprocess.run(["openssl", *arguments], cwd=place, input=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout

def authority(name):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")

def stamper(name, kind, days):
    openssl("req", "-new", *kind, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN=stamps {name}")
    (place / "usage").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", *days, "-extfile", "usage", "-out", f"{name}.pem")
    digests = "sha512" if name == "picky" else "sha256"
    (place / f"{name}.cnf").write_text(
        f"[tsa]\ndefault_tsa=t\n[t]\nserial={name}.serial\nsigner_cert={name}.pem\nsigner_key={name}.key\nsigner_digest={'sha512' if name == 'ec' else 'sha256'}\n"
        f"certs=ca.pem\ndefault_policy=1.2.3.4\ndigests={digests}\naccuracy=secs:1\nordering=yes\ntsa_name=yes\ness_cert_id_alg=sha256\n"
    )

def stamped(name, query):
    (place / "query").write_bytes(query)
    return openssl("ts", "-reply", "-config", f"{name}.cnf", "-section", "t", "-queryfile", "query")

for name in ("ca", "stranger"):
    authority(name)
rsa, ec = ("-newkey", "rsa:2048"), ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
month = ("-days", "30")
stamper("rsa", rsa, month)
stamper("ec", ec, month)
(place / "ec.cnf").write_text((place / "ec.cnf").read_text().replace("signer_digest=sha512", "signer_digest=sha384"))
stamper("picky", rsa, month)
stamper("expired", ec, ("-not_before", "20200101000000Z", "-not_after", "20200201000000Z") if b"-not_before" in subprocess.run(
    ["openssl", "x509", "-help"], capture_output=True).stderr else ("-days", "-1"))
first = []

class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        query, path = self.rfile.read(int(self.headers["content-length"])), self.path.strip("/")
        assert self.headers["content-type"] == "application/timestamp-query"
        status, kind = 200, "application/timestamp-reply"
        if path in ("rsa", "ec", "expired"):
            answer = stamped(path, query)
        elif path == "refuse":
            answer = stamped("picky", query)
        elif path == "other":
            answer = stamped("rsa", openssl("ts", "-query", "-data", "ca.pem", "-sha256", "-cert"))
        elif path == "again":
            first.append(first[0] if first else stamped("rsa", query))
            answer = first[-1]
        elif path == "text":
            answer, kind = stamped("rsa", query), "text/html"
        elif path == "garbage":
            answer = b"0\x03\x02\x01\x00"
        else:
            answer, status = b"", 500
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
