"""others.py BUNDLE KEY.pub: the same signature by in-toto's own DSSE, and the file by sigstore's own types."""
import json, pathlib, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from sigstore_models.bundle.v1 import Bundle

text = pathlib.Path(sys.argv[1]).read_text()
bundle = Bundle.from_json(text)
name = bundle.verification_material.public_key.hint
assert bundle.media_type == "application/vnd.dev.sigstore.bundle.v0.3+json", bundle.media_type
envelope = json.loads(text)["dsseEnvelope"]
for signature in envelope["signatures"]:
    signature["keyid"] = name
key = SSlibKey.from_crypto(load_pem_public_key(pathlib.Path(sys.argv[2]).read_bytes()), keyid=name)
print("accepted by", *Envelope.from_dict(envelope).verify([key], 1))
