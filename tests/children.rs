//! What programs that Lifeboat starts are given and may show: no variable that they were not promised, no secret that the inventory names in
//! any history or report, and files that are their owner's alone.

use crate::support::Project;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Everything that stands in the environment and that nobody may read anywhere.
const SECRETS: [(&str, &str); 9] = [
    ("OPENAI_ADMIN_KEY", "sk-admin-00112233445566"),
    ("VAULT_SECRET_ID", "a1b2c3d4-vault-secret-id"),
    ("AWS_SECRET", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY"),
    ("AWS_SESSION", "FwoGZXIvYXdzEJr//session/token=="),
    ("KUBE_TOKEN", "eyJhbGciOiJSUzI1NiJ9.k8s.token-1"),
    ("MAIL_PASSWORD", "correct-horse-battery"),
    ("HOOK", "https://hooks.example/services/T01/B02/0123456789abcdefghij"),
    ("PAGER", "r0utingk3y0123456789"),
    ("TENANT_KEY", "sk-tenant-one-778899"),
];

const INVENTORY: &str = "\
contacts:
  on-call: {name: On call, reach: \"webhook:${HOOK}\"}
mail: {server: \"smtp://127.0.0.1:25\", from: a@b.example, user: a, password_from: \"env:MAIL_PASSWORD\"}
credentials:
  key: {kind: api-key, from: \"env:NOT_SET\", key_id: x, issuer: {kind: openai, project: p, admin: \"env:OPENAI_ADMIN_KEY\"}}
stores:
  vault: {kind: vault, address: \"http://127.0.0.1:1\", login: {approle: {role_id: r, secret_id: \"env:VAULT_SECRET_ID\"}}}
  aws: {kind: aws-secretsmanager, region: eu, access_key_id: \"env:AWS_ID\", secret_access_key: \"env:AWS_SECRET\", session_token: \"env:AWS_SESSION\"}
  cluster: {kind: kubernetes, address: \"http://127.0.0.1:1\", token: \"env:KUBE_TOKEN\"}
providers:
";

/// The quick project with an inventory that names a secret in every place that can.
fn project() -> Project {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "providers:\n", INVENTORY);
    project.edit("runbooks/inventory.yaml", "first:\n", "first:\n    credential: key\n");
    project.edit(
        "runbooks/inventory.yaml",
        "environments:\n",
        "environments:\n  staging: {services: {chat: {url: \"http://127.0.0.1:1\", keys_from: [\"env:TENANT_KEY\"]}}}\n",
    );
    project
}

/// Walks a runbook of these steps for real, with every secret in the environment.
fn walked(project: &Project, steps: &[&str], code: i32) -> String {
    let steps: String = steps.iter().map(|step| format!("  - {{{step}, timeout: 20s, undo: none}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    let mut command = project.command(&["execute", "runbooks/real.yaml", "--env", "staging", "--service", "chat", "--out", "x"]);
    let run = project.run(command.envs(SECRETS).env("AWS_ID", "AKIAEXAMPLE").env("UNTOLD", "nobody-named-me-1"));
    run.exits_with(code);
    let files = ["history.jsonl", "report.md"].map(|name| std::fs::read_to_string(project.path("x").join(name)).unwrap());
    let all = [&run.stdout[..], &run.stderr, &files[0], &files[1]].concat();
    for (name, secret) in SECRETS {
        assert!(!all.contains(secret) && !all.contains(secret.rsplit('/').next().unwrap()), "the value of {name} is there:\n{all}");
    }
    all
}

/// What the steps printed, as the history has it.
fn outputs(project: &Project) -> Vec<String> {
    let events = project.events("x");
    events.iter().filter_map(|event| Some(event.get("step_finished")?["output"].as_str()?.to_owned())).collect()
}

#[test]
fn a_step_is_given_what_it_was_promised_and_nothing_else() {
    let project = project();
    walked(
        &project,
        &["name: Bare, run: [env]", "name: Promised, run: {command: [env], pass: [UNTOLD, NEVER_SET], env: {GREETING: hello}}"],
        0,
    );
    let outputs = outputs(&project);
    let (bare, promised) = (&outputs[0], &outputs[1]);
    assert!(bare.contains("PATH=") && !bare.contains("UNTOLD=") && !bare.contains("OPENAI_ADMIN_KEY="), "{bare}");
    assert!(promised.contains("UNTOLD=") && promised.contains("GREETING=hello") && !promised.contains("NEVER_SET="), "{promised}");
}

#[test]
fn whatever_prints_a_secret_that_the_inventory_names_shows_none() {
    let project = project();
    let names: Vec<&str> = SECRETS.iter().map(|(name, _)| *name).collect();
    let pass = names.join(", ");
    walked(
        &project,
        &[
            &format!("name: Print, run: {{command: [env], pass: [{pass}]}}"),
            // Folded, coloured and in base32, as other programs print.
            &format!("name: Fold, run: {{command: [sh, -c, 'echo $MAIL_PASSWORD | fold -w 5 | sed \"s/^/    /\"'], pass: [{pass}]}}"),
            &format!("name: Colour, run: {{command: [sh, -c, 'echo $OPENAI_ADMIN_KEY | sed \"s/0011/0011\\x1b[1m/\"'], pass: [{pass}]}}"),
            &format!("name: Encode, run: {{command: [sh, -c, 'printf \"x%s\" $TENANT_KEY | base32 -w0'], pass: [{pass}]}}"),
        ],
        0,
    );
    let all = outputs(&project).join("\n");
    for (name, _) in SECRETS {
        assert!(all.contains(&format!("{name}=[the credential of ")), "{name} was printed, and something else stands for it:\n{all}");
    }
    assert!(!all.contains("corre") && !all.contains("2233445566") && !all.contains("MVXGC3TUFVXW4ZJN"), "{all}");
}

#[test]
fn a_command_that_names_a_variable_which_it_is_not_given_is_warned_of() {
    let project = project();
    let step =
        |run: &str| format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n  - {{name: A, run: {run}, timeout: 20s, undo: none}}\n");
    project.write("runbooks/real.yaml", &step("[sh, -c, 'curl -H \"x: $DEPLOY_TOKEN\" $HOME']"));
    let run = project.lifeboat(&["check", "runbooks/real.yaml"]);
    run.says("the command names `$DEPLOY_TOKEN`, which the program is not given").says("pass: [DEPLOY_TOKEN]");
    for run in [
        "{command: [sh, -c, 'curl $DEPLOY_TOKEN'], pass: [DEPLOY_TOKEN]}",
        "{command: [sh, -c, 'curl $DEPLOY_TOKEN'], env: {DEPLOY_TOKEN: x}}",
        "[sh, -c, 'X=1; echo $X $1 $? $HOME']",
    ] {
        project.write("runbooks/real.yaml", &step(run));
        let run = project.lifeboat(&["check", "runbooks/real.yaml"]);
        assert!(!run.stderr.contains("is not given") && !run.stdout.contains("is not given"), "{run:?}");
    }
}

#[test]
fn a_store_s_and_an_issuer_s_command_that_name_such_a_variable_are_warned_of_too() {
    let project = project();
    let stores = |pass: &str| {
        format!(
            "stores:\n  pass: {{kind: command, read: [sh, -c, 'pass $STORE_TOKEN'], write: [sh, -c, 'put $STORE_TOKEN'], pass: [{pass}]}}\n"
        )
    };
    let issuer = |pass: &str| {
        format!(
            "issuer: {{kind: command, mint: [mint], revoke: [sh, -c, 'end $LIFEBOAT_KEY_ID $ISSUER_TOKEN'], probe: [probe], pass: [{pass}]}}}}\n"
        )
    };
    project.edit("runbooks/inventory.yaml", "stores:\n", &stores(""));
    project.edit("runbooks/inventory.yaml", "issuer: {kind: openai, project: p, admin: \"env:OPENAI_ADMIN_KEY\"}}\n", &issuer(""));
    let run = project.lifeboat(&["check"]);
    run.says("the command names `$STORE_TOKEN`, which the program is not given").says("{kind: command, read: […], pass: [STORE_TOKEN]}");
    run.says("the command names `$ISSUER_TOKEN`, which the program is not given").says("pass: [ISSUER_TOKEN]");
    project.edit("runbooks/inventory.yaml", &stores(""), &stores("STORE_TOKEN"));
    project.edit("runbooks/inventory.yaml", &issuer(""), &issuer("ISSUER_TOKEN"));
    let run = project.lifeboat(&["check"]);
    assert!(!run.stderr.contains("is not given") && !run.stdout.contains("is not given"), "{run:?}");
}

#[test]
fn k6_is_given_whom_it_trusts_and_by_whom_it_goes_out_and_nothing_else() {
    let project = project();
    // In the place of k6: it says what it is given, and ends.
    let k6 = project.path("bin/k6");
    project.write("bin/k6", "#!/bin/sh\nenv > seen\nenv >&2\n");
    std::fs::set_permissions(&k6, std::fs::Permissions::from_mode(0o755)).unwrap();
    project.write("traffic.js", "export default () => {}\n");
    project.edit("scenarios/quick.yaml", "request: chat-stream", "engine: k6, script: traffic.js");
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(k6.parent().map(Into::into).into_iter().chain(std::env::split_paths(&folders))).unwrap();
    let mut drill = project.command(&["run", "scenarios/quick.yaml", "--out", "drill"]);
    let drill = drill.env("PATH", path).env("UNTOLD", "nobody-named-me-1").env("HTTPS_PROXY", "http://me:pr0xy-pass@127.0.0.1:3128");
    project.run(drill.env("SSL_CERT_FILE", "/etc/ssl/own.pem").env("NO_PROXY", "127.0.0.1")).exits_with(3).says("k6 ended before");
    let seen = std::fs::read_to_string(project.path("seen")).unwrap();
    for given in ["SSL_CERT_FILE=/etc/ssl/own.pem", "HTTPS_PROXY=http://me:pr0xy-pass@127.0.0.1:3128", "NO_PROXY=127.0.0.1"] {
        assert!(seen.contains(given), "{given}: {seen}");
    }
    assert!(!seen.contains("UNTOLD"), "{seen}");
    let said = std::fs::read_to_string(project.path("drill/k6.log")).unwrap();
    assert!(said.contains("HTTPS_PROXY=") && !said.contains("pr0xy-pass"), "{said}");
}

/// Panics for whatever somebody else could read below a folder.
fn only_its_owners(folder: &Path) -> usize {
    let mode = |path: &Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += only_its_owners(&path);
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            count += 1;
        }
    }
    count
}

/// The binary as it is started by somebody whose umask takes nothing away.
fn openly<'p>(project: &'p Project, args: &[&'p str]) -> std::process::Command {
    let umask = ["sh", "-c", "umask 0; exec \"$@\"", "sh"];
    project.after(&umask, args)
}

#[test]
fn what_drills_and_executions_leave_is_its_owners_alone_whatever_the_umask() {
    let project = project();
    let start = "lab: {embedded: true, proxies: {first: {tls: true}}, start: {run: [sh, -c, 'env > seen; echo said; touch drill/own; sleep 600'], \
                 pass: [UNTOLD], ready: 'http://127.0.0.1:${port}/', within: 2s}, services: {chat: {url: 'http://127.0.0.1:${port}/v1'}},";
    project.edit("runbooks/inventory.yaml", "lab: {embedded: true,", start);
    let mut drill = openly(&project, &["run", "scenarios/quick.yaml", "--out", "drill"]);
    project.run(drill.envs(SECRETS).env("UNTOLD", "nobody-named-me-1")).exits_with(3).says("was not ready at").says("`pass: […]` lists");
    // history, verdict, report twice, findings, system.log, authority.pem, manifest, the copies of inventory and scenario, and what the system wrote
    // there itself.
    assert_eq!(only_its_owners(&project.path("drill")), 11);
    let seen = std::fs::read_to_string(project.path("seen")).unwrap();
    assert!(seen.contains("UNTOLD=nobody-named-me-1") && !seen.contains("OPENAI_ADMIN_KEY"), "{seen}");
    let steps = "  - {name: Fail, run: [\"false\"], timeout: 20s, undo: none, on_failure: stop}\n";
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    project.run(&mut openly(&project, &["execute", "runbooks/real.yaml"])).exits_with(1);
    let executions = project.path("executions");
    // One that may go on keeps the salt.
    assert_eq!(only_its_owners(&executions), 6);
    let folder = std::fs::read_dir(&executions).unwrap().next().unwrap().unwrap().path();
    assert!(folder.join("salt").is_file());
    project.edit("runbooks/real.yaml", "\"false\"", "\"true\"");
}

#[test]
fn the_salt_goes_when_an_execution_is_over() {
    let project = project();
    walked(&project, &["name: Do, run: [\"true\"]"], 0);
    assert!(!project.path("x/salt").exists(), "with it, keys could be guessed from the history");
    assert_eq!(only_its_owners(&project.path("x")), 5);
}

/// A key that is there and cannot be read: bytes that are no text.
fn unreadable() -> Project {
    let project = project();
    project.edit("runbooks/inventory.yaml", "from: \"env:NOT_SET\"", "from: \"file:key.txt\"");
    std::fs::write(project.path("key.txt"), [0xff, 0xfe, b'k']).unwrap();
    project
}

#[test]
fn a_key_that_cannot_be_read_is_told_on_the_screen_and_in_the_history() {
    let project = unreadable();
    let all = walked(&project, &["name: Do, run: [\"true\"]"], 0);
    let told = "key cannot be read, so it cannot be recognized and hidden in output: file:key.txt";
    assert!(all.matches(told).count() >= 3, "the screen, the history and the report say it:\n{all}");
    let remarks: Vec<_> = project.events("x").into_iter().filter(|event| event["remark"]["about"] == "redaction").collect();
    assert_eq!(remarks.len(), 1, "{remarks:?}");
}

#[test]
fn a_key_that_cannot_be_read_is_missing_in_a_rehearsal_and_refused_where_it_is_needed() {
    let project = unreadable();
    let runbook = |step: &str| format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n  - {{name: A, {step}, timeout: 20s}}\n");
    project.write("runbooks/real.yaml", &runbook("run: [\"true\"], undo: none"));
    let rehearsed = project.lifeboat(&["execute", "runbooks/real.yaml", "--rehearse"]);
    rehearsed.exits_with(1).says("secret key: it cannot be hidden in output");
    project.write("runbooks/real.yaml", &runbook("rotate: {mint: key}"));
    let mut command = project.command(&["execute", "runbooks/real.yaml"]);
    let refused = project.run(command.env("OPENAI_ADMIN_KEY", SECRETS[0].1));
    refused.exits_with(2).says("this runbook rotates key, which cannot be read: file:key.txt");
    assert!(!project.path("executions").exists(), "nothing was begun");
    // A drill in the lab that takes its keys from there.
    project.environment("stores", "keys: stores");
    let scenario = "scenarios/quick.yaml";
    project.edit(scenario, "fault: blackhole,", "fault: {revoke: {propagation: 1s}},");
    let drill = project.lifeboat(&["run", scenario, "--env", "stores", "--out", "drill"]);
    drill.exits_with(3).says("this drill needs key, which cannot be read: file:key.txt");
}
