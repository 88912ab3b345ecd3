//! One document of several in a YAML file: which bytes are its own.
//!
//! A file is cut where a document begins, so that each part can be read and edited by itself, and everything outside stays as it is.

use super::edit::{EditError, FileFormat};
use crate::model::DocumentSelector;
use serde_saphyr::granit_parser::{Event, Parser};
use std::ops::Range;

impl FileFormat {
    /// The bytes of a document of a text, from its `---` to the next; the whole text where none is asked for and there is only one.
    ///
    /// # Errors
    /// Where there is no such document, or several are.
    pub fn part(self, text: &str, which: Option<&DocumentSelector>) -> Result<Range<usize>, EditError> {
        let parts = if self == Self::Yaml { parts(text)? } else { Vec::new() };
        let Some(which) = which else {
            return if parts.len() > 1 { Err(EditError::Several { count: parts.len() }) } else { Ok(0..text.len()) };
        };
        let absent = |found| EditError::SourceDocument { which: which.to_string(), found };
        match which {
            DocumentSelector::Number(number) => {
                let place = usize::try_from(*number).unwrap_or(usize::MAX).saturating_sub(1);
                parts.get(place).cloned().ok_or_else(|| absent(0))
            }
            DocumentSelector::Where(values) => {
                let has = |part: &Range<usize>, (key, value): (&String, &String)| {
                    let path: Vec<String> = key.split('.').map(str::to_owned).collect();
                    self.find(&text[part.clone()], &path).is_ok_and(|place| place.value == *value)
                };
                let mut found: Vec<Range<usize>> = parts.into_iter().filter(|part| values.iter().all(|pair| has(part, pair))).collect();
                if found.len() == 1 { Ok(found.remove(0)) } else { Err(absent(found.len())) }
            }
        }
    }
}

/// Where each document begins, to where the next does. What stands before the first belongs to it.
fn parts(text: &str) -> Result<Vec<Range<usize>>, EditError> {
    let mut starts = Vec::new();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((Event::DocumentStart(..), span)) => starts.push(if starts.is_empty() { 0 } else { span.start.byte_offset().unwrap_or(0) }),
            Ok(_) => {}
            Err(error) => return Err(EditError::Syntax { format: "YAML", problem: error.info().to_owned() }),
        }
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]).collect::<Vec<_>>();
    Ok(starts.into_iter().zip(ends).map(|(start, end)| start..end).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SEVERAL: &str = "# é first\nkind: Service\nmetadata: {name: x}\nport: 1\n--- # second\nkind: ConfigMap\nmetadata: {name: x}\nport: 2\n...\n---\nkind: ConfigMap\nmetadata:\n  name: y\nport: 3\n";

    fn values(pairs: &[(&str, &str)]) -> DocumentSelector {
        DocumentSelector::Where(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn a_document_is_found_by_its_place_or_by_what_only_it_says() {
        let port = |which: &DocumentSelector| {
            let part = FileFormat::Yaml.part(SEVERAL, Some(which))?;
            FileFormat::Yaml.find(&SEVERAL[part], &["port".to_owned()]).map(|place| place.value)
        };
        for (which, wanted) in [
            (DocumentSelector::Number(1), "1"),
            (DocumentSelector::Number(2), "2"),
            (DocumentSelector::Number(3), "3"),
            (values(&[("kind", "Service")]), "1"),
            (values(&[("kind", "ConfigMap"), ("metadata.name", "x")]), "2"),
            (values(&[("metadata.name", "y")]), "3"),
        ] {
            assert_eq!(port(&which).as_deref(), Ok(wanted), "{which}");
        }
        assert_eq!(port(&DocumentSelector::Number(4)).unwrap_err().to_string(), "there is no document 4");
        let several = port(&values(&[("kind", "ConfigMap")])).unwrap_err();
        assert_eq!(several.to_string(), "there are 2 of the document with kind: ConfigMap");
        assert_eq!(port(&values(&[("kind", "Pod")])).unwrap_err().to_string(), "there is no document with kind: Pod");
        assert_eq!(FileFormat::Yaml.part(SEVERAL, None), Err(EditError::Several { count: 3 }));
        assert_eq!(FileFormat::Yaml.part("a: 1\n", None), Ok(0..5));
    }

    proptest! {
        /// Whatever stands in a file, its documents are the whole of it, in order, and nothing panics.
        #[test]
        fn parts_lie_one_behind_the_other(text in "(\\PC{0,6}|---|\n|\\.\\.\\.|a: b|- ){0,24}") {
            if let Ok(parts) = parts(&text) {
                let mut end = 0;
                for part in &parts {
                    prop_assert_eq!(part.start, end);
                    prop_assert!(text.is_char_boundary(part.end) && part.end >= end);
                    end = part.end;
                }
                prop_assert!(parts.is_empty() || end == text.len());
            }
        }
    }
}
