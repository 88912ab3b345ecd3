//! Forms: what protects them, choices, and queries as addresses have them.

use crate::serve::Caller;
use maud::{Markup, html};

/// What each form that changes something holds, so that no other site can send it.
pub(super) fn csrf(caller: &Caller) -> Markup {
    crate::serve::access::csrf_field(caller)
}

/// A choice among values; the first takes all.
pub(super) fn choice(id: &str, label: &str, all: &str, values: &[String], chosen: Option<&str>) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(id) {
                option value="" { (all) }
                @for value in values {
                    option value=(value) selected[chosen == Some(value.as_str())] { (super::shown::short(value, 60)) }
                }
                // What was asked and is no choice any more is still what the list shows.
                @if let Some(chosen) = chosen.filter(|chosen| !chosen.is_empty() && !values.iter().any(|value| value == chosen)) {
                    option value=(chosen) selected { (super::shown::short(chosen, 60)) }
                }
            }
        }
    }
}

/// An address with a query; pairs without a value are left out.
pub(super) fn address<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A part of a path.
pub(super) fn part(text: &str) -> String {
    // The form's own encoding writes a blank as a plus, which in a path is a plus.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_ends_an_address() {
        assert_eq!(address("/drills", [("service", "a&b=c"), ("state", "")]), "/drills?service=a%26b%3Dc");
        assert_eq!(address("/drills", []), "/drills");
        assert_eq!(part("a b/../<x>"), "a%20b%2F..%2F%3Cx%3E");
    }

    #[test]
    fn what_was_chosen_stays_chosen() {
        let markup = choice("service", "Service", "All", &["a".into()], Some("gone")).into_string();
        assert!(markup.contains("<option value=\"gone\" selected>gone</option>"), "{markup}");
    }
}
