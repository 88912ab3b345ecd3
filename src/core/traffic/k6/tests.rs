//! Driving k6: what its script is told, what its points mean, how it ends.

use super::*;
use crate::journal::Journal;

/// One that reads the points of a first workload.
fn follower(recorder: Recorder) -> K6OutputReader {
    K6OutputReader {
        points: K6Points::new(vec!["lifeboat".into(), "due".into()]),
        walls: WallOffset::read(recorder.clock()),
        recorder,
        workload: 0,
        budget: Arc::new(Budget::new(None, None, Vec::new())),
        redactor: Redactor::default(),
        unjudged: HashMap::new(),
        dropped: Vec::new(),
        recorded: 0,
        later: 0,
        silent: Some(0),
        numbers: EndedRequests::default(),
        until: watch::channel(None).1,
        ended: watch::channel(None).1,
        begins: watch::channel(None).0,
        wholes: watch::channel(false).0,
        breaks: watch::channel(None).0,
    }
}

#[test]
fn all_that_was_due_has_ended_once_no_number_before_the_first_later_one_is_missing() {
    let mut numbers = EndedRequests::default();
    for number in [0, 2, 1, 4] {
        numbers.ended(number, false);
        assert!(!numbers.is_whole(), "nobody knows yet how many there are");
    }
    numbers.ended(6, true);
    assert!(!numbers.is_whole(), "3 is missing, and 5");
    numbers.ended(3, false);
    numbers.ended(5, true);
    assert!(numbers.is_whole());
    assert!(numbers.beyond.is_empty(), "nothing is kept of what is known");
    // A script that begins anywhere else is waited for as long as anybody is.
    let mut other = EndedRequests::default();
    (10..20).for_each(|number| other.ended(number, number > 15));
    assert!(!other.is_whole());
}

#[test]
fn an_end_is_told_by_its_code_or_its_signal() {
    assert_eq!(super::told(ProcessExit::Code(107)), "k6 ended before the drill did, with exit code 107");
    assert!(super::told(ProcessExit::Signal(9)).starts_with("k6 was killed by SIGKILL"));
    assert_eq!(super::told(ProcessExit::Signal(7)), "k6 was killed by signal 7 before the drill ended");
}

/// Of a script that sends in some of its runs, and not in others, nobody says that it sends nothing.
#[tokio::test]
async fn a_script_is_silent_only_where_no_request_has_ever_come() {
    let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
    let sent = |number: u64| {
        let tags = vec![Some(number.to_string()), Some("0".into())];
        Some(K6Point::Request(K6Sample { tags, status: 503, failed: Some(true), ..K6Sample::default() }))
    };
    let mut follower = follower(journal.recorder());
    for number in 0..20 {
        assert!(follower.sort(sent(number)).unwrap().is_some());
        for _ in 0..MOST_SILENT * 2 {
            assert!(follower.sort(Some(K6Point::Iterated)).unwrap().is_none(), "after {number} requests");
        }
    }
    let mut silent = self::follower(journal.recorder());
    for _ in 0..MOST_SILENT {
        assert!(silent.sort(Some(K6Point::Iterated)).is_ok());
    }
    assert!(silent.sort(Some(K6Point::Iterated)).unwrap_err().contains("sends no request"));
}

/// The words of `word`, for what k6 tells by its codes.
#[test]
fn outcomes_have_the_words_of_the_drills_own_traffic() {
    let told = |code, status, error| {
        let (outcome, why) = outcome(&K6Sample { code, status, error, failed: Some(error || status >= 400), ..K6Sample::default() });
        (outcome, why.unwrap_or_default())
    };
    for (code, status, outcome, word) in [
        (1050, 0, Outcome::Timeout, "no-answer"),
        (1101, 0, Outcome::Error, "not-resolved"),
        (1211, 0, Outcome::Timeout, "connect-timed-out"),
        (1212, 0, Outcome::Error, "refused"),
        (1213, 0, Outcome::Error, "not-connected"),
        (1220, 0, Outcome::Error, "cut-before-headers"),
        (1000, 0, Outcome::Error, "cut-before-headers"),
        (1310, 0, Outcome::Error, "certificate-untrusted"),
        (1311, 0, Outcome::Error, "certificate-wrong-name"),
        (1300, 0, Outcome::Error, "tls-refused"),
        (1503, 503, Outcome::Error, "status-503"),
        (1000, 200, Outcome::Truncated, "cut"),
    ] {
        assert_eq!(told(code, status, true), (outcome, word.to_owned()), "{code} {status}");
    }
    assert_eq!(told(0, 200, false), (Outcome::Ok, String::new()));
    assert_eq!(told(1503, 503, false), (Outcome::Error, "status-503".to_owned()), "k6 calls no status an error of its own");
}
