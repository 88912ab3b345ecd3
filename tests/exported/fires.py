"""When what was exported starts something, by libraries that know nothing of Lifeboat: fires.py KIND FROM UNTIL FILE...

Prints, for each file, the moments (seconds since 1970) after FROM and up to UNTIL. What a shell asks before it starts anything is asked: by a shell,
whose `date` tells the moment in question and whose program only prints its words.
"""

import datetime
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from zoneinfo import ZoneInfo

import yaml
from croniter import croniter

UTC = datetime.timezone.utc


def of_cron(fields, zone, begin, end):
    at = croniter(fields, datetime.datetime.fromtimestamp(begin, ZoneInfo(zone)), day_or=True)
    found = []
    while True:
        moment = int(at.get_next(datetime.datetime).timestamp())
        if moment > end:
            return found
        found.append(moment)


def started(command, moments, folder, **variables):
    """Those of the moments at which a command comes as far as its program, which prints `run`."""
    stubs = {"date": '#!/bin/sh\nexec /bin/date -d "@$NOW" "$@"\n', "sleep": "#!/bin/sh\n"}
    for name, text in stubs.items():
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)
    lines = ["export NOW"]
    for moment in moments:
        lines.append(f'NOW={moment}; said=$(eval "$COMMAND" 2>&1); echo "$NOW $? $said"')
    environment = {**os.environ, "PATH": folder + ":/usr/bin:/bin", "COMMAND": command, "TZ": "UTC", **variables}
    shell = subprocess.run(["/bin/sh"], input="\n".join(lines), env=environment, capture_output=True, text=True, check=True)
    found = []
    for line in shell.stdout.splitlines():
        moment, code, *said = line.split(" ", 2)
        if code != "0" or said and said[0] and not said[0].startswith("run "):
            raise SystemExit(f"{command} at {moment}: {line}")
        if said and said[0].startswith("run "):
            found.append(int(moment))
    return found


def crontab(path, begin, end, folder):
    zone, found = "UTC", []
    for line in open(path, encoding="utf-8").read().splitlines():
        if not line or line.startswith("#") or line.startswith("SHELL="):
            continue
        if line.startswith("CRON_TZ="):
            zone = line.split("=", 1)[1]
            continue
        *fields, command = line.split(" ", 5)
        # crontab(5): a percent sign ends the command, unless it is escaped.
        assert not re.search(r"(?<!\\)%", command), line
        found += started(command.replace("\\%", "%"), of_cron(" ".join(fields), zone, begin, end), folder)
    return found


def kubernetes(path, begin, end, folder):
    found = []
    for job in yaml.safe_load_all(open(path, encoding="utf-8")):
        spec = job["spec"]
        command = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
        found += started(shlex.join(command), of_cron(spec["schedule"], spec["timeZone"], begin, end), folder)
    return found


def github(path, begin, end, folder):
    workflow = yaml.safe_load(open(path, encoding="utf-8"))
    # YAML 1.1 reads `on` as true.
    triggers = workflow.get("on", workflow.get(True))
    steps = workflow["jobs"]["drill"]["steps"]
    found = []
    for each in triggers["schedule"]:
        moments = of_cron(each["cron"], each["timezone"], begin, end)
        script = "GITHUB_OUTPUT=/dev/stdout\n" + steps[0]["run"].replace("now=yes", "run now=yes")
        found += started(script, moments, folder, CRON=each["cron"])
    return found


def gitlab(path, begin, end, folder):
    text = open(path, encoding="utf-8").read()
    (job,) = yaml.safe_load(text).values()
    calls = re.sub(r"\\\n#", " ", text)
    found = []
    for call in re.findall(r"^#   glab (schedule create .*)$", calls, re.M):
        words = shlex.split(call)
        option = {words[place]: words[place + 1] for place in range(2, len(words) - 1) if words[place].startswith("--")}
        variables = dict(word.split(":", 1) for place, word in enumerate(words) if words[place - 1] == "--variable")
        assert option["--cron"] == variables["LIFEBOAT_CRON"], call
        moments = of_cron(option["--cron"], option["--cronTimeZone"], begin, end)
        found += started("\n".join(job["script"]), moments, folder, **variables)
    return found


def ical(path, begin, end, folder):
    import icalendar
    import recurring_ical_events

    calendar = icalendar.Calendar.from_ical(open(path, "rb").read())
    events = [event for event in calendar.walk("VEVENT")]
    uids = [str(event["UID"]) for event in events]
    assert len(set(uids)) == len(uids), uids
    for event in events:
        assert int(event["SEQUENCE"]) > 0 and len(event.walk("VALARM")) == 1, event
    day = datetime.timedelta(days=1)
    begins, ends = (datetime.datetime.fromtimestamp(moment, UTC) for moment in (begin, end))
    seen = recurring_ical_events.of(calendar).between(begins - day, ends + day)
    moments = (int(event["DTSTART"].dt.timestamp()) for event in seen)
    return [moment for moment in moments if begin < moment <= end]


def main():
    kind, begin, end, *files = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        told = [sorted(globals()[kind](file, int(begin), int(end), folder)) for file in files]
    print(json.dumps(told))


main()
