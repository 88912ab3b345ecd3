"""google-genai at Vertex AI as a service account: its key mints tokens, and they outlive it."""

import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google import genai
from google.auth.exceptions import RefreshError
from google.genai.errors import APIError
from google.oauth2.service_account import Credentials
from told import KEY, MODEL, PROMPT, URL, tell

BASE = URL.removesuffix("/v1beta")
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)


def client(key):
    account = {
        "type": "service_account",
        "private_key_id": key,
        "private_key": PRIVATE.decode(),
        "client_email": "drill@lab.iam.gserviceaccount.example",
        "token_uri": f"{BASE}/token",
    }
    credentials = Credentials.from_service_account_info(account, scopes=["https://www.googleapis.com/auth/cloud-platform"])
    asked = genai.Client(
        vertexai=True, project="lab", location="europe-west1", credentials=credentials, http_options={"base_url": BASE}
    )
    return asked, credentials


def ask(asked):
    try:
        return asked.models.generate_content(model=MODEL, contents=PROMPT).text
    except (RefreshError, APIError) as error:
        return f"{type(error).__name__} {error.args[0] if isinstance(error, RefreshError) else error.code}"


asked, credentials = client(KEY)
tell("minted", ask(asked), credentials.token.startswith("ya29."))
tell("again", ask(asked))
for word in ["revoked", "expired"]:
    tell(word, ask(client(f"{KEY}-{word}")[0]))
