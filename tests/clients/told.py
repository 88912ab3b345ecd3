"""What the scripts of this folder share: their arguments, and how a client tells of each refusal."""

import sys

URL, KEY = sys.argv[1:3]
MODEL = "model-v1:0"
PROMPT = "Repeat these words in one line and write nothing else: ferry storm light"


def tell(name, *facts):
    print(f"{name}: {' | '.join(str(fact) for fact in facts)}", flush=True)


def refusals(ask, status, what=""):
    """Asks with each refused key, and for a model that is gone; tells the exception's type and the status in it."""
    cases = [(state, f"{KEY}-{state}", MODEL) for state in ("revoked", "expired", "forbidden", "out-of-quota")]
    for name, key, model in [*cases, ("unknown", "sk-nobody", MODEL), ("gone", KEY, "model-nine")]:
        try:
            ask(key, model)
        except Exception as error:  # whatever the client raises is what is asked
            tell(what + name, type(error).__name__, status(error))
        else:
            tell(what + name, "answered")
