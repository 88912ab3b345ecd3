//! The forms that change a finding: who mends it until when, that people live with it, that it is mended.

use super::form::{csrf, part};
use super::problem::PageProblem;
use super::shown::short;
use crate::model::FindingState;
use crate::serve::{AccessRole, App, Caller};
use crate::store::{AssignError, FindingChange, FindingEntry, FindingName};
use crate::units::explained;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Redirect;
use chrono::NaiveDate;
use maud::{Markup, html};
use serde::Deserialize;

/// The longest text of one field, in letters.
const LONGEST: usize = 400;

/// What somebody changes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct FindingChanges {
    about: String,
    owner: String,
    due: String,
    ticket: String,
    notes: String,
    state: String,
}

/// The form of a finding, for those who may use it.
pub(super) fn form(entry: &FindingEntry, caller: &Caller) -> Markup {
    let there = |text: &Option<String>| text.as_deref().map_or_else(String::new, |text| short(text, LONGEST));
    let day = entry.due_day().map(|day| day.to_string()).unwrap_or_default();
    // Labels of many forms on one page must differ.
    let id = |field: &str| {
        format!("{field}-{}", &crate::units::sha256_hex(format!("{}{}{:?}", entry.drill, entry.id, entry.about).as_bytes())[..10])
    };
    html! {
        @if caller.may(AccessRole::Run) {
            details {
                summary { "Assign, accept or close" span.quiet { ": " (short(&entry.says, 60)) } }
                form method="post" action={ "/findings/" (part(&entry.drill)) "/" (part(&entry.id)) } {
                    (csrf(caller))
                    @if let Some(about) = &entry.about { input type="hidden" name="about" value=(about); }
                    div.inline {
                        div { label for=(id("owner")) { "Owner" } input type="text" id=(id("owner")) name="owner" maxlength=(LONGEST) autocomplete="off" value=(there(&entry.owner)); }
                        div { label for=(id("due")) { "Until" } input type="date" id=(id("due")) name="due" value=(day); }
                        div { label for=(id("ticket")) { "Ticket" } input type="text" id=(id("ticket")) name="ticket" maxlength=(LONGEST) autocomplete="off" value=(there(&entry.ticket)); }
                    }
                    div {
                        label for=(id("notes")) { "Notes" }
                        textarea id=(id("notes")) name="notes" rows="2" maxlength="4000" { (entry.notes.as_deref().unwrap_or_default()) }
                    }
                    div.buttons {
                        button type="submit" name="state" value="" { "Save" }
                        @if entry.is_open() {
                            button.second type="submit" name="state" value="accepted" { "Accept it as it is" }
                            button.second type="submit" name="state" value="gone" { "It is mended" }
                        } @else { button.second type="submit" name="state" value="still-there" { "Open it again" } }
                    }
                }
            }
        }
    }
}

/// `POST /findings/{drill}/{id}`.
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path((drill, id)): Path<(String, String)>,
    Form(form): Form<FindingChanges>,
) -> Result<Redirect, PageProblem> {
    caller.must(AccessRole::Run)?;
    let change = form.checked()?;
    changed(&app, &drill, &id, change).await?;
    Ok(Redirect::to(&super::form::address("/findings", [("drill", drill.as_str()), ("show", "all")])))
}

impl FindingChanges {
    /// The same, where each of it can be kept.
    fn checked(self) -> Result<Self, PageProblem> {
        let due = self.due.trim();
        if !due.is_empty() && due.parse::<NaiveDate>().is_err() {
            return Err(PageProblem::Asked(format!("`{}` is no day: write it as 2026-11-20.", short(due, 40))));
        }
        if !self.state.is_empty() && FindingState::from_word(&self.state).is_none_or(|state| state == FindingState::New) {
            return Err(PageProblem::Asked(format!("`{}` is nothing that can become of a finding.", short(&self.state, 40))));
        }
        if let Some(long) =
            [&self.owner, &self.ticket, &self.about, &self.notes].into_iter().find(|text| text.chars().count() > LONGEST * 10)
        {
            return Err(PageProblem::Asked(format!("`{}` is too long.", short(long, 40))));
        }
        Ok(self)
    }
}

async fn changed(app: &App, drill: &str, id: &str, change: FindingChanges) -> Result<(), PageProblem> {
    let said = |text: String| Some(text.trim().to_owned());
    let name = FindingName {
        id: id.to_owned(),
        about: Some(change.about.clone()).filter(|about| !about.is_empty()),
        drill: Some(drill.to_owned()),
    };
    let state = FindingState::from_word(&change.state);
    let change =
        FindingChange { owner: said(change.owner), due: said(change.due), ticket: said(change.ticket), notes: said(change.notes), state };
    let changed = app.store().assign_finding(app.root(), &name, change).await;
    changed.map(drop).map_err(|error| match error {
        AssignError::Unknown { .. } => PageProblem::absent(explained(&error)),
        AssignError::Store(error) => PageProblem::Store(error),
        error => PageProblem::Asked(explained(&error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_kept_is_refused_before_anything_is_written() {
        let changes = |due: &str, state: &str| FindingChanges { due: due.into(), state: state.into(), ..FindingChanges::default() };
        for (due, state) in [("tomorrow", ""), ("", "new"), ("", "<b>"), ("2026-13-01", "")] {
            assert!(changes(due, state).checked().is_err(), "{due} {state}");
        }
        for (due, state) in [("", ""), ("2026-12-01", "accepted"), ("", "gone"), ("", "still-there")] {
            assert!(changes(due, state).checked().is_ok(), "{due} {state}");
        }
    }
}
