"""openai: chat completions, whole and streamed, at OpenAI and at Azure (third argument `azure`)."""

import sys

import openai
from told import KEY, MODEL, PROMPT, URL, refusals, tell

MESSAGES = [{"role": "user", "content": PROMPT}]


def client(key):
    if sys.argv[3:] == ["azure"]:
        return openai.AzureOpenAI(azure_endpoint=URL, api_key=key, api_version="2024-10-21", max_retries=0)
    return openai.OpenAI(base_url=URL, api_key=key, max_retries=0)


def ask(key, model):
    return client(key).chat.completions.create(model=model, messages=MESSAGES)


whole = ask(KEY, MODEL)
tell("whole", whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage.completion_tokens, whole.model)
options = {"include_usage": True}
chunks = list(client(KEY).chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, stream_options=options))
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
tell("stream", text, chunks[-2].choices[0].finish_reason, chunks[-1].usage.completion_tokens, chunks[-1].model)
tell("models", *[model.id for model in client(KEY).models.list()])
refusals(ask, lambda error: error.status_code)
