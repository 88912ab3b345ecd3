# Verifies what was posted with the library that others use: a line of JSON for each request, a line of JSON for each verdict.
import json
import sys

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

for line in sys.stdin:
    asked = json.loads(line)
    try:
        Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
        told = "verified"
    except WebhookVerificationError as error:
        told = str(error)
    print(json.dumps(told))
