"""Watches an outage from outside: asks a gateway for a streamed answer at a steady rate, keeps what it saw, and reckons from that alone
when users were served again. It shares no code with the program whose figures it is held against; the definitions are those of its README.

    prober.py ask PORT RECORD              until its standard input ends
    prober.py reckon RECORD FAULT HEAL     moments in seconds since 1970; says what it found as JSON, in milliseconds since the fault
"""

import http.client
import json
import sys
import threading
import time

GAP, SERVICE_LEVEL, DEADLINE, HOLD, SHARE, LEAD_IN = 0.08, 1.5, 3.0, 5.0, 0.95, 5
BODY = json.dumps({"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "say something"}]})


def ask(port, due, record):
    """One request. Whole is an answer with words, a reason of its end and the terminal marker, within the deadline."""
    seen = {"due": due, "sent": time.time(), "first": None, "whole": False}
    record.append(seen)
    text, reason, connection = "", None, http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request("POST", "/v1/chat/completions", BODY, {"content-type": "application/json", "authorization": "Bearer a-client"})
        answer = connection.getresponse()
        seen["status"] = answer.status
        while answer.status == 200 and time.time() < due + DEADLINE and (line := answer.readline()):
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                seen["whole"] = bool(text) and reason is not None
                break
            for choice in json.loads(data).get("choices", []):
                if words := choice.get("delta", {}).get("content"):
                    seen["first"] = seen["first"] or time.time()
                    text += words
                reason = choice.get("finish_reason") or reason
    except (OSError, ValueError, http.client.HTTPException) as error:
        seen["error"] = type(error).__name__
    finally:
        connection.close()
        seen["done"] = time.time()


def watch(port, path):
    over, record, threads = threading.Event(), [], []
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    due = time.time()
    while not over.wait(max(0, due - time.time())):
        threads.append(threading.Thread(target=ask, args=(port, due, record)))
        threads[-1].start()
        due += GAP
    for thread in threads:
        thread.join()
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file)


def good(seen):
    return seen["whole"] and seen["first"] - seen["due"] <= SERVICE_LEVEL and seen["done"] - seen["due"] <= DEADLINE


def steady(requests, first, end):
    """Whether service is back for good with this request."""
    held = [good(seen) for seen in requests[first:] if seen["due"] < requests[first]["due"] + HOLD]
    in_a_row = any(not one and not other for one, other in zip(held, held[1:]))
    whole = requests[first]["due"] + HOLD <= end and len(held) >= LEAD_IN
    return whole and all(held[:LEAD_IN]) and sum(held) >= SHARE * len(held) and not in_a_row


def reckon(path, fault, heal):
    with open(path, encoding="utf-8") as file:
        record = sorted(json.load(file), key=lambda seen: seen["due"])
    before = [seen for seen in record if seen["done"] < fault]
    during = [seen for seen in record if fault <= seen["due"] < heal]
    back = next((place for place in range(len(during)) if steady(during, place, heal)), None)
    bad = [seen["sent"] for seen in during[:back] if not good(seen)]
    return {
        "asked_before": len(before),
        "bad_before": sum(not good(seen) for seen in before),
        "asked": len(during),
        "bad": sum(not good(seen) for seen in during),
        "lo_ms": round((bad[-1] - fault) * 1e3, 1) if bad else 0,
        "hi_ms": None if back is None else round((during[back]["sent"] - fault) * 1e3, 1),
    }


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        watch(int(sys.argv[2]), sys.argv[3])
    else:
        print(json.dumps(reckon(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))))
