//! Files of findings as people leave them: what they wrote stays byte for byte, and what is broken is told where it is.

use super::*;

const WRITTEN: &str = "\
# our own words
version: 1
drill: d1   # the first
scenario: outage
environment: lab
started: 2026-11-20T10:00:00Z
findings:
  # look at this one first
  - id: relapse
    about: chat
    severity: high   # ann: really?
    says: \"It came back, and went.\"
    since: d1
    last_seen: d1
    state: new
    owner: ann  # until friday
    due: 2026-12-01
    ticket: 'OPS-412'
    notes: |
      two lines,
      of our own

  - {id: late-answers, severity: low, says: slow, state: accepted, owner: bob}
  - id: budget-unclear
    says: Who pays?
";

fn read(text: &str) -> ReviewFile {
    ReviewFile::from_bytes(text.as_bytes().to_vec(), "drills/d1/findings.yaml").unwrap_or_else(|findings| panic!("{findings}"))
}

#[track_caller]
fn broken(text: &str) -> String {
    ReviewFile::from_bytes(text.as_bytes().to_vec(), "drills/d1/findings.yaml").map(|_| ()).unwrap_err().to_string()
}

fn new(id: &str) -> KeptFinding {
    KeptFinding {
        id: id.into(),
        about: None,
        severity: FindingSeverity::Medium,
        says: "a: \"new\" one # \u{202e}x".into(),
        suggestion: Some("Set `x` to `2`.".into()),
        since: Some("d2".into()),
        last_seen: Some("d2".into()),
        state: FindingState::New,
        owner: None,
        due: None,
        ticket: None,
        notes: None,
    }
}

#[test]
fn what_people_wrote_is_read() {
    let file = read(WRITTEN);
    let entries = &file.kept().entries;
    assert_eq!((entries.len(), file.kept().drill.as_deref()), (3, Some("d1")));
    let first = &entries[0];
    assert_eq!((first.owner.as_deref(), first.due.as_deref(), first.ticket.as_deref()), (Some("ann"), Some("2026-12-01"), Some("OPS-412")));
    assert_eq!((first.notes.as_deref(), first.state), (Some("two lines,\nof our own\n"), FindingState::New));
    assert_eq!((entries[1].state, entries[2].severity), (FindingState::Accepted, FindingSeverity::Medium));
}

#[test]
fn what_is_brought_up_to_date_leaves_every_other_byte() {
    let file = read(WRITTEN);
    assert_eq!(file.updated(file.kept()).unwrap(), WRITTEN, "nothing to say changes nothing");
    let mut kept = file.kept().clone();
    kept.drill = Some("d2".into());
    kept.compared_with = Some("d1".into());
    (kept.entries[0].state, kept.entries[0].last_seen) = (FindingState::StillThere, Some("d2".into()));
    kept.entries[0].says = "It came back twice: \"ok\".".into();
    kept.entries[1].last_seen = Some("d2".into());
    let text = file.updated(&kept).unwrap();
    let wanted = WRITTEN
        .replace("drill: d1 ", "drill: d2 ")
        .replace("version: 1\n", "version: 1\ncompared_with: d1\n")
        .replace("\"It came back, and went.\"", "\"It came back twice: \\\"ok\\\".\"")
        .replace("last_seen: d1", "last_seen: d2")
        .replace("state: new", "state: still-there")
        .replace("{id: late-answers,", "{id: late-answers, last_seen: d2,");
    assert_eq!(text, wanted);
}

#[test]
fn new_findings_come_behind_the_last() {
    for text in [
        WRITTEN,
        "version: 1\nfindings: []\n",
        "version: 1\nfindings:\n",
        "version: 1\nfindings:   # none yet",
        "version: 1",
        "version: 1\nfindings:\n- id: relapse\n  says: x\n",
        "version: 1\nfindings:\n    - id: relapse\n      notes: >\n        folded\n        text\ndrill: d1\n",
        "version: 1\r\nfindings:\r\n  - id: relapse\r\n    says: x\r\n",
    ] {
        let file = read(text);
        let mut kept = file.kept().clone();
        kept.entries.push(new("retry-storm"));
        kept.entries.push(KeptFinding { about: Some("chat".into()), ..new("retry-storm") });
        let updated = file.updated(&kept).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert_eq!(read(&updated).kept().entries, kept.entries, "{updated}");
        assert!(!updated.contains('\u{202e}') && updated.contains("owner:\n"), "{updated}");
        assert_eq!(read(&updated).updated(&kept).unwrap(), updated, "and the next time nothing changes");
        let people: Vec<&str> = text.lines().filter(|line| line.contains('#')).collect();
        assert!(people.iter().all(|line| updated.contains(line)), "{updated}");
    }
}

#[test]
fn a_new_file_reads_back() {
    let kept = KeptFindings { drill: Some("d1".into()), started: Some("2026-11-20T10:00:00+01:00".into()), ..KeptFindings::default() };
    for entries in [vec![], vec![new("relapse"), KeptFinding { says: "null".into(), about: Some("- x: [".into()), ..new("no") }]] {
        let kept = KeptFindings { entries, ..kept.clone() };
        let text = ReviewFile::fresh(&kept);
        assert_eq!(read(&text).kept(), &kept, "{text}");
    }
}

#[test]
fn what_is_broken_is_told_with_its_line_and_what_to_write() {
    let state = broken("version: 1\nfindings:\n  - id: relapse\n    state: acepted\n");
    assert!(
        state.contains("findings.yaml:4:12") && state.contains("`acepted` is not allowed here") && state.contains("accepted"),
        "{state}"
    );
    let key = broken("version: 1\nfindings:\n  - id: relapse\n    ownr: ann\n");
    assert!(key.contains("findings.yaml:4:5") && key.contains("owner"), "{key}");
    let twice = broken("version: 1\nfindings:\n  - id: relapse\n  - id: relapse\n");
    assert!(twice.contains(":4:5") && twice.contains("here twice") && twice.contains("about"), "{twice}");
    let quote = broken("version: 1\nfindings:\n  - id: relapse\n    notes: \"it\n");
    assert!(quote.contains("findings.yaml:4") && quote.contains("not closed"), "{quote}");
    assert!(
        broken("").contains("empty")
            && broken("findings: []\n").contains("version")
            && broken("version: 1\nfindings: 3\n").contains("a list")
    );
    assert!(broken("version: 1\nfindings:\n  - says: x\n").contains("`id`"));
}

#[test]
fn hostile_files_are_bounded() {
    let many = format!("version: 1\nfindings:\n{}", "  - id: relapse\n".repeat(MOST + 1));
    assert!(broken(&many).contains("more than"));
    let bomb = "version: 1\na: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]\n";
    assert!(broken(bomb).contains("20000") || broken(bomb).contains("20 000"), "{}", broken(bomb));
    assert!(broken(&format!("version: 1\nfindings: {}", "[".repeat(5_000))).contains("deep"));
    let large = ReviewFile::from_bytes(vec![b'#'; 1_000_001], "x").map(|_| ()).unwrap_err().to_string();
    assert!(large.contains("larger than 1 MB"), "{large}");
    for odd in
        ["version: 1\nfindings: &x\n  - *x\n", "version: 1\nfindings:\n  - id: !!str relapse\n", "version: 1\n---\nversion: 1\n", "\u{0}"]
    {
        assert!(!broken(odd).is_empty());
    }
}

#[test]
fn a_form_that_cannot_be_changed_is_left_alone() {
    let text = "version: 1\nfindings: [{id: relapse, says: x}]\n";
    let file = read(text);
    let mut kept = file.kept().clone();
    kept.entries.push(new("retry-storm"));
    let error = file.updated(&kept).unwrap_err();
    assert!(error.to_string().contains("findings.yaml:2") && crate::units::Explained::hint(&error).is_some(), "{error}");
    let alias = "version: 1\nfindings:\n  - id: relapse\n    notes: &n later\n    says: *n\n";
    let file = read(alias);
    let mut kept = file.kept().clone();
    kept.entries[0].says = "other".into();
    assert!(file.updated(&kept).is_err());
}
