"""openai: chat completions, responses and embeddings, whole and streamed, at OpenAI and at Azure (third argument `azure`)."""

import json
import sys

import openai
from told import KEY, MODEL, PROMPT, URL, refusals, tell

MESSAGES = [{"role": "user", "content": PROMPT}]
PARAMETERS = {"type": "object", "properties": {"words": {"type": "string"}}}


def client(key):
    if sys.argv[3:] == ["azure"]:
        return openai.AzureOpenAI(azure_endpoint=URL, api_key=key, api_version="2024-10-21", max_retries=0)
    return openai.OpenAI(base_url=URL, api_key=key, max_retries=0)


def ask(key, model):
    return client(key).chat.completions.create(model=model, messages=MESSAGES)


def respond(key, model, **more):
    return client(key).responses.create(model=model, input=PROMPT, **more)


def embed(key, model, **more):
    return client(key).embeddings.create(model=model, input=["ferry", "storm"], **more)


whole = ask(KEY, MODEL)
tell("whole", whole.choices[0].message.content, whole.choices[0].finish_reason, whole.usage.completion_tokens, whole.model)
options = {"include_usage": True}
chunks = list(client(KEY).chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, stream_options=options))
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
tell("stream", text, chunks[-2].choices[0].finish_reason, chunks[-1].usage.completion_tokens, chunks[-1].model)
tools = [{"type": "function", "function": {"name": "repeat", "parameters": PARAMETERS}}]
called = client(KEY).chat.completions.create(model=MODEL, messages=MESSAGES, tools=tools)
call = called.choices[0].message.tool_calls[0].function
tell("tool", call.name, json.loads(call.arguments)["words"], called.choices[0].finish_reason)
with client(KEY).chat.completions.stream(model=MODEL, messages=MESSAGES, tools=tools) as events:
    call = events.get_final_completion().choices[0].message.tool_calls[0].function
tell("tool streamed", call.name, json.loads(call.arguments)["words"])

whole = respond(KEY, MODEL)
tell("response", whole.output_text, whole.status, whole.usage.output_tokens, whole.model)
events = list(respond(KEY, MODEL, stream=True))
text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
last = events[-1]
tell("response streamed", text, last.type, last.response.output_text, last.response.usage.output_tokens)
assert [event.sequence_number for event in events] == list(range(len(events)))
assert all(type(event).__name__.endswith("Event") for event in events), "each is of a type that the client knows"
with client(KEY).responses.stream(model=MODEL, input=PROMPT) as stream:
    tell("response gathered", stream.get_final_response().output_text)
short = list(respond(KEY, MODEL, stream=True, max_output_tokens=2))[-1]
tell("response cut short", short.type, short.response.output_text, short.response.incomplete_details.reason)
tools = [{"type": "function", "name": "repeat", "parameters": PARAMETERS, "strict": False}]
call = respond(KEY, MODEL, tools=tools).output[0]
tell("response calls", call.type, call.name, json.loads(call.arguments)["words"])
with client(KEY).responses.stream(model=MODEL, input=PROMPT, tools=tools) as stream:
    call = stream.get_final_response().output[0]
tell("response calls streamed", call.type, call.name, json.loads(call.arguments)["words"])

vectors = embed(KEY, MODEL)
lengths = [round(sum(number * number for number in item.embedding), 3) for item in vectors.data]
tell("vectors", [len(item.embedding) for item in vectors.data], lengths, vectors.usage.prompt_tokens, vectors.model)
plain = embed(KEY, MODEL, encoding_format="float", dimensions=8).data
small = embed(KEY, MODEL, dimensions=8).data
near = all(abs(one - other) < 1e-6 for a, b in zip(plain, small) for one, other in zip(a.embedding, b.embedding))
tell("vectors as numbers", [len(item.embedding) for item in plain], near)

tell("models", *[model.id for model in client(KEY).models.list()])
refusals(ask, lambda error: error.status_code)
for name, other in [("respond", respond), ("embed", embed)]:
    refusals(other, lambda error: error.status_code, f"{name} ")
