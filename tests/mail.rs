//! E-mail to contacts, as a mail server that others wrote gets it, and what is said where it does not.

use crate::support::{Leaks, MailServer, Project, Run};
use std::collections::BTreeMap;

const EXECUTE: [&str; 5] = ["execute", "runbooks/real.yaml", "--out", "x", "--yes"];

/// Addresses of people, who have not asked to stand in a history.
const ADDRESSES: [(&str, &str); 3] = [
    ("TEST_ONCALL", "somebody.on.call@brown-fox.example"),
    ("TEST_LEAD", "the.lead@lazy-dog.example"),
    ("TEST_NOBODY", "nobody@jumping.example"),
];

/// A project whose inventory says `mail` and knows people, with a runbook of these steps.
fn project(mail: &str, steps: &[&str]) -> Project {
    let project = Project::quick();
    let contacts = "contacts:\n  on-call: {name: On call, reach: \"mailto:${TEST_ONCALL}\"}\n  pager: {name: Bob, reach: \"tel:112\"}\n  \
                    nobody: {name: Nobody, reach: \"mailto:${TEST_NOBODY}\"}\n";
    project.edit("runbooks/inventory.yaml", "providers:\n", &format!("{contacts}{mail}providers:\n"));
    let steps: String = steps.iter().map(|step| format!("  - {{{step}, timeout: 20s, undo: none}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nowner: on-call\nsteps:\n{steps}"));
    project
}

fn secure(scheme: &str, port: u64, more: &str) -> String {
    format!(
        "mail: {{server: \"{scheme}://127.0.0.1:{port}\", from: lifeboat@mailer.test, user: lifeboat, password_from: \"env:TEST_PASSWORD\"{more}}}\n"
    )
}

/// Runs the binary with everybody's addresses, and finds that none of them, and no password, is in what it leaves or says.
fn run(project: &Project, password: &str, args: &[&str]) -> Run {
    let output = project.command(args).envs(ADDRESSES).env("TEST_PASSWORD", password).output().unwrap();
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    let mut secrets: BTreeMap<String, String> = ADDRESSES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    secrets.insert("the mailer".into(), password.into());
    let leaks = Leaks::of(&secrets);
    let mut found = leaks.in_bytes("stdout", run.stdout.as_bytes());
    found.extend(leaks.in_bytes("stderr", run.stderr.as_bytes()));
    if project.path("x").is_dir() {
        found.extend(leaks.below(&project.path("x")));
    }
    assert!(found.is_empty(), "{found:?}");
    run
}

#[test]
fn contacts_and_steps_write_over_starttls_with_a_login() {
    let place = Project::empty();
    let mut server = MailServer::secure("starttls", &place);
    let authority = format!(", authority: \"{}\"", place.path("mail.pem").display());
    let project = project(
        &secure("smtp", server.port, &authority),
        &[
            "name: Write, notify: {email: \"env:TEST_LEAD\", message: \"The primary is dówn: ${primary}\"}, when: {value: \"${primary}\", is: first}",
        ],
    );
    project.edit(
        "runbooks/inventory.yaml",
        "providers: [first, second]\n",
        "providers: [first, second]\n    runbook: runbooks/real.yaml\n",
    );
    let rehearsed = run(&project, MailServer::PASSWORD, &["execute", "runbooks/real.yaml", "--rehearse"]);
    rehearsed.exits_with(0).says("step 1 Write: it would send something; its host accepts connections");
    rehearsed.says("contact on-call: the host for its messages accepts connections; nothing was sent");
    let run = run(&project, MailServer::PASSWORD, &EXECUTE);
    run.exits_with(0).says("told on-call, the runbook starts: On call: the mail server accepted it");
    let mut took = [server.took(), server.took()];
    took.sort_by_key(|message| message["to"][0].to_string());
    for (message, (_, to)) in took.iter().zip(ADDRESSES) {
        assert_eq!((&message["from"], &message["to"]), (&"lifeboat@mailer.test".into(), &serde_json::json!([to])), "{message}");
        assert_eq!((&message["secure"], &message["login"]), (&true.into(), &true.into()), "{message}");
        for header in ["date", "from", "subject", "to"] {
            assert!(message["headers"].as_array().unwrap().contains(&header.into()), "{message}");
        }
    }
    assert!(took[0]["subject"].as_str().unwrap().starts_with("real: the runbook starts"), "{}", took[0]);
    // As Python's parser reads them: whole, each with a name of its own, and all of one thread.
    let head = |message: &serde_json::Value, name: &str| message["head"][name].as_str().unwrap_or_default().to_owned();
    for message in &took {
        assert_eq!((&message["defects"], &message["charset"]), (&serde_json::json!([]), &"utf-8".into()), "{message}");
        assert_eq!((head(message, "mime-version"), head(message, "auto-submitted")), ("1.0".into(), "auto-generated".into()), "{message}");
        let id = head(message, "message-id");
        assert!(id.starts_with("<lifeboat-x-") && id.ends_with("@mailer.test>"), "{id}");
        assert!(!head(message, "references").is_empty(), "{message}");
    }
    assert_ne!(head(&took[0], "message-id"), head(&took[1], "message-id"));
    assert_eq!(head(&took[0], "references"), head(&took[1], "references"));
    assert_eq!(head(&took[0], "in-reply-to"), head(&took[0], "references"));
    assert_eq!(
        (&took[1]["subject"], took[1]["text"].as_str().unwrap().trim()),
        (&"The primary is dówn: first".into(), "The primary is dówn: first")
    );
    assert_eq!(server.rest(), Vec::<serde_json::Value>::new(), "a rehearsal sends nothing");
}

#[test]
fn tls_from_the_start_is_spoken_where_the_address_says_so() {
    let place = Project::empty();
    let mut server = MailServer::secure("smtps", &place);
    let authority = format!(", authority: \"{}\"", place.path("mail.pem").display());
    let project = project(&secure("smtps", server.port, &authority), &["name: Nothing, pause: 1ms"]);
    run(&project, MailServer::PASSWORD, &EXECUTE)
        .exits_with(0)
        .says("told on-call, the runbook starts: On call: the mail server accepted it");
    let message = server.took();
    assert_eq!((&message["secure"], &message["login"]), (&true.into(), &true.into()), "{message}");
}

#[test]
fn what_goes_wrong_is_said_with_what_to_do_and_without_an_address() {
    let place = Project::empty();
    let (server, plain) = (MailServer::secure("starttls", &place), MailServer::plain());
    let trusted = format!(", authority: \"{}\"", place.path("mail.pem").display());
    let good = secure("smtp", server.port, &trusted);
    let step = "name: Write, notify: {contact: on-call, message: hello}";
    let unknown = "name: Write, notify: {contact: nobody, message: hello}";
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let open = format!("mail: {{server: \"smtp://0.0.0.0:{}\", from: lifeboat@mailer.test}}\n", plain.port);
    for (mail, password, step, said) in [
        (
            good.clone(),
            "some other password",
            step,
            ["the mail server refuses the login (535)", "hint: check `user:` and `password_from:`"],
        ),
        (good, MailServer::PASSWORD, unknown, ["the mail server refuses the message (550)", "hint: check that `from:` may send there"]),
        (
            secure("smtp", server.port, ""),
            MailServer::PASSWORD,
            step,
            ["there is no secure connection to smtp://127.0.0.1", "hint: name the authority"],
        ),
        (
            secure("smtp", u64::from(closed), ""),
            MailServer::PASSWORD,
            step,
            ["cannot be reached: Connection refused", "hint: check that `mail: {server: …}`"],
        ),
        // The address of this host by which it is not known to be this host.
        (open, MailServer::PASSWORD, step, ["STARTTLS is not supported on this server", "without TLS nothing is sent to another host"]),
    ] {
        let project = project(&mail, &[step]);
        project.edit("runbooks/real.yaml", "owner: on-call\n", "");
        run(&project, password, &EXECUTE).exits_with(1).says("1/1 failed: ").says(said[0]);
        let report = std::fs::read_to_string(project.path("x/report.md")).unwrap();
        assert!(report.replace('\\', "").contains(said[1]), "{report}");
    }
    assert!(server.rest().is_empty() && plain.rest().is_empty());
}

#[test]
fn whom_only_a_person_can_call_is_shown_and_the_step_is_skipped() {
    let project =
        project("", &["name: Call, notify: {contact: pager, message: \"get up, ${primary} is down\"}", "name: After, run: [touch, after]"]);
    let execute = ["execute", "runbooks/real.yaml", "--out", "x", "--yes", "--service", "chat"];
    project.edit("runbooks/real.yaml", "owner: on-call\n", "");
    let run = run(&project, "no password at all", &[&execute[..], &["--env", "lab"]].concat());
    run.exits_with(0).says("1/2 skipped: call Bob at 112: get up, first is down");
    assert!(project.path("after").exists());
}

/// In the clear to this host, and in a drill.
#[test]
fn a_drill_writes_to_people_too() {
    let mut server = MailServer::plain();
    let mail = format!("mail: {{server: \"smtp://127.0.0.1:{}\", from: lifeboat@mailer.test}}\n", server.port);
    let project = project(&mail, &[]);
    project.runbook(
        "with-the-fault",
        &[
            "name: Write, notify: {contact: on-call, message: \"${primary} is down\"}, timeout: 20s",
            "name: Call, notify: {contact: pager, message: \"get up\"}, timeout: 20s",
        ],
    );
    let mut command = project.start_with(&["run", "scenarios/quick.yaml", "--out", "drill", "--yes"], &ADDRESSES);
    command.until("2/2 skipped: call Bob at 112: get up").signal(2);
    command.finish().exits_with(4);
    assert_eq!(server.took()["text"].as_str().unwrap().trim(), "first is down");
    project.stopped_cleanly("drill", "person");
    let history = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    assert!(!history.contains(ADDRESSES[0].1), "an address stands in the history");
}
