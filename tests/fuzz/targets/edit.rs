//! Any text as a file of somebody else's in which one value is replaced: whatever is found lies within it, whatever is written is read as what
//! was meant, nothing else changes, and the old bytes come back exactly.
//!
//! Before the line `----` stand the value's path, the new value, and which of several documents is meant, one a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::model::Which;
use lifeboat::spec::Format;

const DIVISION: &str = "\n----\n";

fuzz_target!(|data: &[u8]| {
    let Some((head, text)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once(DIVISION)) else { return };
    let mut lines = head.lines();
    let mut line = || lines.next().unwrap_or_default();
    let path: Vec<String> = line().split('.').map(str::to_owned).collect();
    let new = line();
    let which = match line() {
        "" => None,
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok().filter(|number| *number > 0).map(Which::Number),
        values => Some(Which::Where(
            values.split(',').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        )),
    };
    for format in [Format::Yaml, Format::Json, Format::Toml, Format::Env] {
        let Ok(part) = format.part(text, which.as_ref()) else { continue };
        let part = &text[part];
        let Ok(place) = format.find(part, &path) else { continue };
        assert!(part.get(place.range.clone()).is_some(), "{format:?}: {:?} is not within the text", place.range);
        let Ok((edited, old)) = format.replaced(part, &path, new) else { continue };
        assert_eq!(old, part[place.range.clone()], "{format:?}");
        let now = format.find(&edited, &path).expect("what was written is read again");
        assert_eq!(now.value, new, "{format:?}");
        assert_eq!(
            (&edited[..now.range.start], &edited[now.range.end..]),
            (&part[..place.range.start], &part[place.range.end..]),
            "{format:?}"
        );
        assert_eq!(format.restored(&edited, &path, &old).expect("its place is known"), part, "{format:?}");
    }
});
