//! Holds the source to the layout that `src/lib.rs` tells: rooms and floors, what stays out of the pure rooms, which library lives where, a
//! `//!` at the top of every file, nothing unfinished, and words that people use today in what they read.

mod source;
mod structure;

use source::{Source, bare, code, files, paths, root, sources};
use std::collections::BTreeMap;
use std::fs;

/// The floors, read from the table in `src/lib.rs`.
fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("//! | ")?.split(" | ");
        let floor = cells.next()?.parse().ok()?;
        Some((cells.next()?.trim_matches(['[', ']', '`']).to_owned(), floor))
    });
    rows.collect()
}

#[test]
fn every_room_is_in_the_table_and_every_row_is_a_room() {
    let table: Vec<String> = floors().into_keys().collect();
    let mut rooms: Vec<String> = ["src", "src/core"]
        .into_iter()
        .flat_map(|crate_root| fs::read_dir(root().join(crate_root)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !path.ends_with("src/core"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    rooms.sort();
    assert_eq!(table, rooms);
}

#[test]
fn a_room_uses_only_rooms_on_lower_floors() {
    let floors = floors();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| floors.contains_key(&source.room)) {
        for path in paths(&bare(&source.text)).iter().filter(|path| path[0] == "crate" && path.len() > 1) {
            let used = &path[1];
            let Some(floor) = floors.get(used) else { continue };
            if *used != source.room && *floor >= floors[&source.room] {
                let own = floors[&source.room];
                wrong.push(format!("{}: {} (floor {own}) uses {} (floor {floor})", source.path, source.room, path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_engine_never_sees_judgement() {
    let floors = floors();
    let engine = sources()
        .into_iter()
        .filter(|source| matches!(floors.get(&source.room), Some(6 | 7)) && !matches!(source.room.as_str(), "report" | "store"));
    for source in engine {
        for word in ["crate::verdict", "crate::report", "crate::exercise"] {
            assert!(!source.text.contains(word), "{} names {word}", source.path);
        }
    }
}

/// Rooms that compute, and do nothing else.
const PURE: [&str; 14] = [
    "units",
    "model",
    "project",
    "history",
    "dialect",
    "price",
    "verdict",
    "fault",
    "import",
    "report",
    "schedule",
    "coverage",
    "gateway",
    "evaluation",
];

#[test]
fn the_pure_rooms_hold_no_clock_file_environment_or_concurrency() {
    let outside = [
        "async fn",
        "async move",
        "tokio::",
        "Instant",
        "SystemTime",
        "HostTime",
        "std::fs",
        "std::env::",
        "std::net",
        "RandomState",
        "chrono::",
    ];
    // `project` reads the files that it is asked to read, `fault` and `price` speak of moments that they are given.
    let excepted = |room: &str, word: &str| {
        matches!(
            (room, word),
            ("project", "std::fs") | ("fault", "Instant") | ("price", "SystemTime") | ("schedule" | "coverage", "chrono::")
        )
    };
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.room.as_str())) {
        for (line, text) in code(&source.text) {
            for word in outside.iter().filter(|word| text.contains(**word) && !excepted(&source.room, word)) {
                wrong.push(format!("{}:{line}: {word}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Libraries that any room may use: they bring no concept of their own into it.
const EVERYWHERE: [&str; 6] = ["serde", "serde_json", "thiserror", "tokio", "tracing", "bytes"];

/// The rooms of every other library.
const HOMES: [(&str, &[&str]); 61] = [
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anyhow", &["cli"]),
    ("tracing_subscriber", &["cli"]),
    ("serde_saphyr", &["project", "gateway", "evaluation"]),
    ("csv", &["project", "evaluation", "coverage", "store", "cli"]),
    ("toml_edit", &["project"]),
    ("strsim", &["units"]),
    ("flate2", &["import", "traffic"]),
    ("ruzstd", &["import", "evidence"]),
    ("zstd", &["run_folder"]),
    ("genai_prices", &["price"]),
    ("axum", &["proxy", "alert", "execution", "serve"]),
    ("hyper", &["proxy", "traffic", "lab", "listen", "serve"]),
    ("httparse", &["listen", "proxy", "traffic"]),
    ("hyper_util", &["proxy", "traffic", "lab", "alert", "listen", "execution", "serve"]),
    ("hyper_rustls", &["proxy", "lab"]),
    ("http_body_util", &["proxy", "traffic", "lab", "listen"]),
    ("rustls", &["proxy", "traffic", "lab", "secret", "step", "cli", "evidence", "readiness"]),
    ("tokio_rustls", &["proxy", "traffic", "readiness"]),
    ("rcgen", &["proxy"]),
    ("webpki_roots", &["proxy", "traffic"]),
    ("futures_util", &["proxy", "serve"]),
    ("tower_service", &["proxy"]),
    ("socket2", &["proxy", "peer"]),
    ("reqwest", &["web", "asking", "compare", "secret", "step", "control", "drill", "lab", "serve"]),
    ("form_urlencoded", &["lab", "redact", "secret", "execution", "serve"]),
    ("base64", &["dialect", "lab", "project", "redact", "secret", "signing", "evidence", "serve"]),
    ("aho_corasick", &["redact"]),
    ("zeroize", &["units", "secret", "process", "signing", "serve"]),
    ("hmac", &["units"]),
    ("sha2", &["units"]),
    ("ed25519_dalek", &["signing"]),
    ("icalendar", &["permission", "schedule"]),
    ("rrule", &["permission"]),
    ("chrono_tz", &["permission", "units", "schedule"]),
    ("tar", &["evidence"]),
    ("object_store", &["evidence"]),
    ("webpki", &["evidence"]),
    ("aws_sigv4", &["secret"]),
    ("aws_credential_types", &["secret"]),
    ("hdrhistogram", &["report", "history"]),
    ("lettre", &["step"]),
    ("cel", &["expression"]),
    ("regex", &["evaluation", "step", "project", "units"]),
    ("similar", &["execution", "report", "units"]),
    ("maud", &["report", "serve"]),
    ("quick_junit", &["report", "readiness"]),
    ("schemars", &["report", "verdict", "history", "model", "units", "project", "fault", "cli", "evaluation"]),
    ("uuid", &["report", "coverage"]),
    ("statrs", &["verdict", "evaluation"]),
    ("jsonschema", &["evaluation"]),
    ("sqlx", &["store"]),
    ("croner", &["schedule"]),
    ("prometheus_client", &["serve"]),
    ("utoipa", &["serve"]),
    ("governor", &["serve"]),
    ("cookie", &["serve"]),
    ("openidconnect", &["serve"]),
    ("rand_distr", &["model", "traffic", "lab"]),
];

/// Of the same kind, used in more places: randomness is seeded, time is told, the system is asked.
const WIDESPREAD: [&str; 3] = ["rand", "chrono", "rustix"];

#[test]
fn outside_libraries_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        let text = bare(&source.text);
        for (library, rooms) in &HOMES {
            let used = text
                .match_indices(&format!("{library}::"))
                .any(|(place, _)| !text[..place].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':'));
            if used && !rooms.contains(&source.room.as_str()) {
                wrong.push(format!("{}: {library} lives in {rooms:?}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_library_has_a_home() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, list) = manifest.split_once("\n[workspace.dependencies]\n").unwrap();
    let list = list.split("\n# Of tests alone.\n").next().unwrap();
    let names = list
        .lines()
        .filter(|line| !line.starts_with(['#', '[']) && !line.starts_with("lifeboat-"))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"));
    let mut names: Vec<String> = names.collect();
    let mut known: Vec<String> = HOMES.iter().map(|(name, _)| *name).chain(EVERYWHERE).chain(WIDESPREAD).map(str::to_owned).collect();
    names.sort();
    known.sort();
    assert_eq!(names, known);
}

#[test]
fn there_is_one_way_to_the_terminal_and_one_to_an_http_client() {
    // The second writes what its lines have cleaned; the third's stderr is read by whoever started it.
    let writers = ["src/cli/terminal.rs", "src/console/out.rs", "src/core/process/supervisor.rs"];
    let mut wrong = Vec::new();
    for source in sources() {
        for (line, text) in code(&source.text) {
            let writes =
                ["println!(", "print!(", "(stderr()", "(stdout()", "stdout().write", "stderr().write", "io::stderr())", "error.print()"];
            let makes = ["Client::new()", "reqwest::Client::builder()", "ClientBuilder::new()"];
            let looks_only = ["is_terminal()", "tcgetwinsize"].iter().any(|word| text.contains(word));
            if writes.iter().any(|word| text.contains(word)) && !looks_only && !writers.contains(&source.path.as_str()) {
                wrong.push(format!("{}:{line}: say it through cli::terminal", source.path));
            }
            if makes.iter().any(|word| text.contains(word)) && source.path != "src/core/web/mod.rs" {
                wrong.push(format!("{}:{line}: take it from web::client", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_fits_in_the_head() {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        files(&root().join(folder), &mut found);
    }
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not open with `//!`", path.display());
        assert!(text.lines().count() <= 600, "{} has {} lines: find the concept without a name", path.display(), text.lines().count());
        for word in [concat!("todo", "!("), concat!("dbg", "!("), concat!("unimplemented", "!("), concat!("#[", "ignore")] {
            assert!(!text.contains(word), "{} holds {word}", path.display());
        }
    }
}

/// Words and turns that a text on the screen or in a report has a plainer one for.
const DATED: [&str; 22] = [
    "anew",
    "at the latest",
    "bear",
    "bears",
    "befalls",
    "bore",
    "borne",
    "hitherto",
    "lest",
    "nobody knows",
    "nobody says",
    "nothing to find fault",
    "of these 0",
    "shall",
    "stand before",
    "stands before",
    "thereof",
    "well served",
    "while it lasted",
    "whoever",
    "whom",
    "0 lost",
];

/// The texts in quotes of a file's code, one a line of it, and where each stands.
fn texts(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    // A text that goes on in the next line counts there as well: what stands there is no keyword of these.
    let told = |line: &&str| line.contains('"') || line.ends_with('\\');
    code(&source.text).filter(move |(_, line)| told(line) && !line.contains("expect("))
}

#[test]
fn what_people_read_is_in_words_of_today() {
    let mut found = Vec::new();
    for source in sources() {
        for (line, text) in texts(&source) {
            let quoted = text.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ");
            // Names in braces are of the code, and so is what stands between backticks.
            let plain: String = quoted.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
            let words = format!(" {} ", plain.replace(|letter: char| !letter.is_alphanumeric() && letter != '\'' && letter != '_', " "));
            let dated = DATED.iter().filter(|word| words.contains(&format!(" {word} ")));
            found.extend(dated.map(|word| format!("{}:{line} says `{word}`", source.path)));
        }
    }
    assert!(found.is_empty(), "say it as one would today:\n{}", found.join("\n"));
}

#[test]
fn the_top_level_holds_what_a_newcomer_expects() {
    let known = ["Cargo.toml", "Cargo.lock", "src", "runbooks", "scenarios", "tests", "README.md", "LICENSE", "CHANGELOG.md", "deny.toml"];
    // What is made here and ignored by git.
    let made = ["target", "drills", "executions", "spare.env", "gateway.env", "gateway.pid", "vertex-account.json"];
    let names = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let strays: Vec<String> =
        names.filter(|name| !name.starts_with('.') && !known.contains(&name.as_str()) && !made.contains(&name.as_str())).collect();
    assert!(strays.is_empty(), "{strays:?}");
}

/// Where packages come from is for whoever builds to say, in the configuration of cargo, pip, npm, go or apt: no file names a registry's host.
#[test]
fn no_file_names_a_registry() {
    let hosts = [
        ["crates", "io"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["yarnpkg", "com"],
        ["golang", "org"],
        ["goproxy", "io"],
        ["goproxy", "cn"],
        ["debian", "org"],
        ["ubuntu", "com"],
        ["nexte", "st"],
        ["rubygems", "org"],
        ["docker", "io"],
        ["ghcr", "io"],
        ["quay", "io"],
        ["anaconda", "org"],
        ["githubusercontent", "com"],
        ["huggingface", "co"],
    ]
    .map(|[name, end]| format!("{name}.{end}"));
    // Cargo's own name of its default registry in its lock files, which it writes by itself.
    let own = format!("registry+https://github.com/rust-lang/{}-index", hosts[0]);
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let listed = listed.ok().filter(|output| output.status.success()).map(|output| String::from_utf8(output.stdout).unwrap());
    // Where this is no checkout, there is nothing that is committed.
    let Some(listed) = listed else { return };
    let mut found = Vec::new();
    let mut read = 0;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // What is no text names nothing; cases of fuzzing are made by chance.
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        read += 1;
        let text = text.replace(&own, "");
        let is_host = |host: &String| {
            text.match_indices(host.as_str()).any(|(place, _)| {
                let after = text[place + host.len()..].chars().next();
                let before = text[..place].chars().next_back();
                !before.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '-')
                    && !after.is_some_and(|letter| letter.is_ascii_alphanumeric())
            })
        };
        found.extend(hosts.iter().filter(|host| is_host(host)).map(|host| format!("{name}: {host}")));
    }
    assert!(read > 300, "{read} files were read");
    assert!(found.is_empty(), "{found:#?}");
}
