"""openai's responses before each fault, at OpenAI and at Azure (last argument `azure`)."""

import openai
from faulty import PATIENCE, VARIANT, play
from told import KEY, MODEL, PROMPT, URL

OPTIONS = {"api_key": KEY, "max_retries": 0, "timeout": PATIENCE}


def client():
    if VARIANT == ["azure"]:
        return openai.AzureOpenAI(azure_endpoint=URL, api_version="2025-04-01-preview", **OPTIONS)
    return openai.OpenAI(base_url=URL, **OPTIONS)


def whole(pieces):
    answer = client().responses.create(model=MODEL, input=PROMPT)
    pieces.append(answer.output_text)
    return f"{answer.status} {answer.model}"


def stream(pieces):
    last = model = None
    for event in client().responses.create(model=MODEL, input=PROMPT, stream=True):
        last = event.type
        if last == "response.output_text.delta":
            pieces.append(event.delta)
        model = getattr(getattr(event, "response", None), "model", model)
    return f"{last} {model}"


# `response.created`, `response.in_progress`, `response.output_item.added`, `response.content_part.added`.
play(whole, stream, before_tokens=4)
