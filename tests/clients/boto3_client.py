"""boto3: Converse, ConverseStream, InvokeModel and its stream, with signed requests. With a token it refuses to speak to anything but HTTPS."""

import json

import boto3
from told import KEY, MODEL, PROMPT, URL, refusals, tell

MESSAGES = [{"role": "user", "content": [{"text": PROMPT}]}]
BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": [{"role": "user", "content": PROMPT}]}
SCHEMA = {"type": "object", "properties": {"words": {"type": "string"}}}


def client(key, service="bedrock-runtime"):
    keys = {"aws_access_key_id": key, "aws_secret_access_key": "not looked at"}
    return boto3.client(service, region_name="eu-west-1", endpoint_url=URL, **keys)


def ask(key, model):
    return client(key).converse(modelId=model, messages=MESSAGES, inferenceConfig={"maxTokens": 64})


def invoke(key, model, **more):
    return client(key).invoke_model(modelId=model, body=json.dumps(BODY | more))


def invoke_stream(key, model, **more):
    answer = client(key).invoke_model_with_response_stream(modelId=model, body=json.dumps(BODY | more))
    return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]


whole = ask(KEY, MODEL)
tell("whole", whole["output"]["message"]["content"][0]["text"], whole["stopReason"], whole["usage"]["outputTokens"])
events = list(client(KEY).converse_stream(modelId=MODEL, messages=MESSAGES)["stream"])
text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
tell("stream", text, events[-2]["messageStop"]["stopReason"], events[-1]["metadata"]["usage"]["outputTokens"])
tools = {"tools": [{"toolSpec": {"name": "repeat", "inputSchema": {"json": SCHEMA}}}]}
called = client(KEY).converse(modelId=MODEL, messages=MESSAGES, toolConfig=tools)
call = called["output"]["message"]["content"][0]["toolUse"]
tell("tool", call["name"], call["input"]["words"], called["stopReason"])
events = list(client(KEY).converse_stream(modelId=MODEL, messages=MESSAGES, toolConfig=tools)["stream"])
name = [event["contentBlockStart"]["start"]["toolUse"]["name"] for event in events if "contentBlockStart" in event]
text = "".join(event["contentBlockDelta"]["delta"]["toolUse"]["input"] for event in events if "contentBlockDelta" in event)
tell("tool streamed", *name, json.loads(text)["words"])

answer = invoke(KEY, MODEL)
body = json.loads(answer["body"].read())
counted = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-bedrock-output-token-count"]
tell("invoke", answer["contentType"], body["content"][0]["text"], body["stop_reason"], body["usage"]["output_tokens"], counted)
events = invoke_stream(KEY, MODEL)
text = "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
metrics = events[-1]["amazon-bedrock-invocationMetrics"]
tell("invoke streamed", text, events[-2]["delta"]["stop_reason"], events[-1]["type"], metrics["outputTokenCount"])
tools = [{"name": "repeat", "input_schema": SCHEMA}]
block = json.loads(invoke(KEY, MODEL, tools=tools)["body"].read())["content"][0]
tell("invoke calls", block["type"], block["name"], block["input"]["words"])

tell("models", *[model["modelId"] for model in client(KEY, "bedrock").list_foundation_models()["modelSummaries"]])


def status(error):
    return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"


refusals(ask, status)
refusals(invoke, status, "invoke ")
refusals(invoke_stream, status, "invoke streamed ")
