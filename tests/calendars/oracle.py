"""When the events of calendars are, by Python's icalendar and recurring-ical-events: JSON in on stdin, JSON out on stdout.

In: {"calendars": [ICS, ...], "from": [Y, M, D], "days": N}. Out: for each calendar a sorted list of [begin, end] in seconds since 1970.
Whole days are those of Berlin, as X-WR-TIMEZONE of each calendar says. Cancelled events are left out.
"""

import datetime
import json
import sys
import zoneinfo

import icalendar
import recurring_ical_events

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def moment(value):
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day, tzinfo=BERLIN)
    elif value.tzinfo is None:
        value = value.replace(tzinfo=BERLIN)
    return int(value.timestamp())


def main():
    asked = json.load(sys.stdin)
    begin = datetime.datetime(*asked["from"], tzinfo=datetime.timezone.utc)
    end = begin + datetime.timedelta(days=asked["days"])
    answers = []
    for text in asked["calendars"]:
        calendar = icalendar.Calendar.from_ical(text)
        # Somewhat more on both sides, so that what touches an edge is decided here and not there.
        found = recurring_ical_events.of(calendar).between(begin - datetime.timedelta(days=3), end + datetime.timedelta(days=3))
        times = []
        for event in found:
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            start = event["DTSTART"].dt
            until = event["DTEND"].dt if "DTEND" in event else start + event["DURATION"].dt
            start, until = moment(start), moment(until)
            if start < end.timestamp() and until > begin.timestamp():
                times.append([start, until])
        answers.append(sorted(times))
    json.dump(answers, sys.stdout)


main()
