"""google-genai before each fault, at the Gemini API."""

from google import genai
from faulty import PATIENCE, play
from told import KEY, MODEL, PROMPT, URL

OPTIONS = {"base_url": URL.removesuffix("/v1beta"), "timeout": int(PATIENCE * 1000)}


def whole(pieces):
    client = genai.Client(api_key=KEY, http_options=OPTIONS)  # it closes its connections as soon as nobody holds it
    answer = client.models.generate_content(model=MODEL, contents=PROMPT)
    pieces.append(answer.text)
    return said(answer)


def stream(pieces):
    client = genai.Client(api_key=KEY, http_options=OPTIONS)
    last = None
    for last in client.models.generate_content_stream(model=MODEL, contents=PROMPT):
        pieces.append(last.text)
    return said(last)


def said(answer):
    reason = answer and answer.candidates and answer.candidates[0].finish_reason
    return f"{reason and reason.value} {answer and answer.model_version}"


play(whole, stream, lambda error: " ".join(str(fact) for fact in (getattr(error, "code", ""), getattr(error, "status", "")) if fact))
