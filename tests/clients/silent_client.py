"""openai-python asks for one stream and believes what it is given. `URL` and `KEY` are in the environment; its one argument is the file
that it tells what it was given."""

import os
import sys

import openai

client = openai.AzureOpenAI(azure_endpoint=os.environ["URL"], api_key=os.environ["KEY"], api_version="2024-10-21", max_retries=0)
prompt = "Repeat these words in one line and write nothing else: ferry storm light quay"
text, reason = "", None
for chunk in client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": prompt}], stream=True):
    for choice in chunk.choices:
        text += choice.delta.content or ""
        reason = choice.finish_reason or reason
with open(sys.argv[1], "w") as told:
    told.write(f"{text} | {reason}")
