"""The providers' own clients before every odd answer of `odd_provider.py`: the text that each gives its user, or what it raises.

Argument: the prompt. Prints the provider's port, then a line for each answer: client, answer and text as JSON. The provider goes on until the
standard input ends, so that somebody else can ask it the same.
"""

import asyncio
import inspect
import json
import re
import sys
import threading

import anthropic
import odd_provider
import openai
from google import genai

PROMPT = sys.argv[1]
MESSAGES = [{"role": "user", "content": PROMPT}]
# Whatever an answer says, it comes at once.
OPTIONS = {"api_key": "k", "max_retries": 0, "timeout": 5}


OPENAI, ANTHROPIC = openai.OpenAI(**OPTIONS), anthropic.Anthropic(**OPTIONS)
GENAI = genai.Client(api_key="k", http_options={"timeout": 5000})


def openai_stream(url):
    client, options = OPENAI.with_options(base_url=f"{url}/v1"), {"include_usage": True}
    chunks = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True, stream_options=options)
    choices = [chunk.choices[0] for chunk in chunks if chunk and chunk.choices]
    # Azure's filter of content sends choices without a delta.
    return "".join(choice.delta.content or "" for choice in choices if choice.delta)


def openai_whole(url):
    client = OPENAI.with_options(base_url=f"{url}/v1")
    return client.chat.completions.create(model="gpt-4o", messages=MESSAGES).choices[0].message.content


def anthropic_stream(url):
    with ANTHROPIC.with_options(base_url=url).messages.stream(model="claude", max_tokens=64, messages=MESSAGES) as stream:
        return "".join(block.text for block in stream.get_final_message().content if block.type == "text")


def genai_stream(url):
    config = {"http_options": {"base_url": url}}
    chunks = GENAI.models.generate_content_stream(model="gemini-2.5-flash", contents=PROMPT, config=config)
    return "".join(chunk.text or "" for chunk in chunks)


def variants(of):
    return re.findall(r"variant == '(\w+)'", inspect.getsource(of))


CLIENTS = [
    ("openai", odd_provider.openai, openai_stream),
    ("openai-whole", odd_provider.whole, openai_whole),
    ("anthropic", odd_provider.anthropic, anthropic_stream),
    ("gemini", odd_provider.gemini, genai_stream),
]


def play(port):
    print(port, flush=True)
    for name, provider, ask in CLIENTS:
        for variant in variants(provider):
            try:
                text = ask(f"http://127.0.0.1:{port}/v/{variant}")
            except Exception:  # whatever it raises, its user has no answer
                text = None
            print(name, variant, json.dumps(text if isinstance(text, str) else None), flush=True)
    print("end", flush=True)


def told(port):
    threading.Thread(target=play, args=(port,), daemon=True).start()


serving = threading.Thread(target=lambda: asyncio.run(odd_provider.main(told)), daemon=True)
serving.start()
sys.stdin.read()
