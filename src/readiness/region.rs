//! In which region a hop works: by what its answers say (Azure's `x-ms-region`), or by its address where that names one (AWS, Google, OpenAI's own
//! addresses of a region). Other dialects tell nothing. Pure.

use super::check::HopFinding;
use super::host::HopHost;
use crate::model::{Dialect, HopCheck, HopReason};

/// A region, and by what it is known.
struct SeenRegion {
    name: String,
    by: &'static str,
}

/// The region of a hop against that of the inventory.
pub(super) fn look<'h>(dialect: Dialect, base_url: &str, wanted: Option<&str>, header: impl Fn(&str) -> Option<&'h str>) -> HopFinding {
    let seen = seen(dialect, base_url, header);
    match (wanted, seen) {
        (Some(wanted), Some(seen)) if is_same(wanted, &seen) => HopFinding::fine(HopCheck::Region, format!("{} by {}", seen.name, seen.by)),
        (Some(wanted), Some(seen)) => {
            let told = format!("it works in {} by {}, and the inventory says {wanted}", seen.name, seen.by);
            HopFinding::failing(HopCheck::Region, HopReason::WrongRegion, told)
        }
        (None, Some(seen)) => {
            HopFinding::unlooked(HopCheck::Region, format!("the inventory names none; it is {} by {}", seen.name, seen.by))
        }
        (_, None) => HopFinding::unlooked(HopCheck::Region, "neither its address nor its answers tell"),
    }
}

fn seen<'h>(dialect: Dialect, base_url: &str, header: impl Fn(&str) -> Option<&'h str>) -> Option<SeenRegion> {
    if let Some(name) = header("x-ms-region").map(str::trim).filter(|name| !name.is_empty() && name.len() <= 40) {
        return Some(SeenRegion { name: name.to_owned(), by: "its answers" });
    }
    let host = HopHost::of(base_url)?.name;
    let by = "its address";
    let named = match dialect {
        Dialect::Bedrock => host.strip_suffix(".amazonaws.com")?.split('.').nth(1)?.to_owned(),
        Dialect::Vertex => match base_url.split_once("/locations/") {
            Some((_, rest)) => rest.split('/').next()?.to_owned(),
            None => host.strip_suffix("-aiplatform.googleapis.com")?.to_owned(),
        },
        Dialect::OpenAi => host.strip_suffix(".api.openai.com")?.to_owned(),
        Dialect::AzureOpenAi | Dialect::Anthropic | Dialect::Http | Dialect::Tcp => return None,
    };
    (!named.is_empty()).then_some(SeenRegion { name: named, by })
}

/// `Sweden Central` and `swedencentral` are the same; `eu` of OpenAI's addresses is any region of that name.
fn is_same(wanted: &str, seen: &SeenRegion) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let (wanted, seen) = (plain(wanted), plain(&seen.name));
    wanted == seen || (seen.len() == 2 && wanted.starts_with(&seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckOutcome;

    #[test]
    fn a_region_is_seen_in_answers_or_addresses() {
        let outcome = |dialect, url: &str, wanted: Option<&str>, told: Option<&str>| {
            look(dialect, url, wanted, |name| told.filter(|_| name == "x-ms-region")).outcome
        };
        let azure = "https://team.openai.azure.com";
        let aws = "https://bedrock-runtime.eu-central-1.amazonaws.com";
        let google = "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google";
        for (dialect, url, wanted, told, ended) in [
            (Dialect::AzureOpenAi, azure, Some("swedencentral"), Some("Sweden Central"), CheckOutcome::Fine),
            (Dialect::AzureOpenAi, azure, Some("swedencentral"), Some("East US 2"), CheckOutcome::Failing),
            (Dialect::AzureOpenAi, azure, None, Some("East US 2"), CheckOutcome::NotLookedAt),
            (Dialect::AzureOpenAi, azure, Some("swedencentral"), None, CheckOutcome::NotLookedAt),
            (Dialect::Bedrock, aws, Some("eu-central-1"), None, CheckOutcome::Fine),
            (Dialect::Bedrock, aws, Some("us-east-1"), None, CheckOutcome::Failing),
            (Dialect::Vertex, google, Some("europe-west4"), None, CheckOutcome::Fine),
            (Dialect::Vertex, "https://generativelanguage.googleapis.com", Some("europe-west4"), None, CheckOutcome::NotLookedAt),
            (Dialect::OpenAi, "https://eu.api.openai.com/v1", Some("europe"), None, CheckOutcome::Fine),
            (Dialect::OpenAi, "https://us.api.openai.com/v1", Some("eu"), None, CheckOutcome::Failing),
            (Dialect::OpenAi, "https://api.openai.com/v1", Some("eu"), None, CheckOutcome::NotLookedAt),
            (Dialect::Anthropic, "https://api.anthropic.com", Some("us"), None, CheckOutcome::NotLookedAt),
        ] {
            assert_eq!(outcome(dialect, url, wanted, told), ended, "{url} {wanted:?} {told:?}");
        }
    }
}
