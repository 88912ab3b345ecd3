//! The runbooks of `runbooks/examples/`: each walked as it is to its good end, and into a failure, against whoever they speak to. AWS is moto
//! behind AWS's own command line; the others are played, and refuse what the real ones refuse.

mod cluster;
mod side;

use crate::support::{Project, Prometheus, Run};
use cluster::Cluster;
use serde_json::{Value, json};
use side::{Cloud, Side};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A project with the examples as they are, and an inventory whose contacts listen at this address.
fn project(people: &Side) -> Project {
    let (project, at) = (Project::empty(), people.url());
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/examples");
    for file in std::fs::read_dir(from).unwrap().map(|file| file.unwrap().path()) {
        let name = format!("runbooks/examples/{}", file.file_name().unwrap().to_str().unwrap());
        project.write(&name, &std::fs::read_to_string(file).unwrap());
    }
    project.write(
        "runbooks/inventory.yaml",
        &format!(
            "version: 1
contacts:
  ai-platform-oncall: {{name: On call, reach: \"webhook:{at}/oncall\"}}
  ai-platform-lead: {{name: Lead, reach: \"tel:112\"}}
  head-of-engineering: {{name: Head, reach: \"tel:113\"}}
  incident-commanders: {{name: Commanders, pagerduty: {{key: \"env:PAGERDUTY_KEY\", at: \"{at}/pager\"}}}}
  company: {{name: Company, reach: \"webhook:{at}/company\"}}
  status-page: {{name: Customers, statuspage: {{page: acme, token: \"${{secret.status-page-token}}\", at: \"{at}\"}}}}
secrets:
  status-page-token: {{from: \"env:STATUS_PAGE_TOKEN\"}}
  router-token: {{from: \"env:ROUTER_TOKEN\"}}
providers: {{first: {{dialect: openai}}}}
services: {{chat: {{providers: [first], criticality: optional}}}}
"
        ),
    );
    project
}

/// People who take every message; the status page answers with an incident.
fn people() -> Side {
    Side::start(|asked| match asked.path.as_str() {
        path if path.starts_with("/v1/pages/") => (201, json!({"id": "inc-1"}).to_string()),
        _ => (202, "{}".into()),
    })
}

const PAGE: &str = "/v1/pages/acme/incidents";

/// Walks an example into the folder `out`, with somebody who types each line once its question is put.
fn walk(project: &Project, out: &str, name: &str, params: &[(&str, &str)], script: &[(&str, &str)]) -> Run {
    let file = format!("runbooks/examples/{name}.yaml");
    let mut args: Vec<String> = ["execute", &file, "--out", out].map(str::to_owned).to_vec();
    args.extend(params.iter().flat_map(|(name, value)| ["--param".to_owned(), format!("{name}={value}")]));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut command = project.command(&args);
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    command
        .env("PATH", path)
        .env("PAGERDUTY_KEY", "pager-key-1")
        .env("STATUS_PAGE_TOKEN", "page-token-1")
        .env("ROUTER_TOKEN", "router-token-1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let (ended, over) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        if over.recv_timeout(Duration::from_secs(80)).is_err() {
            crate::support::signal(id, 9);
        }
    });
    let mut stdin = child.stdin.take().unwrap();
    let mut said = String::new();
    let mut script = script.iter().peekable();
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if let Some((_, typed)) = script.next_if(|(wanted, _)| line.contains(wanted)) {
            writeln!(stdin, "{typed}").unwrap();
        }
        said += &format!("{line}\n");
    }
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let code = child.wait().unwrap().code();
    let _ = ended.send(());
    assert!(script.peek().is_none() || code != Some(0), "nobody asked {:?}\n{said}", script.peek());
    Run { code, stdout, stderr: said }
}

fn report(project: &Project, out: &str) -> String {
    std::fs::read_to_string(project.path(&format!("{out}/report.md"))).unwrap()
}

/// The names of steps that ended so, in order; of steps that are walked again, each time.
fn steps(project: &Project, out: &str, end: &str) -> Vec<String> {
    let events = project.events(out);
    let plan = events.iter().find_map(|event| event.get("execution_started")).expect("it began");
    let name =
        |step: &Value| plan["plan"]["runbook"]["steps"][step["step"].as_u64().unwrap() as usize]["name"].as_str().unwrap().to_owned();
    let finished = events.iter().filter_map(|event| event.get("step_finished"));
    finished.filter(|step| step["end"] == end).map(name).collect()
}

/// The places of texts in a list, which must be there in this order.
fn in_order(all: &[String], wanted: &[&str]) {
    let mut rest = all.iter();
    for want in wanted {
        assert!(rest.any(|one| one.starts_with(want)), "{want} does not follow in {all:#?}");
    }
}

/// A router of models that reads `routing.yaml` when it is told to. `down` are the providers that do not answer; the first of them comes back
/// once it was asked so often.
fn router(project: &Project, down: &'static [&'static str], back_after: u32, reloads: fn(u32) -> bool) -> Side {
    let file = project.path("routing.yaml");
    project.write("routing.yaml", "# who answers\nprimary: openai\nweight: 100\ndegraded: false\n");
    let (asked, reloaded) = (AtomicU32::new(0), AtomicU32::new(0));
    let routing = Mutex::new(std::fs::read_to_string(&file).unwrap());
    let value = |text: &str, key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key}: ")).map(str::to_owned));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    let side = Side::start(move |one| {
        let mut routing = routing.lock().unwrap();
        let is_up = |name: &str| !down.contains(&name) || down.first() == Some(&name) && asked.load(SeqCst) >= back_after;
        match one.path.as_str() {
            "/reload" if !reloads(reloaded.fetch_add(1, SeqCst)) => (500, "{}".into()),
            "/reload" => {
                *routing = std::fs::read_to_string(&file).unwrap();
                (200, "{}".into())
            }
            "/routing/status" => (200, json!({"serving": value(&routing, "primary")}).to_string()),
            "/health" => {
                let good = is_up(&value(&routing, "primary")) || value(&routing, "degraded") == "true";
                (200, json!({"users": if good { "answered" } else { "failing" }, "errors_percent": if good { 0 } else { 100 }}).to_string())
            }
            path => {
                let name = path.trim_start_matches("/ask/");
                if down.first() == Some(&name) {
                    asked.fetch_add(1, SeqCst);
                }
                if is_up(name) { (200, json!({"status": "ok"}).to_string()) } else { (503, "{}".into()) }
            }
        }
    });
    side.program(project, "reload-router.sh", "/reload");
    side
}

fn routing(project: &Project) -> String {
    std::fs::read_to_string(project.path("routing.yaml")).unwrap()
}

#[test]
fn users_of_a_provider_that_is_down_are_moved_and_come_back_a_share_at_a_time() {
    let people = people();
    let project = project(&people);
    let router = router(&project, &["openai", "anthropic"], 5, |_| true);
    let url = router.url();
    let params = [("router", url.as_str()), ("hold", "50ms"), ("every", "50ms"), ("checks", "2")];
    let run = walk(
        &project,
        "x",
        "llm-provider-outage",
        &params,
        &[
            ("commander", "Ada"),
            ("communications", "Ben"),
            ("Look at the status pages", "all"),
            ("How bad is it", "down"),
            ("Which models", "gpt-4o, half an hour"),
            ("Tell the provider", "all"),
            ("Go back to it", "yes Ada"),
            ("What did users notice", "a minute of errors"),
            ("What this outage asks", "all"),
        ],
    );
    run.exits_with(0);
    let calls = router.calls();
    let moved =
        ["POST /ask/openai", "POST /ask/openai", "POST /ask/openai", "GET /routing/status", "POST /ask/anthropic", "POST /ask/azure"];
    assert_eq!(calls[..6], moved);
    in_order(
        &calls,
        &[
            "POST /ask/azure",
            "POST /reload",
            "GET /health",
            "GET /ask/openai",
            "POST /reload",
            "GET /health",
            "POST /reload",
            "POST /reload",
            "POST /reload",
        ],
    );
    assert!(router.all()[0].head.contains("Bearer router-token-1"), "the token goes along");
    assert_eq!(routing(&project), "# who answers\nprimary: openai\nweight: 100\ndegraded: false\n", "the comment has survived too");
    assert_eq!(people.sent(PAGE).len(), 1, "customers were told");
    assert!(people.sent("/company").iter().any(|body| body.contains("We move to another provider")));
    assert!(people.sent("/company").last().unwrap().contains("is over for us"));
    let report = report(&project, "x");
    assert!(report.contains("Ada") && report.contains("gpt-4o, half an hour") && !report.contains("router-token-1"), "{report}");
}

#[test]
fn where_the_router_cannot_read_its_file_everything_is_put_back_and_read() {
    let people = people();
    let project = project(&people);
    let router = router(&project, &["openai"], 99, |nth| nth > 0);
    let url = router.url();
    let first = [
        ("commander", "Ada"),
        ("communications", "Ben"),
        ("Look at the status pages", "all"),
        ("How bad is it", "degraded"),
        ("Which models", "all of them"),
    ];
    walk(&project, "x", "llm-provider-outage", &[("router", &url)], &first).exits_with(1);
    assert!(routing(&project).contains("primary: openai"), "{}", routing(&project));
    assert_eq!(router.calls().iter().filter(|call| *call == "POST /reload").count(), 2);
    assert!(!people.sent("/company").last().unwrap().contains("is over for us"), "what was taken back is not over");
}

#[test]
fn an_instance_gets_an_encrypted_volume_or_keeps_what_it_had() {
    let (people, cloud) = (people(), Cloud::start());
    let project = project(&people);
    cloud.program(&project);
    let made =
        cloud.aws("ec2 run-instances --image-id ami-12c6146b --instance-type t3.micro --query Instances[0].InstanceId --output text");
    let params = [("instance", made.as_str()), ("key", "alias/disks")];
    let volumes = || cloud.aws("ec2 describe-volumes --query Volumes[].[Encrypted,State] --output text");
    let state = || cloud.aws("ec2 describe-instances --query Reservations[0].Instances[0].State.Name --output text");
    let before = cloud.changes().len();

    // The new volume cannot be attached: the old one is back in its place, the instance runs, and nothing of ours is left.
    cloud.fail("attach-volume", 1);
    walk(&project, "failed", "encrypt-root-volume", &params, &[]).exits_with(1);
    let done = ["create-snapshot", "copy-snapshot", "create-volume", "stop-instances", "detach-volume", "attach-volume"];
    let back = ["attach-volume", "start-instances", "delete-volume", "delete-snapshot", "delete-snapshot"];
    assert_eq!(cloud.changes()[before..], [&done[..], &back].concat());
    assert_eq!((volumes().as_str(), state().as_str()), ("False\tin-use", "running"));

    let run = walk(&project, "x", "encrypt-root-volume", &params, &[("The old volume", "done")]);
    run.exits_with(0);
    let rest = ["modify-instance-attribute", "start-instances"];
    assert_eq!(cloud.changes()[before + done.len() + back.len()..], [&done[..], &rest].concat());
    let mut all: Vec<String> = volumes().lines().map(str::to_owned).collect();
    all.sort();
    assert_eq!((all.as_slice(), state().as_str()), (&["False\tavailable".to_owned(), "True\tin-use".to_owned()][..], "running"));

    // And once more: it sees that there is nothing to do.
    walk(&project, "again", "encrypt-root-volume", &params, &[]).exits_with(0).says("encrypted already");
}

#[test]
fn a_database_is_restored_beside_the_old_one_and_takes_its_name() {
    let (people, cloud) = (people(), Cloud::start());
    let project = project(&people);
    cloud.program(&project);
    let more = "--engine postgres --db-instance-class db.t3.small --allocated-storage 20 --master-username u --master-user-password passw0rd --port 5432";
    cloud.aws(&format!("rds create-db-instance --db-instance-identifier orders {more}"));
    cloud.aws("rds create-db-snapshot --db-instance-identifier orders --db-snapshot-identifier monday");
    let all = || cloud.aws("rds describe-db-instances --query DBInstances[].DBInstanceIdentifier --output text");
    let params = |run: &'static str, dry: &'static str| [("database", "orders"), ("snapshot", "monday"), ("run", run), ("dry_run", dry)];

    walk(&project, "dry", "restore-database", &params("a", "yes"), &[]).exits_with(0).says("Nothing was changed");
    assert_eq!(all(), "orders");

    // The restored one does not get its name, three times: the old one has it back, and the restored one is gone.
    let yes = [("Does nobody write to orders", "yes")];
    project.edit("runbooks/examples/restore-database.yaml", "    retry_after: 10s\n", "    retry_after: 10ms\n");
    walk(&project, "no", "restore-database", &params("b", "no"), &[("Does nobody write to orders", "no")]).exits_with(1);
    let before = cloud.changes().len();
    cloud.fail("orders-new-b --new-db-instance-identifier orders", 3);
    walk(&project, "failed", "restore-database", &params("b", "no"), &yes).exits_with(1);
    let calls =
        ["restore-db-instance-from-db-snapshot", "modify-db-instance", "modify-db-instance", "modify-db-instance", "modify-db-instance"];
    assert_eq!(cloud.changes()[before..], [&calls[..], &["modify-db-instance", "delete-db-instance"]].concat());
    assert_eq!(all(), "orders");

    walk(&project, "x", "restore-database", &params("c", "no"), &yes).exits_with(0);
    let mut names: Vec<String> = all().split_whitespace().map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, ["orders", "orders-old-c"]);
    let report = report(&project, "x");
    assert!(report.contains("Restore the snapshot beside it") && report.contains("Wait until the restored one answers to it"), "{report}");
}

#[test]
fn a_region_is_left_for_another_and_returned_to_a_share_at_a_time() {
    let (people, cloud) = (people(), Cloud::start());
    let project = project(&people);
    cloud.program(&project);
    let west = Arc::new(AtomicBool::new(true));
    let is_well = west.clone();
    let app = Side::start(move |asked| match asked.path.as_str() {
        "/metrics" => (200, "aws_rds_replica_lag_seconds{instance=\"app-replica\"} 3\n".into()),
        "/west" if is_well.load(SeqCst) => (200, json!({"status": "ok"}).to_string()),
        "/east-again" => (200, json!({"status": "ok"}).to_string()),
        _ => (503, "{}".into()),
    });
    let prometheus = Prometheus::watching(&project, &[app.url().trim_start_matches("http://").to_owned()]);
    let more = "--region us-west-2 --engine postgres --db-instance-class db.t3.small --allocated-storage 20 --master-username u --master-user-password passw0rd";
    cloud.aws(&format!("rds create-db-instance --db-instance-identifier app {more}"));
    cloud.aws(
        "rds create-db-instance-read-replica --region us-west-2 --db-instance-identifier app-replica --source-db-instance-identifier app",
    );
    cloud.aws("ecs create-cluster --region us-west-2 --cluster-name app");
    cloud.aws("ecs register-task-definition --region us-west-2 --family app --container-definitions [{\"name\":\"a\",\"image\":\"a\",\"memory\":8}]");
    cloud.aws("ecs create-service --region us-west-2 --cluster app --service-name app --task-definition app --desired-count 1");
    let zone = cloud.aws("route53 create-hosted-zone --name localhost --caller-reference 1 --query HostedZone.Id --output text");
    let zone = zone.rsplit('/').next().unwrap().to_owned();
    let record = |what: &str| {
        cloud.aws(&format!(
            "route53 list-resource-record-sets --hosted-zone-id {zone} --query ResourceRecordSets[?Type=='A'].{what} --output text"
        ))
    };
    let [east, west_url, prometheus] = [format!("{}/east", app.url()), format!("{}/west", app.url()), prometheus.url()];
    let params = [
        ("domain", "localhost"),
        ("zone", zone.as_str()),
        ("health", east.as_str()),
        ("other-health", west_url.as_str()),
        ("prometheus", prometheus.as_str()),
        ("to-address", "127.0.0.1"),
    ];
    let script = [
        ("commander", "Ada"),
        ("communications", "Ben"),
        ("Is it the region", "all"),
        ("Move everybody", "yes Ada"),
        ("Connections that were made before", "all"),
        ("Before anybody goes to bed", "all"),
    ];
    let before = cloud.changes().len();
    walk(&project, "x", "lose-a-region", &params, &script).exits_with(0);
    assert_eq!(cloud.changes()[before..], ["promote-read-replica", "update-service", "change-resource-record-sets"]);
    assert_eq!(record("ResourceRecords[0].Value"), "127.0.0.1");
    assert_eq!(
        cloud.aws("ecs describe-services --region us-west-2 --cluster app --services app --query services[0].desiredCount --output text"),
        "4"
    );
    assert_eq!(people.sent(PAGE).len(), 1);
    assert!(people.sent("/company").iter().any(|body| body.contains("The move to us-west-2 is over")), "{:?}", people.sent("/company"));

    // The name points there, and it is not well there after all: the name points back, the promoted database stays.
    project.edit("runbooks/examples/lose-a-region.yaml", "in_a_row: 5\n    timeout: 10m", "in_a_row: 5\n    timeout: 1s");
    let falls = west.clone();
    let weak =
        Side::start(move |_| if falls.swap(false, SeqCst) { (200, json!({"status": "ok"}).to_string()) } else { (503, "{}".into()) });
    project.edit(
        "runbooks/examples/lose-a-region.yaml",
        "      http: {get: \"${param.other-health}\"}\n      json: status\n      is: ok\n      every: 1s\n      in_a_row: 3\n",
        "      http: {get: \"${param.other-health}\"}\n      json: status\n      is: ok\n      every: 1s\n",
    );
    let weak_url = weak.url();
    let params = params.map(|(name, value)| (name, if name == "other-health" { weak_url.as_str() } else { value }));
    let told = people.sent("/company").len();
    walk(&project, "failed", "lose-a-region", &params, &script[..4]).exits_with(1);
    assert_eq!(record("ResourceRecords[0].Value"), "192.0.2.10");
    assert!(!people.sent("/company")[told..].iter().any(|words| words.contains("is over")));

    let home = format!("{}/east-again", app.url());
    let params = [("domain", "localhost"), ("zone", zone.as_str()), ("home-health", home.as_str()), ("hold", "10ms")];
    let script = [("commander", "Ada"), ("Go back only when", "all"), ("Move users back", "yes Ada"), ("Keep the other region", "all")];
    walk(&project, "back", "return-to-the-region", &params, &script).exits_with(0);
    assert!(record("Weight").contains("255"), "{}", record("Weight"));
    assert_eq!(cloud.changes().iter().rev().take_while(|call| *call == "change-resource-record-sets").count(), 3 + 2);
}

#[test]
fn a_cluster_is_upgraded_a_member_at_a_time_and_a_lazy_one_is_copied_again() {
    let people = people();
    let project = project(&people);
    let cluster = Cluster::start("", "127.0.0.13");
    cluster.side.program(&project, "on", "/on");
    let port = cluster.side.port();
    let params = [
        ("leader", "127.0.0.11"),
        ("replica", "127.0.0.12"),
        ("other-replica", "127.0.0.13"),
        ("version", "15.9"),
        ("port", port.as_str()),
        ("via", "./on"),
        ("watch", "10ms"),
    ];
    let member = "runbooks/examples/patroni-member.yaml";
    project.edit(member, "every: 5s", "every: 20ms").edit(member, "every: 2s", "every: 20ms").edit(member, "every: 10s", "every: 20ms");
    project.edit(member, "    timeout: 30m\n", "    timeout: 1s\n");
    project.edit("runbooks/examples/patroni-minor-upgrade.yaml", "every: 1s", "every: 20ms");
    let run = walk(
        &project,
        "x",
        "patroni-minor-upgrade",
        &params,
        &[
            ("operator", "Ada"),
            ("Read the notes", "all"),
            ("on 127.0.0.12: journalctl", "all"),
            ("does not catch up", "yes"),
            ("on 127.0.0.13: journalctl", "all"),
            ("hands over to 127.0.0.12", "yes Ada"),
            ("on 127.0.0.11: journalctl", "all"),
        ],
    );
    run.exits_with(0);
    let log = cluster.log();
    assert!(log.refused.is_empty(), "{:#?}", log.refused);
    let of = |name: &str| {
        let words =
            ["chef-client-disable", "patroni-tags nofailover=true", "psql -c checkpoint", "systemctl stop", "apt-get", "systemctl start"];
        words.map(|word| format!("{name} sudo {word}")).to_vec()
    };
    let wanted = [
        of("127.0.0.12"),
        vec!["127.0.0.12 sudo patroni-tags nofailover=false".into(), "127.0.0.12 sudo chef-client-enable".into()],
        of("127.0.0.13"),
        vec![
            "POST 127.0.0.13 /reinitialize".into(),
            "127.0.0.13 sudo patroni-tags nofailover=false".into(),
            "127.0.0.13 sudo chef-client-enable".into(),
        ],
        vec!["127.0.0.11 sudo update-extensions".into(), "POST 127.0.0.11 /switchover".into(), "127.0.0.12 sudo vacuumdb".into()],
        of("127.0.0.11"),
    ];
    let wanted = wanted.concat();
    in_order(&log.done, &wanted.iter().map(String::as_str).collect::<Vec<_>>());
    let member = |name: &str| (name.to_owned(), true, "15.9".to_owned(), true);
    assert_eq!(cluster.state(), ("127.0.0.12".into(), vec![member("127.0.0.11"), member("127.0.0.12"), member("127.0.0.13")]));

    // The second replica has no room for the binaries: it is started again, has its traffic again, and nobody goes on to the leader.
    let cluster = Cluster::start("127.0.0.13 apt-get", "");
    cluster.side.program(&project, "on", "/on");
    let port = cluster.side.port();
    let params = params.map(|(name, value)| (name, if name == "port" { port.as_str() } else { value }));
    let script = [("operator", "Ada"), ("Read the notes", "all"), ("on 127.0.0.12: journalctl", "all")];
    walk(&project, "failed", "patroni-minor-upgrade", &params, &script).exits_with(1).says("`./on` ended with exit code 22");
    let (leader, members) = cluster.state();
    assert_eq!((leader.as_str(), members.iter().all(|(_, runs, _, whole)| *runs && *whole)), ("127.0.0.11", true), "{members:?}");
    assert_eq!(members[2].2, "15.8");
}

#[test]
fn a_major_incident_is_led_round_and_round_until_it_is_over_and_everybody_hears_of_it() {
    let people = people();
    let project = project(&people);
    let file = "runbooks/examples/major-incident.yaml";
    project.edit(file, "after: 1m", "after: 10ms").edit(file, "every: 20m", "every: 400ms").edit(file, "pause: 10m", "pause: 500ms");
    let title = [("title", "Checkout is failing")];
    let roles = [("commander", "Ada"), ("company", "Eve"), ("customers", "Dan"), ("deputy", "Ben"), ("scribe", "Cem")];
    let begin = [("Join the call", "all"), ("Could this be an attack", "nothing-of-the-kind"), ("I am the incident commander", "all")];
    let round = |size: &'static str, end: &'static str| {
        [
            ("What is wrong, who is affected", size),
            ("How bad is it now", "sev-1 Ada"),
            ("Have somebody look at each", "all"),
            ("We are going to", "roll back, by Finn, in 10 minutes"),
            ("any strong objection", "go Ada"),
            ("What do we tell customers", "Some payments fail."),
            ("To customers", "yes Ada"),
            ("by one person, who", "all"),
            ("Where are we", end),
        ]
    };
    let end = [
        ("The incident is over, this call", "all"),
        ("Who owns the review", "Gil"),
        ("In the alerting tool", "all"),
        ("Out of the notes", "all"),
        ("Who wrote to us", "all"),
    ];
    let script =
        [&roles[..], &begin, &round("a third of payments", "not-yet Ada"), &round("a tenth of payments", "recovering Ada"), &end].concat();
    walk(&project, "x", "major-incident", &title, &script).exits_with(0);
    let page: Vec<String> = people.all().into_iter().filter(|asked| asked.path.starts_with(PAGE)).map(|asked| asked.body).collect();
    assert!(page[0].contains("We are looking into a problem: Checkout is failing"), "{page:#?}");
    assert!(page.iter().any(|body| body.contains("Some payments fail. We write again")), "{page:#?}");
    assert!(page.iter().any(|body| body.contains("We still work on it")), "{page:#?}");
    assert!(page.last().unwrap().contains("This is over") && page.last().unwrap().contains("resolved"), "{page:#?}");
    let pager: Vec<Value> = people.sent("/pager").iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert_eq!((&pager[0]["event_action"], &pager.last().unwrap()["event_action"]), (&json!("trigger"), &json!("resolve")), "{pager:#?}");
    assert_eq!(pager[0]["dedup_key"], pager.last().unwrap()["dedup_key"]);
    assert_eq!(steps(&project, "x", "done").iter().filter(|name| *name == "Size it up").count(), 2);
    let report = report(&project, "x");
    for text in ["Ada", "a third of payments", "a tenth of payments", "roll back, by Finn", "Gil"] {
        assert!(report.contains(text), "{text} is not in the report:\n{report}");
    }
    assert!(!report.contains("page-token-1") && !report.contains("pager-key-1"));

    // It may be an attack: the call ends, and nobody says to customers that it is over.
    let count = people.all().len();
    let script = [&roles[..], &[begin[0], ("Could this be an attack", "perhaps")]].concat();
    walk(&project, "attack", "major-incident", &title, &script).exits_with(1).says("page security now");
    assert!(!people.all()[count..].iter().any(|asked| asked.body.contains("is over")), "{:#?}", &people.all()[count..]);
}

#[test]
fn the_examples_are_sound_with_the_inventory_that_is_shipped() {
    let project = Project::shipped();
    let run = project.lifeboat(&["check", "runbooks/examples"]);
    run.exits_with(0);
    assert!(!run.stdout.contains("examples/") && !run.stderr.contains("examples/"), "{run:?}");
}
