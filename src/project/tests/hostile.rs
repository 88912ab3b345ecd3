//! Files that were made to hurt, and files that are merely damaged.

use super::super::{Findings, Project, check, document, inventory, source, table};
use super::{Files, INVENTORY_PATH, SCENARIO, SCENARIO_PATH, TODAY};

#[test]
fn a_long_line_is_cut_around_the_place() {
    let files = Files::new();
    let long = format!("title: {}\u{1b}[31m, rate: 50", "x".repeat(5_000));
    files.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}", &format!("traffic: {{arrivals: jittered, {}}}", long.replace('\u{1b}', "\u{9b}")));
    for finding in &check(files.root(), &[], TODAY).findings {
        assert!(finding.source_line.chars().count() < 140, "{finding}");
        assert!(!finding.to_string().contains('\u{9b}'), "{finding}");
    }
}

/// What a hostile file gets: the one finding, in well under the second that is promised. The bound guards against work that
/// grows faster than the file: each of these takes milliseconds, and would take minutes if it did.
fn hostile(bytes: &[u8]) -> Vec<String> {
    let files = Files::new();
    files.write(SCENARIO_PATH, bytes);
    let begun = std::time::Instant::now();
    let (project, _) = Project::open(files.root());
    let findings = project.plan(&files.scenario(), "lab").unwrap_err();
    assert!(begun.elapsed().as_secs_f64() < 1.0, "{:?}", begun.elapsed());
    assert!(findings.to_string().len() < 400_000, "what is shown is bounded too");
    findings.iter().map(|finding| finding.message.clone()).collect()
}

#[test]
fn hostile_files_get_a_clear_finding_at_once() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert_eq!(hostile(bomb.as_bytes()), ["this file holds more than 20000 values, aliases counted as often as they are used"]);
    assert_eq!(hostile(&vec![b'a'; 10_000_000]), ["this file is larger than 1 MB"]);
    assert_eq!(hostile("[".repeat(100_000).as_bytes()), ["this is nested more than 64 levels deep"]);
    assert_eq!(hostile("- ".repeat(100_000).as_bytes()), ["this is nested more than 64 levels deep"]);
    assert_eq!(hostile("{a: ".repeat(100_000).as_bytes()), ["this is nested more than 64 levels deep"]);
    let stairs: String = (0..1_300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert_eq!(hostile(stairs.as_bytes()), ["this is nested more than 64 levels deep"]);
    assert_eq!(hostile(b"version: 1\nscenario: a\0b\n"), ["a NUL byte stands here"]);
    assert_eq!(hostile(b"version: 1\nscenario: \xff\xfe\n"), ["this is not UTF-8"]);
    let utf16: Vec<u8> = SCENARIO.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(hostile(&utf16), ["this file is encoded in UTF-16"]);
    assert_eq!(hostile(&[&[0xff, 0xfe], utf16.as_slice()].concat()), ["this file is encoded in UTF-16"]);
    assert_eq!(hostile(b""), ["this file is empty"]);
    assert_eq!(hostile(b"a: &a [*a]\n"), ["this alias stands inside what it names"]);
    assert_eq!(hostile(b"--- 1\n--- 2\n"), ["a second document begins here"]);
    // One line of a megabyte with wrong keys, which are told together, and of keys that are there twice: as many findings as are shown.
    let ours = "version: 1, scenario: x, ";
    let keys: String = (0..9_000).map(|key| format!("k{key}: v, ")).collect();
    let said = hostile(format!("{{{ours}{keys}}}").as_bytes());
    assert!(said.iter().any(|said| said.contains("and 492 more are not keys of a scenario")), "{said:?}");
    let twice = "k: v, ".repeat(9_000);
    assert!(hostile(format!("version: 1\nscenario: x\ntraffic: {{{twice}}}\n").as_bytes()).len() > 100);
    let anchors: String = (0..60).map(|depth| format!("{}a: &x{depth}\n", " ".repeat(depth))).collect();
    hostile(format!("{anchors}{}- [{}]\n", " ".repeat(61), "x, ".repeat(15_000)).as_bytes());
}

/// The inventory is read by other code than a scenario, and every name in it is looked up among all the others.
#[test]
fn a_hostile_inventory_is_no_slower() {
    let providers: String = (0..1_400).map(|id| format!("  provider-{id}: {{dialect: http, credential: credential-{id}}}\n")).collect();
    let services: String =
        (0..1_400).map(|id| format!("  service-{id}: {{providers: [provider-{id}, provider-x{id}], owner: x}}\n")).collect();
    let files = Files::new();
    files.write(INVENTORY_PATH, format!("version: 1\nproviders:\n{providers}services:\n{services}"));
    let begun = std::time::Instant::now();
    let (_, findings) = Project::open(files.root());
    // As above: milliseconds if the work is bounded, many seconds if every name is compared with every other.
    assert!(begun.elapsed().as_secs_f64() < 1.0, "{:?}", begun.elapsed());
    assert!(findings.errors() >= 400, "{}", findings.errors());
}

#[test]
fn a_hostile_sheet_is_no_slower() {
    let header = "service,cloud provider,region,ai model provider,auth method,failover plan,rto,rpo\n";
    let sheets = [",".repeat(900_000), header.to_owned() + &"a,b,c,d,e,f,g,h\n".repeat(4_900), header.to_owned() + &"\"".repeat(900_001)];
    for sheet in sheets {
        let files = Files::new();
        std::fs::remove_file(files.root().join(INVENTORY_PATH)).unwrap();
        files.write("runbooks/inventory.csv", sheet);
        let begun = std::time::Instant::now();
        let (_, findings) = Project::open(files.root());
        // As above: a place is found by walking over the text once, not once for each cell.
        assert!(begun.elapsed().as_secs_f64() < 1.0, "{:?}", begun.elapsed());
        assert!(findings.has_errors() && findings.to_string().len() < 400_000);
    }
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let files = Files::new();
    files.write(SCENARIO_PATH, format!("\u{feff}{}", SCENARIO.replace("rate: 50/s", "rate: 50")));
    assert!(files.check().contains("scenarios/outage.yaml:5:17"), "{}", files.check());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 300, ..Default::default() })]

    /// Whatever the bytes are, there is a finding or a plan and never a panic; all of it can be shown.
    #[test]
    fn no_bytes_make_it_panic(soup in proptest::collection::vec(proptest::num::u8::ANY, 0..300), yaml in r#"[a-z0-9:{}\[\], \n"'&*!|>#é🔑\t\r-]{0,200}"#) {
        for bytes in [soup, yaml.into_bytes()] {
            let Ok(source) = source::SourceText::from_bytes(bytes, "x.yaml") else { continue };
            let mut document = document::SourceDocument::of_yaml(source.clone());
            inventory::read(&mut document);
            let findings: Findings = document.findings.iter().cloned().chain(table::read(source).findings).collect();
            assert!(findings.is_empty() || !findings.to_string().is_empty());
        }
    }

    /// Any one place of a good file may be damaged.
    #[test]
    fn no_damage_makes_it_panic(at in 0..SCENARIO.len(), with in r#"[ -~\n]{0,6}"#, length in 0..12_usize) {
        let mut text = SCENARIO.to_owned();
        text.replace_range(at..(at + length).min(SCENARIO.len()), &with);
        let files = Files::new();
        files.write(SCENARIO_PATH, text);
        let _ = files.check() + &files.plan("lab");
    }
}
