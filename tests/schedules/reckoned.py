"""When random schedules are due, by other programs than Lifeboat's: croniter for five fields of cron, dateutil's recurrences for rules in words,
zoneinfo for the clocks of places. Prints a schedule a line as JSON: its text, its zone, a moment, and the next times after that.

Both libraries are asked for local times without a zone, because their own daylight saving is not cron's: croniter 6 moves what lies in a gap by the
gap's length (02:30 becomes 03:30), and dateutil knows no gaps. What a local time means then is said here, by the rules of Debian's cron(8). Days of
the month end with 28: after */3 on 28 February croniter 6 leaves 1 March out, which crontab(5) names.
"""

import calendar
import json
import random
import sys
from datetime import date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

from croniter import croniter
from dateutil.rrule import DAILY, MO, MONTHLY, WEEKLY, YEARLY, rrule, weekdays

ZONES = """UTC Europe/Berlin America/New_York Australia/Lord_Howe America/Santiago Africa/Cairo Asia/Kolkata America/Havana
America/Nuuk Pacific/Chatham Atlantic/Azores Asia/Tokyo Australia/Sydney""".split()
DAYS = list(calendar.day_name)
MONTHS = list(calendar.month_name)[1:]
ORDINALS = ["first", "second", "third", "fourth", "fifth"]
WORKING = weekdays[:5]
WANTED = 4
# No clock is put back by more than this, nor over more than this of a day's end.
MARGIN = timedelta(hours=2)


def shown(zone, local):
    """The moments at which a clock of the zone shows a local time."""
    both = {local.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1)}
    return sorted(at for at in both if at.astimezone(zone).replace(tzinfo=None) == local)


def gap_end(zone, local):
    """The first moment after the gap in which a local time lies."""
    low, high = (local.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc) for fold in (1, 0))
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high


def moments(zone, local, fixed):
    found = shown(zone, local)
    if fixed:
        return [found[0] if found else gap_end(zone, local)]
    return found


def after(zone, at, locals_, fixed):
    """The first moments after `at` of local times that come in order."""
    found, done = set(), None
    for local in locals_:
        found.update(moment for moment in moments(zone, local, fixed) if moment > at)
        if len(found) >= WANTED and done is None:
            done = sorted(found)[WANTED - 1].astimezone(zone).replace(tzinfo=None) + MARGIN
        if done is not None and local > done:
            break
    return [int(moment.timestamp()) for moment in sorted(found)[:WANTED]]


def begin(zone, at, days=0):
    return at.astimezone(zone).replace(tzinfo=None, second=0) - MARGIN - timedelta(days=days)


def field(draw, low, high, stars=0.4, steps=(2, 3, 5, 15)):
    kind = draw.random()
    if kind < stars:
        return "*"
    if kind < stars + 0.1:
        return f"*/{draw.choice([step for step in steps if step < high])}"
    if kind < stars + 0.2:
        first = draw.randint(low, high - 1)
        return f"{first}-{draw.randint(first + 1, high)}"
    return ",".join(map(str, sorted(draw.sample(range(low, high + 1), draw.choice([1, 1, 1, 2, 3])))))


def cron(draw):
    minute = field(draw, 0, 59, stars=0.03, steps=(10, 15, 20, 30))
    hour = field(draw, 0, 23, stars=0.15, steps=(2, 3, 4, 6))
    # At night clocks change.
    if draw.random() < 0.5:
        hour = str(draw.choice([0, 1, 2, 3, 23]))
    day, weekday = field(draw, 1, 28, stars=0.6), field(draw, 0, 6, stars=0.6)
    if "/" in day:
        day = day.replace("*", "1-28")
    if "/" in weekday and day != "*":
        day = "*"
    month = field(draw, 1, 12, stars=0.75, steps=(2, 3, 4))
    return f"{minute} {hour} {day} {month} {weekday}"


def cron_locals(text, start):
    each = croniter(text, start - timedelta(minutes=1))
    while True:
        yield each.get_next(datetime)


def listed(names):
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def words(draw, start):
    """A rule in words, and the days that it means from a day on, by dateutil."""
    first = start.replace(hour=0, minute=0, second=0, microsecond=0)
    month_begin, year_begin = first.replace(day=1), first.replace(month=1, day=1)
    nth = draw.choice([1, 2, 3, 4, 5, -1])
    ordinal = "last" if nth == -1 else ORDINALS[nth - 1]
    day = draw.randrange(7)
    some = sorted(draw.sample(range(1, 13), draw.choice([1, 2, 4])))
    months, of = draw.choice([(range(1, 13), "every month"), (some, listed([MONTHS[month - 1] for month in some]))])
    if nth == 5 and len(months) < 12:
        # A fifth one in February alone comes every 28 years.
        nth, ordinal = 4, "fourth"
    match draw.randrange(9):
        case 0:
            on = sorted(draw.sample(range(7), draw.choice([1, 2, 3])))
            return "every " + listed([DAYS[each] for each in on]), rrule(WEEKLY, dtstart=first, byweekday=on)
        case 1:
            return draw.choice(["every day", "daily"]), rrule(DAILY, dtstart=first)
        case 2:
            return "every weekday", rrule(DAILY, dtstart=first, byweekday=WORKING)
        case 3:
            every = draw.randint(2, 9)
            anchor = date(2024, 1, 1) + timedelta(days=draw.randrange(700))
            told = draw.random() < 0.5
            monday = anchor - timedelta(days=anchor.weekday()) if told else date(2024, 1, 1)
            days = rrule(WEEKLY, interval=every, dtstart=datetime.combine(monday, datetime.min.time()), byweekday=day, wkst=MO)
            text = f"every {every} weeks on {DAYS[day]}" + (f" from {anchor}" if told else "")
            return text, (each for each in days if each >= first and (not told or each.date() >= anchor))
        case 4:
            text = draw.choice([f"{ordinal} {DAYS[day]} of {of}", f"the {ordinal} {DAYS[day][:3].lower()} in {of}"])
            return text, rrule(MONTHLY, dtstart=month_begin, bymonth=list(months), byweekday=weekdays[day](nth))
        case 5:
            return f"{ordinal} weekday of {of}", rrule(MONTHLY, dtstart=month_begin, bymonth=list(months), byweekday=WORKING, bysetpos=nth)
        case 6:
            number = draw.choice([-1, *range(1, 32)])
            text = f"last day of {of}" if number == -1 else f"day {number} of {of}"
            if len(months) < 12 and number > 29:
                number, text = 15, f"15th of {of}"
            return text, rrule(MONTHLY, dtstart=month_begin, bymonth=list(months), bymonthday=number)
        case 7:
            length, name = draw.choice([(3, "quarter"), (6, "half-year"), (12, "year")])
            working = draw.random() < 0.4
            text = f"every {name}, {ordinal} {'weekday' if working else DAYS[day]}"

            def within():
                span = year_begin
                while True:
                    over = datetime(span.year + (span.month + length - 1) // 12, (span.month + length - 1) % 12 + 1, 1)
                    days = list(rrule(DAILY, dtstart=span, until=over - timedelta(days=1), byweekday=WORKING if working else day))
                    yield days[nth - 1 if nth > 0 else nth]
                    span = over

            return text, within()
        case _:
            dates = sorted({(draw.randint(1, 12), draw.randint(1, 28)) for _ in range(draw.choice([1, 2, 3]))})
            form = draw.choice(["{day} {month}", "{month} {day}"])
            text = listed([form.format(day=day, month=MONTHS[month - 1]) for month, day in dates])

            def yearly():
                for year in range(first.year, 2100):
                    yield from (datetime(year, month, day) for month, day in dates)

            return text, yearly()


@cache
def changes(zone):
    """The days before those on which a zone's clocks are changed."""
    days = [datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(days=day) for day in range(7 * 365)]
    return [at for at in days if at.astimezone(zone).utcoffset() != (at + timedelta(days=2)).astimezone(zone).utcoffset()]


def change(zone, draw):
    """A moment a little before a change of a zone's clocks; any moment where it has none."""
    found = changes(zone)
    return draw.choice(found) if found else datetime(2025, 1, 1, tzinfo=timezone.utc) + timedelta(days=draw.randrange(365))


def schedule(draw):
    name = draw.choice(ZONES)
    zone = ZoneInfo(name)
    if draw.random() < 0.6:
        at = change(zone, draw) + timedelta(minutes=draw.randrange(1440))
    else:
        at = datetime(draw.randint(2024, 2030), 1, 1, tzinfo=timezone.utc) + timedelta(minutes=draw.randrange(365 * 1440))
    if draw.random() < 0.4:
        text = cron(draw)
        fixed = not any("*" in part for part in text.split()[:2])
        found = after(zone, at, cron_locals(text, begin(zone, at)), fixed)
        return {"cron": text, "zone": name, "after": int(at.timestamp()), "due": found}
    days_text, days = words(draw, begin(zone, at, 2))
    times = sorted({(draw.choice([0, 1, 2, 3, 10, 23]), draw.choice([0, 15, 30, 59])) for _ in range(draw.choice([1, 1, 2]))})
    locals_ = (each.replace(hour=hour, minute=minute) for each in days for hour, minute in times)
    text = f"{days_text}, " + " and ".join(f"{hour:02}:{minute:02}" for hour, minute in times)
    return {"when": text, "zone": name, "after": int(at.timestamp()), "due": after(zone, at, locals_, True)}


if __name__ == "__main__":
    draw = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(schedule(draw)))
