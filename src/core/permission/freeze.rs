//! Freezes: the calendars that an environment names, read from files, or from the web within bounds of size and time.
//!
//! A calendar that cannot be read is no permission: whoever asks gets the reason in its place.

use super::calendar::{CALENDAR_MAX, Calendar};
use super::zone::Zone;
use crate::host::bytes_of;
use crate::model::{Allow, CalendarSource};
use crate::units::Problem;
use crate::web::get_bytes;
use std::path::Path;
use std::time::Duration;

/// How long a calendar of the web may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A calendar, or why it cannot be read.
#[derive(Debug)]
pub struct ReadCalendar {
    /// As a person would find it; never a whole address, which may be a secret.
    pub name: String,
    /// What was read.
    pub calendar: Result<Calendar, Problem>,
}

/// Reads all of an environment's calendars. Files are found from the project's root.
pub async fn calendars(allow: &Allow, root: &Path) -> Vec<ReadCalendar> {
    let mut read = Vec::new();
    for source in &allow.freezes {
        let name = name_of(source);
        let bytes = match source {
            CalendarSource::File(path) => of_file(&root.join(path)),
            CalendarSource::Url(url) => get_bytes(url, CALENDAR_MAX, PATIENCE).await,
            CalendarSource::Variable(variable) => of_variable(variable).await,
        };
        read.push(parsed(name, bytes, allow));
    }
    read
}

/// Reads those alone that are files of the project itself, for whoever looks at a project that may be anybody's: nothing is asked, and no link is
/// followed out of the folder. `None` stands for each of the others.
pub fn calendars_within(allow: &Allow, root: &Path) -> Vec<(CalendarSource, Option<ReadCalendar>)> {
    let real = |path: &Path| path.canonicalize().ok();
    let read = |source: &CalendarSource| {
        let CalendarSource::File(path) = source else { return None };
        let path = root.join(path);
        let lies_in = real(&path).zip(real(root)).is_none_or(|(path, root)| path.starts_with(root));
        // One that is not there is told by the attempt to read it, unless its path leads out by itself.
        let climbs = Path::new(&source.to_string()[5..])
            .components()
            .any(|part| !matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
        (lies_in && !climbs).then(|| parsed(name_of(source), of_file(&path), allow))
    };
    allow.freezes.iter().map(|source| (source.clone(), read(source))).collect()
}

/// The zone of whole days where a calendar does not say: that of the environment's hours.
fn usual_zone(allow: &Allow) -> Option<Zone> {
    allow.hours.first().map(|hours| Zone::named(hours.zone()))
}

fn parsed(name: String, bytes: Result<Vec<u8>, Problem>, allow: &Allow) -> ReadCalendar {
    let calendar = bytes.and_then(|bytes| Calendar::read(&name, &bytes, usual_zone(allow).as_ref()));
    ReadCalendar { name, calendar }
}

/// As a person would find it.
pub(super) fn name_of(source: &CalendarSource) -> String {
    match source {
        CalendarSource::File(path) => path.clone(),
        CalendarSource::Variable(name) => format!("env:{name}"),
        CalendarSource::Url(url) => {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            host.rsplit_once('@').map_or(host, |(_, host)| host).to_owned()
        }
    }
}

fn of_file(path: &Path) -> Result<Vec<u8>, Problem> {
    bytes_of(path, CALENDAR_MAX).map_err(|error| {
        let hint = "write the path of an iCalendar file (.ics) from the project's root, as `file:freezes.ics`";
        match error.kind() {
            std::io::ErrorKind::NotFound => Problem::new("there is no such file").hint(hint),
            _ => Problem::new(error.to_string()).hint(hint),
        }
    })
}

async fn of_variable(name: &str) -> Result<Vec<u8>, Problem> {
    let address = std::env::var(name).ok().filter(|address| !address.trim().is_empty());
    let address = address.ok_or_else(|| {
        Problem::new(format!("the environment variable {name} holds no address")).hint(format!("export {name}=https://…"))
    })?;
    let address = address.trim();
    let address = address.strip_prefix("webcal://").map_or_else(|| address.to_owned(), |rest| format!("https://{rest}"));
    get_bytes(&address, CALENDAR_MAX, PATIENCE).await
}
