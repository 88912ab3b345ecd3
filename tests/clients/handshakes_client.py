"""openai, requests and boto3 through a standing fault proxy whose handshakes, names and ports go wrong.

Arguments: base URL, key, the control API, and the toxics to try, each as JSON."""

import json
import os
import sys
import urllib.request

import boto3
import botocore.config
import botocore.exceptions
import openai
import requests
from told import KEY, MODEL, PROMPT, URL, tell

CONTROL = sys.argv[3]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method, path, body=None):
    request = urllib.request.Request(f"{CONTROL}{path}", method=method, headers={"x-lifeboat": "1"})
    request.data = None if body is None else json.dumps(body).encode()
    with DIRECT.open(request, timeout=20) as answer:
        return json.load(answer)


def by_openai():
    client = openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0)
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": PROMPT}])


def by_requests():
    return requests.get(f"{URL}/models", timeout=20)


def by_boto3():
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=20)
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": "none"}
    client = boto3.client("bedrock-runtime", region_name="eu-north-1", endpoint_url=URL, config=config, **keys)
    return client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": PROMPT}]}])


def causes(error):
    while error:
        yield type(error).__name__, str(error)
        error = error.__cause__ or error.__context__


REASONS = ["expired", "Hostname mismatch", "doesn't match 'wrong-name.invalid'", "unable to get local issuer", "EOF", "502 Bad Gateway"]


def outcome(ask):
    try:
        ask()
    except (openai.APIStatusError, botocore.exceptions.ClientError):
        return "answered"
    except Exception as error:  # whatever the client raises is what is asked
        told = list(causes(error))
        reason = next((reason for reason in REASONS if any(reason in said for _, said in told)), told)
        return f"{told[0][0]} ({reason})"
    return "answered"


for toxic in [None, *map(json.loads, sys.argv[4:]), None]:
    name = "healthy"
    if toxic:
        call("POST", "/proxies/p/toxics", {"name": "t", **toxic})
        name = toxic.get("attributes", {}).get("problem", toxic["type"])
    tell(name, *[f"{ask.__name__[3:]} {outcome(ask)}" for ask in (by_openai, by_requests, by_boto3)])
    if toxic:
        call("DELETE", "/proxies/p/toxics/t")
