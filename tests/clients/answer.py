"""Answers the questions of a runbook from elsewhere with what Python itself has: urllib, hmac. Prints what each call was answered.

It reads no source of Lifeboat: what it sends is what the documentation of the calls says.
"""

import hashlib
import hmac
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

URL, LINK, EARLY = sys.argv[1:4]
TOKENS = {"alice": "alice-s-own-token", "bob": "bob-s-own-token", "watch": "watch-s-own-token", "wrong": "nobody-s-token"}
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
seen = {}


def call(url, data=None, token=None, kind="application/json", **headers):
    if token:
        headers["Authorization"] = "Bearer " + TOKENS[token]
    if data is not None:
        headers["Content-Type"] = kind
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with OPENER.open(request, timeout=30) as answer:
            return {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def post(path, body, token=None, **headers):
    return call(URL + path, json.dumps(body).encode(), token, **headers)


def asked(text):
    """The open question with this text, once it is asked."""
    for _ in range(600):
        state = json.loads(call(URL + "/v1/execution", token="watch")["body"])
        for question in state["questions"]:
            if text in question["question"]:
                return question["id"]
        time.sleep(0.05)
    raise SystemExit(f"{text} was never asked: {state}")


def signed(question, by, answer, comment, at=None):
    at = int(time.time()) if at is None else at
    text = "\n".join([question, by, str(at), answer, comment])
    signature = hmac.new(TOKENS[by].encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"answer": answer, "comment": comment, "by": by, "time": at, "signature": signature}


def form(url, **fields):
    return call(url, urllib.parse.urlencode(fields).encode(), kind="application/x-www-form-urlencoded", Origin="null")


seen["state without a token"] = call(URL + "/v1/execution")
seen["state with a wrong token"] = call(URL + "/v1/execution", token="wrong")
seen["state"] = call(URL + "/v1/execution", token="watch")
first = asked("Fail over?")
path = "/v1/questions/" + first
seen["answer with the reader's token"] = post(path, {"answer": "yes"}, "watch")
seen["not an answer"] = post(path, {"answer": "perhaps"}, "alice")
seen["too long"] = post(path, {"answer": "yes", "comment": "x" * 20000}, "alice")
seen["not JSON"] = call(URL + path, b"answer=yes", "alice", kind="application/x-www-form-urlencoded")
seen["from a page"] = post(path, {"answer": "yes"}, "alice", Origin="https://evil.example")
seen["no such question"] = post("/v1/questions/0", {"answer": "yes"}, "alice")
wrong = signed(first, "alice", "no", "")
wrong["answer"] = "yes"
seen["wrongly signed"] = post(path, wrong)
seen["signed long ago"] = post(path, signed(first, "alice", "yes", "", int(time.time()) - 3600))
good = signed(first, "alice", "yes", "go")
seen["signed"] = post(path, good)
seen["signed again"] = post(path, good)
seen["alice again"] = post(path, {"answer": "yes"}, "alice")
call(LINK)
seen["preview of the link"] = call(LINK)
seen["by link"] = form(LINK, answer="yes", comment="seen on the telephone")
seen["by link again"] = form(LINK, answer="no")
seen["page of a used link"] = call(LINK)
seen["no such link"] = call(URL + "/a/" + "0" * 32)

hand = asked("Do it")
seen["first is over"] = post(path, {"answer": "yes"}, "bob")
seen["tick 1"] = post("/v1/questions/" + hand, {"answer": "1", "comment": "red"}, "alice")
seen["tick 1 again"] = post("/v1/questions/" + hand, {"answer": "1"}, "alice")
seen["tick 2"] = post("/v1/questions/" + hand, {"answer": "2"}, "bob")
seen["note"] = post("/v1/notes", {"text": "the status page is red"}, "bob")

race = asked("Race?")
answers = []
threads = [
    threading.Thread(target=lambda who=who: answers.append(post("/v1/questions/" + race, {"answer": "yes"}, who)))
    for who in ("alice", "bob")
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
seen["race"] = answers

asked("By message?")
page = call(EARLY)["body"]
question = page.split('name=question value="')[1].split('"')[0]
seen["by the early link"] = form(EARLY, answer="yes", question=question)
print(json.dumps(seen))
