//! What a report says of rotations that went well and wrong.

use super::headline;
use crate::history::{Event, KeyStanding, Outcome, Stamped};
use crate::report::{Digest, DrillContext, drill, markdown, summary};
use crate::rotation_story::{MS, NEW, OLD, Story, WRONG, emergency, planned, served};

fn report(story: &Story) -> String {
    let mut digest = Digest::default();
    digest.apply(&Stamped { t: 0, event: Event::Started(Box::new(story.started())) });
    story.events().iter().for_each(|stamped| digest.apply(stamped));
    digest.settle();
    let report = drill(&story.judged(), &digest, "0", &DrillContext::default());
    crate::report::tests::is_well_formed(&report);
    let report = markdown(&report);
    crate::report::tests::as_people_write(&report);
    crate::report::tests::as_people_write(&summary(&story.judged(), 100));
    report
}

fn stories() -> Vec<(&'static str, Story)> {
    let nobody = |story: &mut Story| {
        (story.minted, story.stored, story.new_probe) = (None, None, None);
        story.replicas = vec![Vec::new(); 2];
    };
    vec![
        (
            "Every replica used the new key 4.04 to 4.06 s after the old one was revoked (objective: 8 s), and the provider refuses the old one: met.",
            emergency(),
        ),
        ("No new key was created: missed.", emergency().but(nobody)),
        (
            "The store holds another key (00000bad) than the one that was created (000002e0): missed.",
            emergency().but(|story| {
                story.stored = Some((13_000, WRONG));
                story.replicas = vec![vec![(14_000, WRONG)]; 2];
            }),
        ),
        ("Replica 2 still used the old key 29.94 s after it was revoked: missed.", emergency().but(|story| story.replicas[1].clear())),
        (
            "The provider still accepts the old key, 30.99 s after it was revoked: missed.",
            emergency().but(|story| story.old_probe = Some((41_000, KeyStanding::Accepted))),
        ),
        (
            "The provider answered 1 request of replica 2 with the old key, more than 2 s after its revocation: missed.",
            emergency().but(|story| story.besides.push(served(Some(1), "primary", 13_000 * MS, MS, 200, OLD))),
        ),
        (
            "The provider gave no clear answer about the old key, which proves nothing: inconclusive.",
            emergency().but(|story| story.old_probe = Some((41_000, KeyStanding::Unknown))),
        ),
        (
            "No other provider answered while the old key was refused: missed.",
            emergency().but(|story| {
                story.standby = false;
                story.objectives.rto = Some(crate::units::Duration::from_secs(9));
            }),
        ),
        (
            "Every replica used the new key 4.04 to 4.06 s after the rotation began (objective: 8 s), and the provider refuses the old one: met.",
            planned(),
        ),
        (
            "Clients lost 1 request (truncated) during the rotation: missed.",
            planned().but(|story| story.ends = [(300, Outcome::Truncated)].into()),
        ),
        ("The old key was never revoked: missed.", planned().but(|story| story.revoked = None)),
    ]
}

#[test]
fn the_worst_is_said_in_one_sentence() {
    for (sentence, story) in stories() {
        assert_eq!(headline(&story.judged()).plain(), sentence);
    }
}

#[test]
fn the_headline_stands_in_report_and_summary() {
    for (sentence, story) in stories() {
        let report = report(&story);
        let shown = summary(&story.judged(), 100).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(report.lines().nth(2).unwrap().contains(sentence), "{report}");
        assert!(shown.contains(sentence), "{shown}");
    }
}

#[test]
fn every_moment_every_replica_and_every_promise_has_its_row() {
    let report = report(&emergency());
    for moment in ["T0", "T1", "T2", "T3", "T4", "T5", "T6"] {
        assert_eq!(report.lines().filter(|line| line.starts_with(&format!("| {moment} |"))).count(), 1, "{moment}: {report}");
    }
    for row in [
        "| T0 | the old key (0000001d) is revoked | 0.00 to 0.01 s | the issuer, checked |",
        "| T3 | the store holds the new key | 2.99 to 3.01 s | vault secret/gateway, read again |",
        "| T6 | every replica uses the new key | 4.04 to 4.06 s | the proxy in front of primary |",
        "| 1 | 3.89 to 3.91 s | 39 | 0 | 3.99 to 4.01 s |",
        "| old_key_refused | The old key is dead: the provider refuses it, and answers no request with it | 2 s after its revocation |",
    ] {
        assert!(report.contains(row), "{row}\n{report}");
    }
    let unbroken = self::report(&planned());
    for absent in ["cutover", "The fault, and that it took effect", "Where the seconds went"] {
        assert!(!unbroken.contains(absent), "{absent}: {unbroken}");
    }
    assert!(!report.contains(&NEW.0.to_string()), "keys are told by their fingerprints");
}

#[test]
fn a_name_is_told_as_it_is_and_made_safe_only_where_it_is_written_down() {
    let mut verdict = emergency().judged();
    verdict.rotations[0].provider = "open_ai".to_owned();
    verdict.rotations.push(verdict.rotations[0].clone());
    let shown = summary(&verdict, 100).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains(" open_ai: Every replica used the new key"), "{shown}");
    let report = markdown(&drill(&verdict, &Digest::default(), "0", &DrillContext::default()));
    assert!(report.contains("open\\_ai: Every replica used the new key"), "{report}");
}
