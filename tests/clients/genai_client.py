"""google-genai: generateContent, whole and streamed, at the Gemini API; with a third argument `vertex`, at Vertex AI."""

import sys

from google import genai
from google.oauth2.credentials import Credentials
from told import KEY, MODEL, PROMPT, URL, refusals, tell

VERTEX = sys.argv[3:] == ["vertex"]
OPTIONS = {"base_url": URL.removesuffix("/v1beta")}


def client(key):
    if VERTEX:
        place = {"project": "lab", "location": "europe-west1"}
        return genai.Client(vertexai=True, credentials=Credentials(token=key), http_options=OPTIONS, **place)
    return genai.Client(api_key=key, http_options=OPTIONS)


def ask(key, model):
    asked = client(key)  # it closes its connections as soon as nobody holds it
    return asked.models.generate_content(model=model, contents=PROMPT)


whole = ask(KEY, MODEL)
tell("whole", whole.text, whole.candidates[0].finish_reason.value, whole.usage_metadata.candidates_token_count)
asked = client(KEY)
chunks = list(asked.models.generate_content_stream(model=MODEL, contents=PROMPT))
text = "".join(chunk.text or "" for chunk in chunks)
tell("stream", text, chunks[-1].candidates[0].finish_reason.value, chunks[-1].usage_metadata.candidates_token_count)
schema = {"type": "OBJECT", "properties": {"words": {"type": "STRING"}}}
tools = {"tools": [{"function_declarations": [{"name": "repeat", "parameters": schema}]}]}
call = asked.models.generate_content(model=MODEL, contents=PROMPT, config=tools).function_calls[0]
tell("tool", call.name, call.args["words"])
chunks = list(asked.models.generate_content_stream(model=MODEL, contents=PROMPT, config=tools))
calls = [call for chunk in chunks for call in chunk.function_calls or []]
tell("tool streamed", *[f"{call.name} {call.args['words']}" for call in calls])
if not VERTEX:
    tell("models", *[model.name for model in asked.models.list()])
refusals(ask, lambda error: f"{error.code} {error.status}")
