"""A provider of OpenID Connect: PyPI's oidc-provider-mock, which also proves that the code flow is guarded by PKCE. Prints where it listens.

Arguments: for how many seconds its tokens hold; negative ones have expired already.
"""

import base64
import hashlib
import json
import sys
import threading
import warnings
from datetime import timedelta
from urllib.parse import parse_qs, urlparse

warnings.simplefilter("ignore")

import flask
import werkzeug.serving
from oidc_provider_mock import User, app

people = [
    User(sub="ada", claims={"email": "ada@example.com", "email_verified": True, "groups": ["drill-team"]}),
    User(sub="bob", claims={"email": "bob@example.com", "email_verified": True, "groups": ["sales"]}),
    User(sub="eve", claims={"email": "boss@example.com", "email_verified": False}),
    User(sub="boss", claims={"email": "boss@example.com", "email_verified": True}),
]
provider = app(user_claims=people)
provider.debug = False
challenges = {}


@provider.before_request
def proof():
    """The provider itself does not look at PKCE."""
    if flask.request.path == "/oauth2/authorize" and flask.request.args.get("code_challenge"):
        assert flask.request.args["code_challenge_method"] == "S256"
        flask.g.challenge = flask.request.args["code_challenge"]
    if flask.request.path == "/oauth2/token":
        verifier = flask.request.form.get("code_verifier", "")
        proved = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if challenges.get(flask.request.form.get("code")) != proved:
            return flask.jsonify({"error": "invalid_grant", "error_description": "the verifier proves nothing"}), 400


@provider.after_request
def remember(response):
    location = response.headers.get("location", "")
    code = parse_qs(urlparse(location).query).get("code")
    if code and "challenge" in flask.g:
        challenges[code[0]] = flask.g.challenge
    return response


if len(sys.argv) > 1:
    # Tokens that are over when they are made. Codes hold all the same.
    from oidc_provider_mock import _app

    made = _app.OpenIDCode.get_jwt_config

    def over(self, grant, client=None):
        return {**made(self, grant, client), "exp": int(sys.argv[1])}

    _app.OpenIDCode.get_jwt_config = over

server = werkzeug.serving.make_server("127.0.0.1", 0, provider, threaded=True)
print(json.dumps({"port": server.server_port}), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
server.serve_forever()
