"""anthropic: messages, whole and streamed."""

import anthropic
from told import KEY, MODEL, PROMPT, URL, refusals, tell

MESSAGES = [{"role": "user", "content": PROMPT}]


def client(key):
    return anthropic.Anthropic(base_url=URL, api_key=key, max_retries=0)


def ask(key, model):
    return client(key).messages.create(model=model, max_tokens=64, messages=MESSAGES)


whole = ask(KEY, MODEL)
tell("whole", whole.content[0].text, whole.stop_reason, whole.usage.output_tokens, whole.model)
with client(KEY).messages.stream(model=MODEL, max_tokens=64, messages=MESSAGES) as stream:
    text = "".join(stream.text_stream)
    last = stream.get_final_message()
tell("stream", text, last.stop_reason, last.usage.output_tokens, last.model)
tools = [{"name": "repeat", "input_schema": {"type": "object", "properties": {"words": {"type": "string"}}}}]
block = client(KEY).messages.create(model=MODEL, max_tokens=64, messages=MESSAGES, tools=tools).content[0]
tell("tool", block.type, block.name, block.input["words"])
with client(KEY).messages.stream(model=MODEL, max_tokens=64, messages=MESSAGES, tools=tools) as stream:
    last = stream.get_final_message()
tell("tool streamed", last.content[0].name, last.content[0].input["words"], last.stop_reason)
tell("models", *[model.id for model in client(KEY).models.list()])
refusals(ask, lambda error: error.status_code)
