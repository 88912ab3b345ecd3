//! The structure: no files of one room that use each other in a circle, no function longer than fits in the head, no two types of one name.

use super::source::{Source, bare, code, paths, sources};
use std::collections::{BTreeMap, BTreeSet};

/// The module of a file, from its path: `src/core/proxy/link.rs` is `proxy::link`, `src/report/mod.rs` is `report`.
fn module(path: &str) -> Vec<String> {
    let inside = path.trim_start_matches("src/").trim_start_matches("core/").trim_end_matches(".rs");
    let mut names: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|name| name == "mod") {
        names.pop();
    }
    names
}

/// A file: what it hands on of others (`pub use`), and what it uses.
struct Room {
    handed_on: BTreeMap<String, Vec<String>>,
    used: BTreeSet<Vec<String>>,
}

/// Where a path leads, beginning at `crate`.
fn absolute(path: &[String], from: &[String]) -> Vec<String> {
    let mut at = from.to_vec();
    let mut rest = path;
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            _ => break,
        }
        rest = others;
    }
    at.extend(rest.iter().cloned());
    at
}

fn rooms(sources: &[Source]) -> BTreeMap<Vec<String>, Room> {
    let rooms = sources.iter().map(|source| {
        let here = module(&source.path);
        let text = bare(&source.text);
        let mut handed_on = BTreeMap::new();
        let mut own = String::new();
        // What a file only hands on is no use of its own.
        for part in text.split_inclusive(';') {
            let Some(place) =
                part.find("use ").filter(|place| part[..*place].trim_end().ends_with(')') || part[..*place].ends_with("pub "))
            else {
                own += part;
                continue;
            };
            let tree = part[place + 4..].trim();
            let tree = if ["crate", "super", "self"].iter().any(|start| tree.starts_with(start)) {
                tree.to_owned()
            } else {
                format!("self::{tree}")
            };
            for path in paths(&tree) {
                handed_on.insert(path.last().unwrap().clone(), absolute(&path, &here));
            }
        }
        let used = paths(&own).iter().map(|path| absolute(path, &here)).collect();
        (here, Room { handed_on, used })
    });
    rooms.collect()
}

/// The file that a path leads into: down the modules, and from one that only hands a name on to where it comes from.
fn file_of(path: &[String], rooms: &BTreeMap<Vec<String>, Room>, steps: usize) -> Option<Vec<String>> {
    let mut at = Vec::new();
    for (index, name) in path.iter().enumerate() {
        let mut deeper = at.clone();
        deeper.push(name.clone());
        if rooms.contains_key(&deeper) {
            at = deeper;
            continue;
        }
        let handed = rooms.get(&at).and_then(|room| room.handed_on.get(name)).filter(|to| steps < 8 && **to != path[..=index]);
        return handed.map_or(Some(at), |to| file_of(to, rooms, steps + 1));
    }
    Some(at)
}

/// Groups of files that reach each other, each named by its files.
fn circles(rooms: &BTreeMap<Vec<String>, Room>) -> Vec<Vec<String>> {
    let uses: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> = rooms
        .iter()
        .map(|(here, room)| {
            let files = room.used.iter().filter_map(|path| file_of(path, rooms, 0));
            (here, files.filter(|file| file != here && file.first() == here.first()).collect())
        })
        .collect();
    let reached = |start: &Vec<String>| {
        let mut seen = BTreeSet::new();
        let mut next = vec![start.clone()];
        while let Some(file) = next.pop() {
            for other in uses.get(&file).into_iter().flatten() {
                if seen.insert(other.clone()) {
                    next.push(other.clone());
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> = uses.keys().map(|file| (*file, reached(file))).collect();
    let mut found = BTreeSet::new();
    for (file, files) in &reach {
        if files.contains(*file) {
            let together = files.iter().filter(|other| reach[other].contains(*file));
            found.insert(together.map(|file| file.join("::")).collect::<Vec<_>>());
        }
    }
    found.into_iter().collect()
}

/// Circles that are there for a reason, each told by one of its files: a canary is a step that holds a step. The readers of a project descend from
/// a file to its parts and back (a step holds a step, a hint names what another part declares), and were not taken apart.
const DESCENTS: [&str; 2] = ["model::canary", "project::reader"];

#[test]
fn no_files_of_one_room_use_each_other_in_a_circle() {
    let is_known = |circle: &Vec<String>| DESCENTS.iter().any(|file| circle.iter().any(|of| of == file));
    let (known, found): (Vec<_>, Vec<_>) = circles(&rooms(&sources())).into_iter().partition(is_known);
    assert_eq!(known.len(), DESCENTS.len(), "take from the list what is no circle any more");
    let told: Vec<String> = found.iter().map(|circle| circle.join(", ")).collect();
    assert!(found.is_empty(), "move what both need one file lower:\n{}", told.join("\n"));
}

#[test]
fn a_circle_is_found() {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), room: "a".to_owned(), text: text.to_owned() };
    let there = [
        source("src/a/mod.rs", "mod one; mod two;\npub use two::Two;"),
        source("src/a/one.rs", "use super::Two;\nfn one() {}"),
        source("src/a/two.rs", "pub struct Two;\nfn two() { super::one::one() }"),
        source("src/a/three.rs", "use super::{one, Two};"),
    ];
    assert_eq!(circles(&rooms(&there)), [["a::one", "a::two"]]);
}

/// Functions with more lines than this do more than one thing.
const LINES: usize = 60;

/// Longer functions that read as a table: one `match` over a closed set, or one list, a line or two each.
const TABLES: [&str; 2] = ["src/console/log.rs told", "src/core/verdict/measures.rs measure"];

#[test]
fn a_function_fits_in_the_head() {
    let mut long = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let words = line.trim_start();
            let indent = line.len() - words.len();
            let words = words.trim_start_matches("pub").trim_start();
            let words = if words.starts_with('(') { words.split_once(')').map_or(words, |(_, rest)| rest.trim_start()) } else { words };
            let words = ["default ", "const ", "async ", "unsafe "].iter().fold(words, |words, word| words.trim_start_matches(word));
            let Some(name) = words.strip_prefix("fn ") else { continue };
            let name: String = name.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[start..]
                .iter()
                .position(|line| *line == end || (line.ends_with('}') && *line == lines[start]))
                .map_or(1, |end| end + 1);
            let named = format!("{} {name}", source.path);
            if length > LINES && !TABLES.contains(&named.as_str()) {
                long.push(format!("{named}: {length} lines"));
            }
        }
    }
    assert!(long.is_empty(), "find the concept without a name:\n{}", long.join("\n"));
}

/// Names that several types may have, because each is only ever read in its own file.
const SHARED: [&str; 1] = ["Args"];

#[test]
fn a_type_has_a_name_of_its_own() {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        for (_, line) in code(&source.text).filter(|(_, line)| !line.starts_with(' ')) {
            let words = line.strip_prefix("pub").map_or(line, |rest| rest.trim_start_matches(|letter| letter != ' ').trim_start());
            let Some(rest) = ["struct ", "enum ", "trait ", "type ", "union "].iter().find_map(|kind| words.strip_prefix(kind)) else {
                continue;
            };
            let name: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            names.entry(name).or_default().insert(source.path.clone());
        }
    }
    let twice: Vec<String> = names
        .iter()
        .filter(|(name, places)| places.len() > 1 && !SHARED.contains(&name.as_str()))
        .map(|(name, places)| format!("{name}: {}", places.iter().cloned().collect::<Vec<_>>().join(", ")))
        .collect();
    assert!(names.len() > 500, "{} types were found", names.len());
    assert!(twice.is_empty(), "one name, one concept:\n{}", twice.join("\n"));
}
