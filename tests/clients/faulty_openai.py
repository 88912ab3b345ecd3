"""openai before each fault, at OpenAI and at Azure (last argument `azure`)."""

import openai
from faulty import PATIENCE, VARIANT, play
from told import KEY, MODEL, PROMPT, URL

ASK = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]}
OPTIONS = {"api_key": KEY, "max_retries": 0, "timeout": PATIENCE}


def client():
    if VARIANT == ["azure"]:
        return openai.AzureOpenAI(azure_endpoint=URL, api_version="2024-10-21", **OPTIONS)
    return openai.OpenAI(base_url=URL, **OPTIONS)


def whole(pieces):
    answer = client().chat.completions.create(**ASK)
    pieces.append(answer.choices[0].message.content)
    return f"{answer.choices[0].finish_reason} {answer.model}"


def stream(pieces):
    reason = model = None
    for chunk in client().chat.completions.create(stream=True, **ASK):
        model = chunk.model
        for choice in chunk.choices:
            pieces.append(choice.delta.content)
            reason = choice.finish_reason or reason
    return f"{reason} {model}"


play(whole, stream)
