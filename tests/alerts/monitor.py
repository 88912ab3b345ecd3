"""A monitor with one rule: it asks the service again and again, and tells of a failure and of its end in Alertmanager's form.

monitor.py SERVICE ALERTS

It bears the token of ALERTS_TOKEN. Before it watches, an impostor without one tells the same alert, and it prints what that was answered.
"""

import datetime
import json
import os
import sys
import time
import urllib.error
import urllib.request

SERVICE, ALERTS = sys.argv[1:]
TOKEN = os.environ["ALERTS_TOKEN"]
QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Are you there?"}]}


def post(url, body, timeout, token):
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def well():
    try:
        post(f"{SERVICE}/chat/completions", QUESTION, 1.0, "probe")
        return True
    except OSError:
        return False


def tell(status, token):
    alert = {
        "status": status,
        "labels": {"alertname": "ServiceSlow", "service": "chat", "severity": "page"},
        "annotations": {"summary": "the service has not answered within a second"},
        "startsAt": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://monitor.test/rule",
        "fingerprint": "1a30ba71cca2921f",
    }
    group = {"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status, "receiver": "lifeboat", "groupLabels": {}}
    group |= {"commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://monitor.test", "alerts": [alert]}
    post(ALERTS, group, 5.0, token)


# What it watches is still starting.
while not well():
    time.sleep(0.05)
try:
    tell("firing", "an impostor's")
except urllib.error.HTTPError as refused:
    print("the impostor was answered", refused.code, refused.headers["www-authenticate"], refused.read().decode(), flush=True)
print("the monitor bears", TOKEN, flush=True)
firing = False
while True:
    if well() == firing:
        firing = not firing
        tell("firing" if firing else "resolved", TOKEN)
    time.sleep(0.05)
