"""boto3 before each fault: Converse and ConverseStream."""

import boto3
from botocore.config import Config
from faulty import PATIENCE, play
from told import KEY, MODEL, PROMPT, URL

ASK = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": PROMPT}]}], "inferenceConfig": {"maxTokens": 64}}


def client():
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": "not looked at"}
    config = Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE)
    return boto3.client("bedrock-runtime", region_name="eu-west-1", endpoint_url=URL, config=config, **keys)


def whole(pieces):
    answer = client().converse(**ASK)
    pieces.extend(part["text"] for part in answer["output"]["message"]["content"])
    return answer["stopReason"]


def stream(pieces):
    reason = None
    for event in client().converse_stream(**ASK)["stream"]:
        pieces.append(event.get("contentBlockDelta", {}).get("delta", {}).get("text"))
        reason = event.get("messageStop", {}).get("stopReason", reason)
    return reason


def status(error):
    response = getattr(error, "response", None) or {}
    code = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return " ".join(str(fact) for fact in (code, response.get("Error", {}).get("Code")) if fact)


# `messageStart`.
play(whole, stream, status, before_tokens=1)
