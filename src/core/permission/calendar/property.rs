//! Properties of a component, by their names, which may be written in any letters.

use icalendar::parser::{Component, Property};

/// All of this name.
pub(super) fn all<'c>(component: &'c Component<'_>, name: &'static str) -> impl Iterator<Item = &'c Property<'c>> {
    component.properties.iter().filter(move |property| property.name.as_str().eq_ignore_ascii_case(name))
}

/// The first of this name.
pub(super) fn one<'c>(component: &'c Component<'_>, name: &'static str) -> Option<&'c Property<'c>> {
    all(component, name).next()
}

/// The value of a parameter.
pub(super) fn parameter<'p>(property: &'p Property<'_>, name: &str) -> Option<&'p str> {
    let found = property.params.iter().find(|parameter| parameter.key.as_str().eq_ignore_ascii_case(name))?;
    found.val.as_ref().map(|value| value.as_str().trim())
}
