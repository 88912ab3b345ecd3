//! What an expression says, what is wrong with one and where, and that none costs more than a moment.

use super::*;
use std::collections::BTreeSet;

fn known() -> KnownFacts {
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>());
    let maps =
        [("steps", names(&["region", "count", "status-code"])), ("ended", names(&["Find region"])), ("param", names(&[])), ("role", None)];
    KnownFacts {
        texts: ["env".to_owned(), "severity".to_owned()].into(),
        maps: maps.into_iter().map(|(name, names)| (name.to_owned(), names)).collect(),
        json: names(&["region", "count", "status-code"]).unwrap(),
    }
}

fn facts() -> WalkFacts {
    let mut facts = WalkFacts::default();
    ["steps", "ended", "param", "role"].into_iter().for_each(|map| facts.map(map));
    facts.text("env", "production");
    facts.entry("steps", "region", "eu");
    facts.entry("steps", "count", "5");
    facts.entry("steps", "status-code", r#"{"code": 503, "lag": 1.5, "ok": true, "hosts": ["a", "b"]}"#);
    facts.entry("ended", "Find region", "failed");
    facts.entry("role", "commander", "alice");
    facts
}

/// The first problem: the characters that it is about, and in words.
fn problem(text: &str) -> Option<(String, String, String)> {
    let first = match Expression::parse(text) {
        Err(problem) => problem,
        Ok(expression) => expression.problems(&known()).into_iter().next()?,
    };
    let about = text.chars().skip(first.place.start).take(first.place.len()).collect();
    Some((about, first.message, first.hint))
}

#[test]
fn what_holds_is_true_and_nothing_else_is() {
    let cases = [
        ("steps.region == 'eu' && int(steps.count) > 3", true),
        ("steps.region == \"us\" || !(int(steps.count) > 3)", false),
        ("ended['Find region'] == 'failed' && env != 'staging'", true),
        ("has(steps.region) && !has(steps.nothing)", true),
        ("'count' in steps && steps.count in ['4', '5']", true),
        ("json['status-code'].code >= 500 && json['status-code'].lag < 2 && json['status-code'].ok", true),
        ("json['status-code'].hosts.exists(host, host == 'b') && size(json['status-code'].hosts) == 2", true),
        ("steps.count.matches('^[0-9]+$') && role.commander.startsWith('al')", true),
        ("double(steps.count) / 2.0 > 2.4 ? true : false", true),
    ];
    for (text, wanted) in cases {
        let expression = Expression::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        assert_eq!(
            expression.problems(&known()).into_iter().filter(|problem| !problem.message.contains("`nothing`")).collect::<Vec<_>>(),
            []
        );
        assert_eq!(expression.holds(&facts()), Ok(wanted), "{text}");
    }
}

#[test]
fn an_error_says_what_to_write_and_is_no_answer() {
    let cases = [
        ("steps.count > 3", "`>` of a text and a number; make the text a number first, for example `int(steps.count) > 3`"),
        ("int(steps.region) > 3", "what stands in `int(…)` is not a number"),
        ("steps.count", "`steps.count` is a text, and neither true nor false"),
        ("steps.gone == 'a'", "`steps.gone` has no value: its step was skipped, failed or has not run yet"),
        ("json.region.x == 1", "because what the step gave is not JSON"),
        ("steps.region && true", "`&&` of a text and true or false"),
        ("severity == 'error'", "needs `severity`, which has no value here"),
        ("1 / 0 == 1", "divides by zero"),
    ];
    for (text, wanted) in cases {
        let told = Expression::parse(text).unwrap().holds(&facts()).unwrap_err();
        assert!(told.contains(wanted) && !told.contains('\n'), "{text}: {told}");
    }
}

#[test]
fn what_is_wrong_is_told_at_its_place_and_in_plain_words() {
    let cases = [
        ("steps.region = 'eu'", "=", "one `=` compares nothing", "write `==`"),
        ("steps.region == 'eu' and env == 'x'", "and", "`and` is not a word of conditions", "write `&&`"),
        ("steps.region is 'eu'", "is", "`is` is not a word of conditions", "write `==`"),
        ("(steps.region == 'eu'", "'", "a bracket is not closed", "add a `)` where it ends"),
        ("steps.region == 'eu')", ")", "`)` closes a bracket that is not open", "take it away"),
        ("steps.region == 'eu", "u", "a text in this condition is not closed", "end it with the quote"),
        ("steps.region ==", "=", "something is missing at the end", "say what is compared"),
        ("${steps.region} == 'eu'", "$", "without `${…}`", "write the name alone"),
        ("", "", "this condition is empty", "write for example"),
        ("steps.regoin == 'eu'", "steps.regoin", "no step's output is `regoin`", "did you mean `steps.region`?"),
        ("steps.status-code == '1'", "steps.status", "no step's output is `status`", "did you mean `steps['status-code']`?"),
        (
            "ended['Find regio'] == 'done'",
            "ended['Find regio']",
            "`Find regio` is not a step of this runbook",
            "did you mean `ended['Find region']`?",
        ),
        ("region == 'eu'", "region", "`region` is not a name that a condition knows", "did you mean `steps.region`?"),
        ("step.region == 'eu'", "step", "`step` is not a name", "did you mean `steps`?"),
        ("steps.region == eu", "eu", "`eu` is not a name", "a text stands in quotes, `'eu'`"),
        ("steps.count > 3", "steps.count", "`steps.count` is a text, and is held against a number", "write `int(steps.count) > 3`"),
        ("steps.count", "steps.count", "and neither true nor false", "compare it"),
        ("env == 'x' && size(steps.count)", "size(steps.count)", "is a number, and neither true nor false", "> 0"),
        ("lower(steps.region) == 'eu'", "lower", "`lower` is not a function of conditions", "there are int"),
    ];
    for (text, about, message, hint) in cases {
        let (at, told, advised) = problem(text).unwrap_or_else(|| panic!("nothing is wrong with {text}"));
        assert!(told.contains(message), "{text}: {told}");
        assert!(advised.contains(hint), "{text}: {advised}");
        assert!(at.starts_with(about) || about.starts_with(&at) || about.is_empty(), "{text}: at `{at}`");
        assert!(!told.contains("expecting") && !told.contains("IDENTIFIER") && !told.contains('\n'), "{told}");
    }
}

#[test]
fn nothing_that_is_written_costs_more_than_a_moment_or_ends_the_process() {
    let chain = |part: &str, count: usize, end: &str| part.repeat(count) + end;
    let hostile = [
        chain("(", 30_000, "a"),
        "(".repeat(16) + "env" + &")".repeat(16),
        "(".repeat(1_000) + "env" + &")".repeat(1_000),
        chain("env == 'x' && ", 60, "true"),
        chain("1+", 119, "1 > 0"),
        chain("!", 239, "true"),
        chain("-", 239, "1 > 0"),
        chain("true?true:", 8, "true"),
        chain("true?", 400, "true"),
        "env".to_owned() + &".b".repeat(230),
        "env".to_owned() + &"[0]".repeat(16),
        "env".to_owned() + &".f()".repeat(100),
        chain("env==", 100, "env"),
        chain("size(", 1_000, "env"),
        "x".repeat(64 << 10),
        "env.matches('(a+)+$') || env.matches('(')".to_owned(),
        "env.matches('a{1000}{1000}')".to_owned(),
        "[1,2,3].all(a, [1,2,3].all(b, [1,2,3].all(c, a + b + c > 0)))".to_owned(),
        "\u{202e}env == '\u{1F600}".to_owned(),
    ];
    for text in hostile {
        let began = std::time::Instant::now();
        if let Ok(expression) = Expression::parse(&text) {
            let _ = (expression.problems(&known()), expression.holds(&facts()));
        }
        let shown: String = text.chars().take(40).collect();
        assert!(began.elapsed().as_secs() < 20, "{shown}… took {:?}", began.elapsed());
    }
    let deep = Expression::parse(&("(".repeat(17) + "env" + &")".repeat(17))).unwrap_err();
    assert!(deep.message.contains("too deep"), "{deep:?}");
}
