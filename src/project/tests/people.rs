//! People who are told something: contacts that nobody declared, and mail servers that cannot be.

use super::{Files, INVENTORY_PATH, RUNBOOK_PATH, gets};

#[test]
fn a_step_may_notify_only_whom_the_inventory_knows() {
    gets(
        RUNBOOK_PATH,
        "    timeout: 1m\n",
        "    timeout: 1m\n    undo: {notify: {contact: oncal, message: over}}\n  - {name: Tell, notify: {contact: lead, message: hello}, timeout: 5s}\n",
        r#"
error: `oncal` is not a contact of this inventory
   --> runbooks/switch.yaml:14:30
    |
 14 |     undo: {notify: {contact: oncal, message: over}}
    |                              ^^^^^
    = hint: did you mean `oncall`?

error: `lead` is not a contact of this inventory
   --> runbooks/switch.yaml:15:36
    |
 15 |   - {name: Tell, notify: {contact: lead, message: hello}, timeout: 5s}
    |                                    ^^^^
    = hint: write `oncall`, or declare it in the inventory
"#,
    );
    let mail = "contacts:\n";
    let server = "mail: {server: \"smtp://mail.example\", from: lifeboat@acme.example}\ncontacts:\n";
    let step = "    timeout: 1m\n  - {name: Tell, notify: {email: lead@acme.example, message: hello}, timeout: 5s}\n";
    let files = Files::new();
    files.spoil(RUNBOOK_PATH, "    timeout: 1m\n", step);
    let said = files.check();
    assert!(said.starts_with("error: the inventory names no mail server\n   --> runbooks/switch.yaml:14:34"), "{said}");
    assert!(said.contains("hint: name one under `mail:` of the inventory, with `server` and `from`"), "{said}");
    assert_eq!(files.spoil(INVENTORY_PATH, mail, server).check(), "");
}

#[test]
fn a_mail_server_has_a_scheme_a_sender_and_both_or_none_of_a_login() {
    let files = Files::new();
    let mail = "mail: {server: mail.example, from: \"Lifeboat <l@acme.example>\", password_from: hunter2}\ncontacts:\n";
    let said = files.spoil(INVENTORY_PATH, "contacts:\n", mail).check();
    for wanted in [
        "`mail.example` is not a mail server\n",
        "= hint: write `smtp://HOST:PORT`, or `smtps://HOST:PORT` where the connection begins with TLS\n",
        "`Lifeboat <l@acme.example>` is not an address of e-mail\n",
        "this does not say where the credential is found\n",
        "`password_from` is of no use without `user`\n",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn people_who_are_too_late_even_if_nothing_else_takes_time_are_found() {
    let said = |who: &str| {
        format!(
            "warning: half of all people take longer than 11 s to react, and the RTO in `{who}` is 10 s\n  --> runbooks/switch.yaml:5:11\n"
        )
    };
    let files = Files::new();
    files.spoil(RUNBOOK_PATH, "start: on-detection\n", "start: on-detection\nreaction: 11s\n");
    assert!(files.check().starts_with(&said("outage")), "{}", files.check());
    std::fs::remove_file(files.scenario()).unwrap();
    assert!(files.check().contains(&said("support-chat")[..40]), "{}", files.check());
    let files = Files::new();
    files.spoil(RUNBOOK_PATH, "start: on-detection\n", "start: on-detection\nreaction: {p50: 10s, p95: 60s}\n");
    assert_eq!(files.check(), "", "half of them are in time");
    files.spoil(RUNBOOK_PATH, "p95: 60s", "p95: 9s");
    assert!(files.check().starts_with("error: the 95th percentile is below the median\n"), "{}", files.check());
}
