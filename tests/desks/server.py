"""Paging services and status pages as their documentation describes them: what has another form is refused. No more than Python is needed.

server.py FOLDER

Leaves its port in FOLDER/port and each request in FOLDER/log.jsonl, as {"call", "body", "status"}. Looks at two files before each request:
FOLDER/script.json, a list of what becomes of the next requests that write: {"status": 429, "retry_after": 1} answers so and does nothing,
{"taken": 500} takes it and answers that all the same, {"hang": true} takes it and never answers, {} is as usual; FOLDER/acknowledged, by whose
name every open alert is acknowledged.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(sys.argv[1])
LOCK = threading.Lock()
ALERTS, PAGES = {}, {}


class Refused(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


def need(condition, why, status=422):
    if not condition:
        raise Refused(status, why)


def only(body, required, optional):
    need(isinstance(body, dict), "not an object")
    for key in required:
        need(key in body, f"{key} is missing")
    for key in body:
        need(key in required or key in optional, f"{key} is not known")


def text(value, most=10_000):
    need(isinstance(value, str) and 0 < len(value) <= most, f"not a text of at most {most}: {value!r}")


def enqueue(body):
    """PagerDuty, Events API v2."""
    only(body, {"routing_key", "event_action"}, {"dedup_key", "payload", "client", "client_url", "links", "images"})
    need(body["routing_key"] == "routing-key-of-thirty-two-letters", "invalid routing key", 400)
    need(body["event_action"] in {"trigger", "acknowledge", "resolve"}, "event_action", 400)
    name = body.get("dedup_key")
    if body["event_action"] == "trigger":
        payload = body["payload"]
        optional = {"timestamp", "component", "group", "class", "custom_details"}
        only(payload, {"summary", "source", "severity"}, optional)
        text(payload["summary"], 1024)
        text(payload["source"])
        need(payload["severity"] in {"critical", "error", "warning", "info"}, "severity", 400)
        name = name or f"made-{len(ALERTS)}"
        alert = ALERTS.get(name)
        if alert is None or alert["state"] == "resolved":
            ALERTS[name] = {"state": "triggered", "by": None}
    else:
        text(name, 255)
        need("payload" not in body, "an acknowledgement has no payload", 400)
        if name in ALERTS:
            ALERTS[name]["state"] = {"acknowledge": "acknowledged", "resolve": "resolved"}[body["event_action"]]
    return 202, {"status": "success", "message": "Event processed", "dedup_key": name}


def incidents(query):
    """PagerDuty, REST API."""
    name = query["incident_key"][0]
    alert = ALERTS.get(name)
    found = []
    if alert and alert["state"] in query.get("statuses[]", [alert["state"]]):
        by = alert["by"]
        kind = "user_reference" if by else "service_reference"
        acknowledger = {"id": "P1", "type": kind, "summary": by or "Lifeboat"}
        acknowledgements = [{"at": "2026-01-01T00:00:00Z", "acknowledger": acknowledger}] if alert["state"] == "acknowledged" else []
        found.append({"id": "Q1", "type": "incident", "status": alert["state"], "acknowledgements": acknowledgements})
    return 200, {"incidents": found, "limit": 25, "offset": 0, "more": False, "total": None}


def opsgenie(method, parts, query, body):
    """Opsgenie, Alert API."""
    accepted = 202, {"result": "Request will be processed", "took": 0.1, "requestId": "r"}
    if method == "POST" and not parts:
        optional = "alias description responders visibleTo actions tags details entity source priority user note".split()
        only(body, {"message"}, optional)
        text(body["message"], 130)
        text(body["alias"], 512)
        need(body["priority"] in {"P1", "P2", "P3", "P4", "P5"}, "priority")
        need(all(isinstance(value, str) for value in body.get("details", {}).values()), "details")
        ALERTS.setdefault(body["alias"], {"state": "triggered", "by": None})
        return accepted
    need(query.get("identifierType") == ["alias"], "identifierType")
    need(parts[0] in ALERTS, "no such alert", 404)
    alert = ALERTS[parts[0]]
    if method == "GET":
        known = {"acknowledged": alert["state"] == "acknowledged", "status": "closed" if alert["state"] == "resolved" else "open"}
        return 200, {"data": known | {"alias": parts[0], "owner": alert["by"] or "", "report": {"acknowledgedBy": alert["by"]}}}
    only(body, set(), {"user", "source", "note"})
    alert["state"] = {"acknowledge": "acknowledged", "close": "resolved"}[parts[1]]
    return accepted


STATES = {"investigating", "identified", "monitoring", "resolved"}
IMPACTS = {"operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"}


def statuspage(method, page, parts, body):
    """Atlassian Statuspage, API v1."""
    own = PAGES.setdefault(page, {})
    if method == "GET":
        need(parts == ["incidents", "unresolved"], "not found", 404)
        return 200, [incident for incident in own.values() if incident["status"] != "resolved"]
    only(body, {"incident"}, set())
    told = body["incident"]
    only(told, {"body"}, {"name", "status", "components", "component_ids", "deliver_notifications", "metadata", "impact_override"})
    text(told["body"])
    need(told.get("status", "investigating") in STATES, "status")
    need(set(told.get("components", {}).values()) <= IMPACTS, "components")
    need(sorted(told.get("components", {})) == sorted(told.get("component_ids", [])), "component_ids")
    need(all(isinstance(value, dict) for value in told.get("metadata", {}).values()), "metadata")
    if method == "POST":
        text(told["name"])
        need(parts == ["incidents"], "not found", 404)
        name = f"p31zjtct2jer{len(own)}"
        own[name] = {"id": name, "name": told["name"], "status": told["status"], "metadata": told.get("metadata", {}), "said": []}
    else:
        need(method == "PATCH" and len(parts) == 2 and parts[1] in own, "not found", 404)
        name = parts[1]
        own[name]["status"] = told.get("status", own[name]["status"])
    own[name]["said"].append(told["body"])
    return (201 if method == "POST" else 200), own[name]


def instatus(method, page, parts, body):
    """Instatus, API v1."""
    own = PAGES.setdefault(page, {})
    if method == "GET":
        return 200, list(own.values())
    only(body, {"message", "status"}, {"name", "components", "started", "notify", "statuses"})
    text(body["message"])
    need(body["status"] in {state.upper() for state in STATES}, "status")
    states = {impact.replace("_", "").upper() for impact in IMPACTS}
    need(all(each["status"] in states and each["id"] in body["components"] for each in body["statuses"]), "statuses")
    if parts == ["incidents"]:
        text(body["name"])
        name = f"cl{len(own)}"
        own[name] = {"id": name, "name": body["name"], "status": body["status"], "started": body["started"], "said": []}
    else:
        need(len(parts) == 3 and parts[1] in own and parts[2] == "incident-updates", "not found", 404)
        name = parts[1]
        own[name]["status"] = body["status"]
    own[name]["said"].append(body["message"])
    return 200, own[name]


class Desk(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def route(self, body):
        split = urlsplit(self.path)
        query, parts = parse_qs(split.query), split.path.strip("/").split("/")
        scheme = self.headers.get("authorization", "")
        if parts == ["v2", "enqueue"]:
            return enqueue(body)
        if parts == ["incidents"]:
            need(scheme == "Token token=pager-read-token", "unauthorized", 401)
            return incidents(query)
        if parts[:2] == ["v2", "alerts"]:
            need(scheme == "GenieKey genie-key-of-many-letters", "unauthorized", 401)
            return opsgenie(self.command, parts[2:], query, body)
        if parts[:2] == ["v1", "pages"]:
            need(scheme == "OAuth page-token-of-many-letters", "Could not authenticate", 401)
            return statuspage(self.command, parts[2], parts[3:], body)
        need(parts[0] == "v1" and scheme == "Bearer page-token-of-many-letters", "unauthorized", 401)
        return instatus(self.command, parts[1], parts[2:], body)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        script, hang, taken, headers = FOLDER / "script.json", False, None, []
        with LOCK:
            body = json.loads(body) if body else None
            turn = {}
            if self.command != "GET" and script.exists():
                turns = json.loads(script.read_text()) or [{}]
                turn = turns.pop(0)
                script.write_text(json.dumps(turns))
            acknowledged = FOLDER / "acknowledged"
            if acknowledged.exists():
                for alert in ALERTS.values():
                    if alert["state"] == "triggered":
                        alert |= {"state": "acknowledged", "by": acknowledged.read_text()}
            if "status" in turn:
                status, told = turn["status"], {"error": "as the script says"}
                headers = [("retry-after", str(turn["retry_after"]))] if "retry_after" in turn else []
            else:
                try:
                    status, told = self.route(body)
                except Refused as refused:
                    status, told = refused.status, {"error": [str(refused)]}
                status = turn.get("taken", status)
            call = f"{self.command} {self.path}"
            with (FOLDER / "log.jsonl").open("a") as log:
                log.write(json.dumps({"call": call, "body": body, "status": status, "alerts": ALERTS, "pages": PAGES}) + "\n")
        if turn.get("hang"):
            time.sleep(600)
        self.answer(status, told, headers)

    do_GET = do_POST = do_PATCH = do_PUT = serve


server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
server.daemon_threads = True
(FOLDER / "port.new").write_text(str(server.server_address[1]))
(FOLDER / "port.new").rename(FOLDER / "port")
server.serve_forever()
