"""openai's embeddings before each fault: as numbers, and as the base64 that it asks for by itself."""

import openai
from faulty import PATIENCE, play
from told import KEY, MODEL, PROMPT, URL


def embed(pieces, **more):
    client = openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0, timeout=PATIENCE)
    answer = client.embeddings.create(model=MODEL, input=PROMPT, dimensions=2, **more)
    pieces.extend(str(len(item.embedding)) for item in answer.data)
    return answer.model


play(lambda pieces: embed(pieces, encoding_format="float"), embed)
