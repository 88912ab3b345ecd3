"""boto3: Converse and ConverseStream, with signed requests. With a token it refuses to speak to anything but HTTPS."""

import boto3
from told import KEY, MODEL, PROMPT, URL, refusals, tell

MESSAGES = [{"role": "user", "content": [{"text": PROMPT}]}]


def client(key, service="bedrock-runtime"):
    keys = {"aws_access_key_id": key, "aws_secret_access_key": "not looked at"}
    return boto3.client(service, region_name="eu-west-1", endpoint_url=URL, **keys)


def ask(key, model):
    return client(key).converse(modelId=model, messages=MESSAGES, inferenceConfig={"maxTokens": 64})


whole = ask(KEY, MODEL)
tell("whole", whole["output"]["message"]["content"][0]["text"], whole["stopReason"], whole["usage"]["outputTokens"])
events = list(client(KEY).converse_stream(modelId=MODEL, messages=MESSAGES)["stream"])
text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
tell("stream", text, events[-2]["messageStop"]["stopReason"], events[-1]["metadata"]["usage"]["outputTokens"])
tell("models", *[model["modelId"] for model in client(KEY, "bedrock").list_foundation_models()["modelSummaries"]])
refusals(ask, lambda error: f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}")
