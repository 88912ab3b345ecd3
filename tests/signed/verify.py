"""verify.py FOLDER KEY.pub: a drill's folder checked by somebody who has nothing of Lifeboat but this file."""
import base64, hashlib, json, pathlib, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key

folder, key = pathlib.Path(sys.argv[1]), load_pem_public_key(pathlib.Path(sys.argv[2]).read_bytes())
sha256 = lambda data: hashlib.sha256(data).hexdigest()

# 1. Both statements are signed by the key (DSSE), and about a file that is here as it was signed.
for name in ("test-result.sigstore.json", "measurement.sigstore.json"):
    envelope = json.loads((folder / name).read_text())["dsseEnvelope"]
    kind, payload = envelope["payloadType"], base64.b64decode(envelope["payload"])
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)  # raises where it does not hold
    statement = json.loads(payload)
    for subject in statement["subject"]:
        assert sha256((folder / subject["name"]).read_bytes()) == subject["digest"]["sha256"], subject["name"]
    print(statement["predicateType"], [subject["name"] for subject in statement["subject"]], statement["predicate"].get("result", ""))
for name, digest in statement["predicate"]["stamps"].items():
    assert sha256((folder / name).read_bytes()) == digest, name

# 2. Every file is as the manifest has it; people write into some of them.
if (folder / "manifest.json").exists():
    for file in json.loads((folder / "manifest.json").read_text())["files"]:
        assert file["role"] == "people" or sha256((folder / file["name"]).read_bytes()) == file["sha256"], file["name"]

# 3. Each seal of the history is the hash of everything since the one before it.
since, seals = b"", 0
for line in (folder / "history.jsonl").read_bytes().splitlines(keepends=True):
    seal = json.loads(line).get("sealed") if line.endswith(b"\n") else None
    if seal:
        assert seal["sha256"] == sha256(since), f"seal {seals}"
        since, seals = b"", seals + 1
    since += line
print(seals, "seals hold; after the last:", since.count(b"\n") - 1, "lines")
