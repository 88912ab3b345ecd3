"""Does as an editor does: finds the schema of each YAML file by its first line, and holds the file to it. Prints what is wrong, as JSON."""

import json
import pathlib
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """As YAML 1.2 has it: a date is a text, and `on` is no truth."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, known) for tag, known in all if tag != "tag:yaml.org,2002:timestamp" and not (tag.endswith(":bool") and first not in "tTfF")]
    for first, all in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def wrong(path):
    """What a validator says of a file."""
    text = path.read_text(encoding="utf-8")
    told = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    if not told:
        return ["its first line names no schema"]
    schema = json.loads((path.parent / told[1]).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    found = jsonschema.Draft202012Validator(schema).iter_errors(yaml.load(text, Loader))
    return [f"{error.json_path}: {error.message}" for error in found]


print(json.dumps([{"file": name, "wrong": wrong(pathlib.Path(name))} for name in sys.argv[1:]]))
