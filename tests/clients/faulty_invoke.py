"""boto3 before each fault: InvokeModel and InvokeModelWithResponseStream, with a body of Anthropic's."""

import json

import boto3
from botocore.config import Config
from faulty import PATIENCE, play
from told import KEY, MODEL, PROMPT, URL

BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": [{"role": "user", "content": PROMPT}]}
ASK = {"modelId": MODEL, "body": json.dumps(BODY)}


def client():
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": "not looked at"}
    config = Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE)
    return boto3.client("bedrock-runtime", region_name="eu-west-1", endpoint_url=URL, config=config, **keys)


def whole(pieces):
    answer = json.loads(client().invoke_model(**ASK)["body"].read())
    pieces.extend(part["text"] for part in answer["content"])
    return f"{answer['stop_reason']} {answer['model']}"


def stream(pieces):
    reason = model = None
    for event in client().invoke_model_with_response_stream(**ASK)["body"]:
        said = json.loads(event["chunk"]["bytes"])
        pieces.append(said.get("delta", {}).get("text"))
        reason = said.get("delta", {}).get("stop_reason", reason)
        model = said.get("message", {}).get("model", model)
    return f"{reason} {model}"


def status(error):
    response = getattr(error, "response", None) or {}
    code = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return " ".join(str(fact) for fact in (code, response.get("Error", {}).get("Code")) if fact)


# `message_start` and `content_block_start`; its `ping` is a sign of life.
play(whole, stream, status, before_tokens=2)
