"""A monitor with one rule: it asks the service again and again, and tells of a failure and of its end in Alertmanager's form.

monitor.py SERVICE ALERTS
"""

import json
import sys
import time
import urllib.request

SERVICE, ALERTS = sys.argv[1:]
QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Are you there?"}]}


def post(url, body, timeout):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", "authorization": "Bearer probe"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def well():
    try:
        post(f"{SERVICE}/chat/completions", QUESTION, 1.0)
        return True
    except OSError:
        return False


def tell(status):
    alert = {
        "status": status,
        "labels": {"alertname": "ServiceSlow", "service": "chat", "severity": "page"},
        "annotations": {"summary": "the service has not answered within a second"},
        "startsAt": "2026-11-20T14:03:07.512Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://monitor.test/rule",
        "fingerprint": "1a30ba71cca2921f",
    }
    group = {"version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status, "receiver": "lifeboat", "groupLabels": {}}
    group |= {"commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://monitor.test", "alerts": [alert]}
    post(ALERTS, group, 5.0)


# What it watches is still starting.
while not well():
    time.sleep(0.05)
firing = False
while True:
    if well() == firing:
        firing = not firing
        tell("firing" if firing else "resolved")
    time.sleep(0.05)
