//! Traffic of several workloads, and arrivals that change: what is read, and what wrong ones get.

use super::{Files, Project, SCENARIO_PATH, gets};
use crate::model::{Arrivals, Bursts, DrillPlan};
use crate::units::Duration;

const TWO: &str = "\
traffic:
  - workload: probes
    rate: 50/s
  - workload: batches
    service: nightly
    rate: 10/s
    objectives: {rto: 8s}
";

/// A second service, and a trace of so many seconds with two requests each.
fn files(seconds: u32) -> Files {
    let files = Files::new();
    files.spoil(
        "runbooks/inventory.yaml",
        "environments:",
        "  nightly: {criticality: recoverable, providers: [azure-swedencentral, openai-eu]}\nenvironments:",
    );
    let rows: String = (0..=seconds * 2).map(|half| format!("{},ChatGPT,100,20,120,API log\n", f64::from(half) / 2.0)).collect();
    files.write("traces/calls.csv", format!("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n{rows}"));
    files
}

/// What a traffic gets.
fn said(traffic: &str) -> String {
    files(100).spoil(SCENARIO_PATH, "traffic: {rate: 50/s}\n", traffic).check()
}

fn plan(files: &Files) -> DrillPlan {
    let planned = Project::open(files.root()).0.plan(&files.scenario(), "lab");
    planned.unwrap_or_else(|findings| panic!("{findings}")).0
}

/// The first workload of a drill with this traffic.
fn planned(traffic: &str) -> DrillPlan {
    plan(files(100).spoil(SCENARIO_PATH, "traffic: {rate: 50/s}\n", traffic))
}

#[test]
fn each_workload_has_its_service_and_its_objectives() {
    let plan = planned(&format!("{TWO}  - {{workload: crowd, judged: false, rate: 5/s, arrivals: poisson}}\n"));
    let each = &plan.workloads;
    let told: Vec<_> = each.iter().map(|each| (each.name.as_str(), each.service_name.as_str(), each.judged)).collect();
    assert_eq!(told, [("probes", "support-chat", true), ("batches", "nightly", true), ("crowd", "support-chat", false)]);
    let rto = |place: usize| each[place].objectives.rto.to_string();
    assert_eq!([rto(0), rto(1), rto(2)], ["10 s", "8 s", "10 s"]);
    assert_eq!(each[0].objectives.failback, Some(Duration::from_secs(10)), "the scenario's own, for its own service");
    assert_eq!(each[1].objectives.failback, None);
    assert_eq!(plan.requests(), 65 * 48);
    assert_eq!((each[1].service_name.as_str(), each.lead(), each.others().count()), ("nightly", 0, each.len() - 1));
    // What a history says of it is what was planned.
    assert_eq!(crate::history::drill_as_recorded(&plan).unwrap(), plan);
}

#[test]
fn a_baseline_that_draws_may_leave_too_short_is_found_to_the_request() {
    let file = |traffic: &str| said(&format!("traffic: {traffic}\n"));
    // Eight seconds: 20 requests on average, and 32 where they are drawn, for fewer than 20 of those are drawn once in a hundred times.
    for (enough, few, told) in [
        ("{rate: 2.5/s}", "{rate: 2.4/s}", "a baseline of 19 requests is too short"),
        (
            "{rate: 4/s, arrivals: poisson}",
            "{rate: 3.9/s, arrivals: poisson}",
            "a baseline of perhaps no more than 19 requests is too short",
        ),
        ("{rate: 1/s, bursts: {every: 7s, of: 12}}", "{rate: 1/s, bursts: {every: 7s, of: 11}}", "a baseline of 19 requests is too short"),
    ] {
        assert!(!file(enough).contains("is too short"), "{enough}: {}", file(enough));
        assert!(file(few).contains(told), "{few} should get: {told}\n{}", file(few));
    }
    let said = file("{rate: 3.9/s, arrivals: poisson}");
    assert!(said.contains("hint: write `baseline: 8.2s` or longer"), "{said}");
}

#[test]
fn requests_that_find_out_how_answers_end_are_none_of_those_that_are_counted() {
    let staged = |traffic: &str| {
        let files = files(100);
        files.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}\n", traffic);
        files.spoil(
            "runbooks/inventory.yaml",
            "url: \"https://gw.example/v1\"}",
            "url: \"https://gw.example/v1\"}, nightly: {url: \"https://n.example/v1\"}",
        );
        files.spoil(
            "runbooks/inventory.yaml",
            "faults_on: [openai-eu], max_rate: 20/s",
            "max_requests: 1, faults_on: [azure-swedencentral]",
        );
        let told = files.plan("staging");
        let count = told.split(" requests are more than the 1 ").next().and_then(|before| before.rsplit(' ').next()?.parse::<u64>().ok());
        count.unwrap_or_else(|| panic!("{told}"))
    };
    // However many services there are, and ways in which they are asked.
    assert_eq!(staged("traffic: {rate: 10/s}\n"), 480);
    let two = "traffic:\n  - {workload: a, rate: 10/s}\n  - {workload: b, rate: 10/s}\n";
    assert_eq!(staged(two), 960);
    assert_eq!(staged(&format!("{two}  - {{workload: c, rate: 10/s, request: chat-stream}}\n")), 1440);
    assert_eq!(staged(&format!("{two}  - {{workload: c, rate: 10/s, service: nightly, judged: false}}\n")), 1440);
}

#[test]
fn what_is_wrong_with_several_workloads_is_found() {
    for (good, bad, told) in [
        ("workload: batches", "workload: probes", "another workload is called `probes` already"),
        ("service: nightly", "service: weekly", "`weekly` is not a service of this inventory"),
        (
            "- workload: probes\n    rate",
            "- workload: probes\n    judged: false\n    rate",
            "the first workload is the instrument, and this one is not judged",
        ),
        (
            "- workload: probes\n    rate",
            "- workload: probes\n    service: nightly\n    rate",
            "the first workload asks `nightly`, and the scenario watches `support-chat`",
        ),
        ("    objectives: {rto: 8s}\n", "", "neither this workload nor its service declares an RTO"),
        ("rate: 10/s\n    objectives: {rto: 8s}", "rate: 1/s\n    objectives: {rto: 2s}", "too few requests to measure an RTO of 2 s"),
        ("rate: 10/s", "rate: 1/s", "a baseline of 8 requests of `batches` is too short"),
        ("  - workload: batches", "  - name: batches", "a workload needs `workload`"),
        ("rto: 8s", "rto: 8s, stable_for: 1s", "a hold of 1 s proves little"),
    ] {
        assert!(TWO.contains(good), "{good}");
        let said = said(&TWO.replacen(good, bad, 1));
        assert!(said.contains(told), "{bad} should get: {told}\n{said}");
    }
    let many: String = (0..17).map(|number| format!("  - {{workload: w{number}, rate: 1/s}}\n")).collect();
    assert!(said(&format!("traffic:\n{many}")).contains("17 workloads are more than the 16"));
    let files = files(100);
    files.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}\n", TWO);
    files.spoil(
        "runbooks/inventory.yaml",
        "nightly: {criticality: recoverable, providers: [azure-swedencentral, openai-eu]}",
        "nightly: {criticality: recoverable, providers: [openai-eu, bytes-only]}",
    );
    assert!(files.check().contains("no fault breaks a provider of `nightly`, so `batches` proves nothing"), "{}", files.check());
}

#[test]
fn a_workload_without_an_address_is_found_where_the_environment_is() {
    let files = files(100);
    files.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}\n", &TWO.replace("50/s", "15/s"));
    let said = files.plan("staging");
    assert!(said.contains("the environment `staging` has no address for the service `nightly`"), "{said}");
    assert!(said.contains("25/s of all workloads together is more than the 20/s"), "{said}");
}

#[test]
fn a_rate_may_be_a_ramp_and_bursts_come_on_top() {
    let plan = planned(
        "traffic: {rate: [{at: 0s, rate: 10/s}, {at: 20s, rate: 50/s}, {at: 20s, rate: 30/s}], bursts: {every: 10s, of: 200, within: 500ms}}\n",
    );
    let traffic = &plan.workloads.leading().workload;
    assert_eq!(traffic.bursts, Some(Bursts { every: Duration::from_secs(10), of: 200, within: Duration::from_millis(500) }));
    assert_eq!(plan.requests(), 600 + 28 * 30 + 4 * 200);
    assert_eq!(traffic.busiest(plan.scenario.timeline.total()), 250.0);
    assert_eq!(traffic.pace().to_string(), "10/s to 50/s to 30/s with 200 more every 10 s");
    assert_eq!(traffic.gap_expected(Duration::from_secs(48)), Duration::from_millis(150), "at its lowest rate");
}

#[test]
fn what_is_wrong_with_a_ramp_or_a_burst_is_found() {
    for (traffic, told) in [
        ("{rate: []}", "this list is empty"),
        ("{rate: [{at: 5s, rate: 50/s}]}", "a ramp begins with the traffic"),
        ("{rate: [{at: 0s, rate: 50/s}, {at: 9s, rate: 50/s}, {at: 5s, rate: 50/s}]}", "this point comes after one at 9 s"),
        ("{rate: [{at: 0s, rate: 50}]}", "`50` has no unit of time"),
        ("{rate: [{at: 0s, rate: 50/s}, {at: 20s, rate: 0.1/s}]}", "too few requests to measure an RTO of 10 s"),
        ("{rate: [{at: 0s}]}", "a point of a ramp needs `rate`"),
        ("{rate: 50/s, bursts: {every: 1s, of: 10, within: 1s}}", "bursts of 1 s every 1 s run into each other"),
        ("{rate: 50/s, bursts: {every: 1s, of: 0}}", "`0` is not a whole number of at least 1"),
        ("{rate: 50/s, bursts: {of: 5}}", "a map of bursts needs `every`"),
        ("{rate: 50/s, arrivals: trace}", "this does not say which trace"),
        ("{rate: 50/s, speed: 2x}", "`speed` says how a trace is played, and there is none"),
    ] {
        let said = said(&format!("traffic: {traffic}\n"));
        assert!(said.contains(told), "{traffic} should get: {told}\n{said}");
    }
    gets(
        SCENARIO_PATH,
        "{rate: 50/s}",
        "{rate: 50/s, bursts: {every: 10s, off: 200}}",
        "
error: `off` is not a key of a map of bursts
  --> scenarios/outage.yaml:5:44
   |
 5 | traffic: {rate: 50/s, bursts: {every: 10s, off: 200}}
   |                                            ^^^
   = hint: did you mean `of`?
",
    );
}

#[test]
fn a_trace_is_read_no_further_than_the_drill_needs() {
    let plan = planned("traffic: {trace: traces/calls.csv, speed: 2x, request: chat-stream}\n");
    let traffic = &plan.workloads.leading().workload;
    let trace = traffic.trace.as_ref().unwrap();
    assert_eq!((traffic.arrivals, traffic.rate.to_string().as_str()), (Arrivals::Trace, "4/s"));
    assert_eq!((trace.requests, trace.busiest, trace.gap_max), (192, 4, Duration::from_millis(250)));
    assert_eq!(plan.requests(), 192);
    let again = crate::history::drill_as_recorded(&plan).unwrap();
    assert!(again.workloads.leading().workload.trace.as_ref().unwrap().rows.is_empty(), "a history names the file and keeps no rows");
    assert_eq!(
        (again.requests(), again.workloads.leading().workload.mean(Duration::from_secs(48))),
        (192, traffic.rate),
        "without its rows"
    );
    let looped = plan_of_short("{trace: traces/calls.csv, repeat: true, speed: 2x}");
    assert_eq!(looped.requests(), 192, "five seconds, over and over");
}

fn plan_of_short(traffic: &str) -> DrillPlan {
    plan(files(5).spoil(SCENARIO_PATH, "traffic: {rate: 50/s}\n", &format!("traffic: {traffic}\n")))
}

#[test]
fn what_is_wrong_with_a_trace_is_found() {
    for (traffic, told) in [
        ("{trace: traces/none.csv}", "the trace `traces/none.csv` cannot be read"),
        ("{trace: traces}", "`traces` is not a file"),
        ("{trace: traces/calls.csv, speed: 10x}", "the trace `traces/calls.csv` ends after 10 s, and the drill takes 48 s"),
        ("{trace: traces/calls.csv, speed: fast}", "`fast` is not a speed"),
        ("{trace: traces/calls.csv, rate: 5/s}", "a trace says itself when requests are due"),
        ("{trace: runbooks/inventory.yaml}", "these are not the columns of a trace that is known"),
    ] {
        let said = said(&format!("traffic: {traffic}\n"));
        assert!(said.contains(told), "{traffic} should get: {told}\n{said}");
    }
    let files = files(100);
    files.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}", "traffic: {trace: traces/calls.csv}");
    files.spoil("traces/calls.csv", "\n7,ChatGPT,", "\nlater,ChatGPT,");
    assert!(files.check().contains("error: line 16: `later` is not a time\n  --> traces/calls.csv\n"), "{}", files.check());
    let sparse = super::Files::new();
    sparse.write("traces/calls.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n0,1,1\n1,1,1\n30,1,1\n60,1,1\n");
    sparse.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}", "traffic: {trace: traces/calls.csv}");
    assert!(sparse.check().contains("a gap of 29 s"), "{}", sparse.check());
    assert!(sparse.check().contains("put steady probes first, and the trace beside them"), "{}", sparse.check());
}
