//! Names with what is to be said of them, as lists; and tables whose rows stand by themselves on narrow screens.

use maud::{Markup, html};

/// A list of names and what is to be said of each; those of which there is nothing to say are left out.
pub(super) fn facts<const N: usize>(facts: [(&str, Option<Markup>); N]) -> Markup {
    html! {
        dl { @for (label, said) in facts { @if let Some(said) = said { div { dt { (label) } dd { (said) } } } } }
    }
}

/// A table with these columns; `rows` are made with [`cell`].
pub(super) fn table(caption: &str, columns: &[&str], rows: &Markup) -> Markup {
    html! {
        // Whoever has no mouse scrolls it as well.
        div.scroll role="group" tabindex="0" aria-label=(caption) {
            table.stacks {
                caption.quiet { (caption) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A cell below this column.
pub(super) fn cell(column: &str, said: &Markup) -> Markup {
    html! { td data-label=(column) { @if !said.0.is_empty() { div { (said) } } } }
}
