"""anthropic before each fault."""

import anthropic
from faulty import PATIENCE, play
from told import KEY, MODEL, PROMPT, URL

ASK = {"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": PROMPT}]}


def client():
    return anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0, timeout=PATIENCE)


def whole(pieces):
    answer = client().messages.create(**ASK)
    pieces.extend(block.text for block in answer.content or [])
    return f"{answer.stop_reason} {answer.model}"


def stream(pieces):
    with client().messages.stream(**ASK) as events:
        for text in events.text_stream:
            pieces.append(text)
        last = events.get_final_message()
    return f"{last.stop_reason} {last.model}"


# `message_start` and `content_block_start`.
play(whole, stream, before_tokens=2)
