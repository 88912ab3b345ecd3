"""An independent reference for Lifeboat's verdicts: bare histories in, verdicts out.

Written from the definitions alone (the header of `tests/data/measurement-vectors.yaml`, and the paper that it comes from), in another
language, with exact fractions instead of floats and integers, and without a look at Lifeboat's own judge. It is slow and plain on purpose:
each function is one sentence of the definitions. `tests/reference.rs` compares every number of the two. It needs nothing but Python 3.9.

    python3 judge.py history.json           one verdict, as JSON
    python3 judge.py < histories.jsonl      one bare history a line, one verdict a line

It does not read Lifeboat's own histories (`history.jsonl`), and it has no wording: numbers and decisions only.
"""

import json
import math
import sys
from bisect import bisect_right
from fractions import Fraction

DEFAULTS = {
    "rto_ms": 5000, "gate": "cutover", "slo_ms": 1000, "slo_on": "done", "deadline_ms": 2000, "success": Fraction("0.99"), "lead_in": 5,
    "max_consecutive_bad": 1, "hold_ms": 5000, "gap_ms": 100, "lag_max_ms": 10, "clock_error_ms": 0, "fault_uncertainty_ms": 0,
    "baseline_min": 20, "baseline_success": Fraction("0.99"), "planned_fault_ms": None, "failback_rto_ms": None, "failback_hold_ms": None,
    "rpo_ms": None, "max_lost": None, "max_truncated": None, "max_duplicates": None, "max_overshoot": None,
}
MET, MISSED, INCONCLUSIVE, VOID, INVALID = "met", "missed", "inconclusive", "void", "invalid plan"
LOST = ("error", "timeout", "truncated")
SECOND = 10**9
SURE = Fraction(1, 100)  # what chance does in one window of a hundred is chance


class Request:
    """One request, with the definitions' letters: s intended, a actual send, e end, proof of service, who served."""

    def __init__(self, raw, deadline):
        self.s = raw["due_ms"]
        self.a = self.s if raw.get("sent_ms") is None else raw["sent_ms"]
        given_up = max(self.a, self.s + deadline) if raw["outcome"] in ("timeout", "truncated", "unknown") else self.a
        self.e = given_up if raw.get("done_ms") is None else raw["done_ms"]
        self.proof = self.e if raw.get("proof_ms") is None else raw["proof_ms"]
        self.outcome = raw["outcome"]
        self.by = raw.get("served_by")
        self.attempts = raw.get("attempts") or []


class History:
    """A bare history, with its absent keys filled in."""

    def __init__(self, raw):
        goals = in_nanoseconds(DEFAULTS)
        goals.update({key: value for key, value in (raw.get("objectives") or {}).items() if value is not None})
        self.goals = goals
        self.fault = raw["fault"]
        self.f_lo, self.f_hi = self.fault["lo_ms"], self.fault["hi_ms"]
        self.heal = raw.get("heal")
        self.observed = raw["observed_until_ms"]
        self.end = self.observed if self.heal is None else min(self.heal["lo_ms"], self.observed)
        self.primary, self.standbys = raw.get("primary") or [], raw.get("standbys") or []
        self.requests = sorted((Request(r, goals["deadline_ms"]) for r in raw["requests"]), key=lambda r: r.s)
        self.window = [r for r in self.requests if self.f_lo <= r.s < self.end]
        self.in_flight = [r for r in self.requests if r.s < self.f_lo <= r.e]
        self.ledger = raw.get("ledger") or []

    def good(self, r):
        """1, 0, or None where nobody knows."""
        if r.outcome == "unknown":
            return None
        clock = r.proof if self.goals["slo_on"] == "proof" else r.e
        return int(r.outcome == "ok" and r.e - r.s <= self.goals["deadline_ms"] and clock - r.s <= self.goals["slo_ms"])

    def good_by(self, r, providers):
        """good AND served by one of these, where unknown is neither."""
        by = None if r.by == "unknown" else int(r.by in providers)
        values = (self.good(r), by)
        return 0 if 0 in values else None if None in values else 1

    def restored(self, r):
        return self.good(r)

    def cut_over(self, r):
        return self.good_by(r, self.standbys)

    def gate(self):
        return self.restored if self.goals["gate"] == "restore" else self.cut_over


def fill(values, unknown):
    return [unknown if value is None else value for value in values]


def longest_run_of_zero(values):
    longest = run = 0
    for value in values:
        run = run + 1 if value == 0 else 0
        longest = max(longest, run)
    return longest


def steady(history, values):
    """The share is kept, and no run of failures is longer than allowed."""
    return sum(values) >= history.goals["success"] * len(values) and longest_run_of_zero(values) <= history.goals["max_consecutive_bad"]


def onset(history, requests, values, edge_hi, end, hold, to_the_end=False):
    """The earliest index from which service held: see "onset k"."""
    lead_in = history.goals["lead_in"]
    for k, r in enumerate(requests):
        first = values[k:k + lead_in]
        if values[k] != 1 or r.a < edge_hi + history.goals["clock_error_ms"] or r.s + hold > end or len(first) < lead_in or 0 in first:
            continue
        until = k
        while until < len(requests) and requests[until].s < r.s + hold:
            until += 1
        held = values[k:until]
        if steady(history, held) and (not to_the_end or steady(history, values[k:])):
            return k
    return None


def recovery(history, requests, predicate, edge, end, hold, by_delivery, to_the_end=False):
    """(lo, hi] from the edge to the recovery; hi None where it was not seen."""
    lo_edge, hi_edge = edge
    values = [predicate(r) for r in requests]
    optimistic, pessimistic = fill(values, 1), fill(values, 0)
    k_o = onset(history, requests, optimistic, hi_edge, end, hold, to_the_end)
    k_p = onset(history, requests, pessimistic, hi_edge, end, hold, to_the_end)
    failures = [r for r, value in zip(requests[:k_o], optimistic) if value == 0]
    lo = max(0, failures[-1].a - hi_edge - history.goals["clock_error_ms"]) if failures else 0
    if k_p is None:
        return (lo, None), None
    if by_delivery:
        held = [r.proof for r, value in zip(requests[k_p:], pessimistic[k_p:]) if value == 1 and r.s < requests[k_p].s + hold]
        instant = min(held)
    else:
        instant = requests[k_p].a
    return (lo, instant - lo_edge + history.goals["clock_error_ms"]), k_p


def at_least(k, n, p):
    """P(X >= k), X ~ Bin(n, p), exactly."""
    if k <= 0:
        return Fraction(1)
    if k > n - k:  # the shorter tail
        return sum((math.comb(n, i) * p ** i * (1 - p) ** (n - i) for i in range(k, n + 1)), Fraction(0))
    return 1 - sum((math.comb(n, i) * p ** i * (1 - p) ** (n - i) for i in range(k)), Fraction(0))


def departures(history, k_p):
    """The relapses and the unclear windows after the hold, in the order of time."""
    if k_p is None:
        return []
    hold, allowed = history.goals["hold_ms"], 1 - history.goals["success"]
    start = history.window[k_p].s
    bad = [r for r in history.window if history.good(r) == 0]
    due, due_bad = [r.s for r in history.window], [r.s for r in bad]
    relapses, unclear = [], []
    for r in bad:
        if r.s <= start + hold:
            continue
        first, last = bisect_right(due, r.s - hold), bisect_right(due, r.s)
        n, k = last - first, bisect_right(due_bad, r.s) - bisect_right(due_bad, r.s - hold)
        if k <= max(1, math.ceil(n * allowed)):
            continue
        (relapses if at_least(k, n, allowed) <= SURE else unclear).append((r.s - hold, r.s))
    relapses = overlapping_are_one(relapses)
    unclear = [window for window in overlapping_are_one(unclear) if not any(window[0] < hi and lo < window[1] for lo, hi in relapses)]
    found = [("relapse", window) for window in relapses] + [("unclear", window) for window in unclear]
    return [told(history, bad, wave, window) for wave, window in sorted(found, key=lambda each: each[1])]


def overlapping_are_one(windows):
    merged = []
    for lo, hi in windows:
        if merged and lo < merged[-1][1]:
            merged[-1] = (merged[-1][0], hi)
        else:
            merged.append((lo, hi))
    return merged


def told(history, bad, wave, window):
    inside = [r.s for r in bad if window[0] < r.s <= window[1]]
    between = [r for r in history.window if inside[0] <= r.s <= inside[-1]]
    return {"wave": wave, "first_ms": inside[0] - history.f_lo, "last_ms": inside[-1] - history.f_lo, "bad": len(inside), "requests": len(between)}


def open_reason(history, objectives, gate, predicate):
    """Why a verdict is inconclusive where nothing else is the reason: the RTO first, then stability, then the rest."""
    if objectives["rto"] == INCONCLUSIVE:
        if gate[1] is not None:
            return "rto_within_interval"
        if onset(history, history.window, fill([predicate(r) for r in history.window], 1), history.f_hi, history.end, history.goals["hold_ms"]) is None:
            return "ended_before_hold"
        nameless = history.goals["gate"] == "cutover" and any(history.good(r) == 1 and r.by == "unknown" for r in history.window)
        return "who_served_unknown" if nameless else "outcomes_unknown"
    return "stability_unclear" if objectives.get("stability") == INCONCLUSIVE else "objective_undecided"


def residual_bad(history, predicate, k_p):
    """What does not conform within the hold of the gate's onset."""
    if k_p is None:
        return 0
    until = history.window[k_p].s + history.goals["hold_ms"]
    return sum(predicate(r) == 0 for r in history.window[k_p:] if r.s < until)


def first_standby(history):
    values = [history.cut_over(r) for r in history.window]
    optimistic, pessimistic = fill(values, 1), fill(values, 0)
    if 1 not in pessimistic:
        return None
    eps = history.goals["clock_error_ms"]
    failures = [r for r, value in zip(history.window[:optimistic.index(1)], optimistic) if value == 0]
    lo = max(0, failures[-1].a - history.f_hi - eps) if failures else 0
    hi = min(r.proof for r, value in zip(history.window, pessimistic) if value == 1) - history.f_lo + eps
    return (lo, hi)


def certain_outage(history):
    """Last bad - first bad after the fault, over runs of requests that were certainly bad, summed."""
    total, run = 0, []
    for r in history.in_flight + history.window + [None]:
        if r is not None and history.good(r) == 0:
            run += [r.s] if r.s >= history.f_lo else []
        else:
            total += run[-1] - run[0] if run else 0
            run = []
    return total


def outage(history):
    """Over runs of bad requests: (lo, hi, runs), where hi is next good - previous good, clipped to the fault and summed; None if it never ended.
    An unknown request neither begins a run nor ends it."""
    hi, runs, in_run = 0, 0, False
    previous_good = history.f_lo
    for r in history.in_flight + history.window:
        good = history.good(r)
        if good == 0 and not in_run:
            runs, in_run = runs + 1, True
        if good == 1:
            if in_run:
                hi += max(r.s, history.f_lo) - previous_good
            previous_good, in_run = max(r.s, history.f_lo), False
    return certain_outage(history), None if in_run else hi, runs


def degraded_area(history):
    slo, deadline = history.goals["slo_ms"], history.goals["deadline_ms"]
    area = Fraction(0)
    for r in history.window:
        lat = (r.proof if history.goals["slo_on"] == "proof" else r.e) - r.s
        if r.outcome != "ok" or lat >= deadline and lat > slo:
            q = 0
        elif lat <= slo:
            q = 1
        else:
            q = Fraction(deadline - lat, deadline - slo)
        area += history.goals["gap_ms"] * (1 - q)
    return area


def attempts(history):
    """What the attempts say: duplicates, overshoot, amplification, the first dispatch to a standby."""
    tried = [attempt for r in history.window for attempt in r.attempts]
    if not any(r.attempts for r in history.requests):
        return {"duplicates": None, "overshoot": None, "amplification": None, "first_standby_dispatch_ms": None}
    standby = [attempt["at_ms"] for attempt in tried if attempt["provider"] in history.standbys]
    seconds = [(at - history.f_lo) // SECOND for at in standby if at >= history.f_lo]
    most = max((seconds.count(second) for second in set(seconds)), default=0)
    return {
        "duplicates": sum(max(0, sum(bool(attempt["completed"]) for attempt in r.attempts) - 1) for r in history.window),
        "overshoot": most * Fraction(history.goals["gap_ms"], SECOND),
        "amplification": Fraction(len(tried), len(history.window)),
        "first_standby_dispatch_ms": min(standby) - history.f_lo + history.goals["clock_error_ms"] if standby else None,
    }


def invalid_plan(history):
    goals = history.goals
    if resolution(history) >= goals["rto_ms"]:
        return "resolution_exceeds_rto"
    if goals["hold_ms"] < 5 * goals["gap_ms"]:
        return "hold_too_short"
    if goals["deadline_ms"] < goals["slo_ms"]:
        return "deadline_below_slo"
    if goals["planned_fault_ms"] is not None and goals["planned_fault_ms"] < goals["rto_ms"] + goals["hold_ms"]:
        return "horizon_too_short"
    return None


def resolution(history):
    goals = history.goals
    return goals["gap_ms"] + goals["slo_ms"] + goals["fault_uncertainty_ms"] + 2 * goals["clock_error_ms"]


def void(history):
    goals = history.goals
    if any(r.outcome == "unsent" for r in history.requests):
        return "schedule_incomplete"
    if any(r.a - r.s > goals["lag_max_ms"] for r in history.requests):
        return "driver_lag"
    baseline = [r for r in history.requests if r.s < history.f_lo and r.e < history.f_lo]
    enough = goals["baseline_success"] * len(baseline)
    good, primary = sum(history.good(r) == 1 for r in baseline), sum(r.by in history.primary for r in baseline)
    if len(baseline) < goals["baseline_min"] or good < enough or primary < enough:
        return "baseline_unstable"
    if history.fault.get("requests_touched") == 0:
        return "fault_not_effective"
    return None


def within(interval, limit):
    lo, hi = interval
    return MET if hi is not None and hi <= limit else MISSED if lo >= limit else INCONCLUSIVE


def cap(count, limit, seen, perhaps=0):
    """A limit on a count, of which `perhaps` more may be; a count that nobody made is not known."""
    if count is None:
        return INCONCLUSIVE
    return MISSED if count > limit else MET if seen and count + perhaps <= limit else INCONCLUSIVE


def judge(history):
    goals, A = history.goals, history.window
    hold, edge = goals["hold_ms"], (history.f_lo, history.f_hi)
    reason = invalid_plan(history)
    if reason:
        return {"verdict": INVALID, "reason": reason, "resolution_ms": resolution(history), "objectives": [], "measures": None}
    restore, k_restore = recovery(history, A, history.restored, edge, history.end, hold, by_delivery=False)
    cutover, k_cutover = recovery(history, A, history.cut_over, edge, history.end, hold, by_delivery=True)
    by_delivery = goals["gate"] == "cutover"
    gate, k_p = (cutover, k_cutover) if by_delivery else (restore, k_restore)
    sustained, _ = recovery(history, A, history.gate(), edge, history.end, hold, by_delivery, to_the_end=True)
    departed = departures(history, k_p)
    relapses = sum(each["wave"] == "relapse" for each in departed)
    bad = sum(history.good(r) == 0 for r in A)
    lost, lost_in_flight = sum(r.outcome in LOST for r in A), sum(r.outcome in LOST for r in history.in_flight)
    truncated = sum(r.outcome == "truncated" for r in A + history.in_flight)
    unknown = sum(r.outcome == "unknown" for r in A + history.in_flight)
    tried = attempts(history)
    outage_lo, outage_hi, runs = outage(history)
    acknowledged_lost = [entry["acknowledged_ms"] for entry in history.ledger if not entry["found"]]
    # What was acknowledged only once the fault had taken hold was lost to no recovery point before it.
    rpa = max(0, history.f_hi - min(acknowledged_lost)) if acknowledged_lost else 0
    failback = None
    after = [] if history.heal is None else [r for r in history.requests if history.heal["lo_ms"] <= r.s < history.observed]
    if after:
        back = hold if goals["failback_hold_ms"] is None else goals["failback_hold_ms"]
        by_primary = lambda r: history.good_by(r, history.primary)
        failback, _ = recovery(history, after, by_primary, (history.heal["lo_ms"], history.heal["hi_ms"]), history.observed, back, by_delivery=True)
    failback_lost = sum(r.outcome in LOST for r in after)

    objectives = {"rto": within(gate, goals["rto_ms"])}
    standby_answered = any(history.cut_over(r) == 1 for r in A)
    not_exercised = by_delivery and not standby_answered and bad == 0
    if not_exercised:
        objectives["rto"] = INCONCLUSIVE
    if k_p is not None:
        objectives["stability"] = MISSED if relapses else INCONCLUSIVE if departed else MET
    if goals["max_lost"] is not None:
        objectives["lost"] = cap(lost + lost_in_flight, goals["max_lost"], k_p is not None, unknown)
    if goals["max_truncated"] is not None:
        objectives["truncated"] = cap(truncated, goals["max_truncated"], k_p is not None, unknown)
    if goals["max_duplicates"] is not None:
        objectives["duplicates"] = cap(tried["duplicates"], goals["max_duplicates"], k_p is not None)
    if goals["max_overshoot"] is not None:
        objectives["overshoot"] = cap(tried["overshoot"], goals["max_overshoot"], k_p is not None)
    if goals["failback_rto_ms"] is not None:
        objectives["failback"] = INCONCLUSIVE if failback is None else within(failback, goals["failback_rto_ms"])
    if goals["rpo_ms"] is not None:
        objectives["rpo"] = INCONCLUSIVE if not history.ledger else MET if rpa <= goals["rpo_ms"] else MISSED

    decisions = objectives.values()
    verdict = MISSED if MISSED in decisions else INCONCLUSIVE if INCONCLUSIVE in decisions else MET
    reason = void(history)
    if reason:
        verdict = VOID
    elif not_exercised and verdict == INCONCLUSIVE:
        reason = "cutover_not_exercised"
    elif verdict == INCONCLUSIVE:
        reason = open_reason(history, objectives, gate, history.gate())
    return {
        "verdict": verdict,
        "reason": reason,
        "resolution_ms": resolution(history),
        "objectives": [{"name": name, "verdict": decision} for name, decision in objectives.items()],
        "measures": {
            "cutover": interval(cutover), "restore": interval(restore), "first_standby": interval(first_standby(history)),
            "sustained": interval(sustained), "failback": interval(failback), "failback_lost": failback_lost,
            "bad": bad, "loss_derived_ms": bad * goals["gap_ms"], "outage": {**interval((outage_lo, outage_hi)), "runs": runs},
            "lost": lost, "lost_in_flight": lost_in_flight, "late": sum(r.outcome == "ok" and history.good(r) == 0 for r in A),
            "truncated": truncated, **tried, "degraded_area_ms": degraded_area(history),
            "relapses": relapses, "departures": departed, "residual_bad": residual_bad(history, history.gate(), k_p),
            "acknowledged_lost": len(acknowledged_lost) if history.ledger else None, "rpa_ms": rpa if history.ledger else None,
            "censored": gate[1] is None,
        },
    }


def interval(pair):
    return None if pair is None else {"lo_ms": pair[0], "hi_ms": pair[1]}


def in_nanoseconds(value):
    """Every time of a document (its key ends in `_ms`) as a whole number of nanoseconds, so that all that follows is exact."""
    if isinstance(value, list):
        return [in_nanoseconds(each) for each in value]
    if not isinstance(value, dict):
        return value
    is_time = lambda key, each: key.endswith("_ms") and isinstance(each, (int, Fraction))
    return {key: round(each * 10**6) if is_time(key, each) else in_nanoseconds(each) for key, each in value.items()}


def in_milliseconds(value):
    """The reverse."""
    if isinstance(value, list):
        return [in_milliseconds(each) for each in value]
    if not isinstance(value, dict):
        return value
    is_time = lambda key, each: key.endswith("_ms") and isinstance(each, (int, Fraction))
    return {key: Fraction(each, 10**6) if is_time(key, each) else in_milliseconds(each) for key, each in value.items()}


def as_number(value):
    """JSON's default for what it does not know: an exact fraction, as the nearest float."""
    return float(value)


def main():
    lines = [open(sys.argv[1], encoding="utf-8").read()] if len(sys.argv) > 1 else filter(str.strip, sys.stdin)
    for line in lines:
        history = History(in_nanoseconds(json.loads(line, parse_float=Fraction)))
        print(json.dumps(in_milliseconds(judge(history)), default=as_number))


if __name__ == "__main__":
    main()
