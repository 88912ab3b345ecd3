//! From the names of variables, as a .env file has them, to what a project is begun with. Values are never kept, nor looked at: not even an address,
//! in which a key may stand.

use super::answers::Answers;
use super::beginning::{BegunProject, BegunProvider};
use super::well_known::WellKnownProvider;
use crate::model::CredentialKind;
use crate::units::Problem;

/// Variables that hold what users send to a gateway as their key.
const OF_GATEWAYS: [&str; 5] = ["LITELLM_MASTER_KEY", "GATEWAY_KEY", "GATEWAY_API_KEY", "LITELLM_API_KEY", "PORTKEY_API_KEY"];

/// True for the name of a file of variables: `.env`, `.env.example`, `production.env`.
pub fn is_variables(file_name: &str) -> bool {
    let name = file_name.rsplit('/').next().unwrap_or(file_name);
    name.starts_with(".env") || name.ends_with(".env")
}

/// What a project is begun with. `inside` is the file's path from the project's root, where it lies below it and holds the values: a key is
/// referred to as a part of it, and else as a variable. `shown` is how people call it.
///
/// # Errors
/// Where no variable of a known provider is there.
pub fn from_variables(text: &str, inside: Option<&str>, shown: &str) -> Result<BegunProject, Problem> {
    let names = names(text);
    let mut providers: Vec<BegunProvider> = Vec::new();
    for name in &names {
        let Some(known) = WellKnownProvider::of_variable(name) else { continue };
        let key = known.keys.contains(&name.as_str()).then(|| reference(name, inside));
        match providers.iter_mut().find(|provider| provider.name == known.name) {
            Some(provider) => provider.key = provider.key.take().or(key),
            None => providers.push(BegunProvider::of_known(known, key)),
        }
    }
    // The file of a service account signs, and is a file itself.
    if let Some(vertex) = providers.iter_mut().find(|provider| provider.name == "vertex") {
        vertex.kind = CredentialKind::SigningKey;
    }
    if providers.is_empty() {
        let known = "OPENAI_API_KEY, AZURE_OPENAI_API_KEY, ANTHROPIC_API_KEY, AWS_ACCESS_KEY_ID, GEMINI_API_KEY";
        let hint = format!("it looks for names such as {known}; without a file it asks six questions, `lifeboat init`");
        return Err(Problem::new(format!("{shown} names no provider that is known here")).hint(hint));
    }
    let mut begun = Answers::default().beginning();
    begun.warnings = vec![format!(
        "the order of {shown} was taken for the order of preference, and models to begin with were filled in: mend `providers` and `models`"
    )];
    if providers.len() == 1 {
        begun.warnings.push("there is no standby: every outage drill will be missed until the service has a second provider".to_owned());
    }
    begun.providers = providers;
    if let Some(name) = names.iter().find(|name| OF_GATEWAYS.contains(&name.as_str())) {
        begun.gateway.key_from = Some(name.clone());
    }
    shown.clone_into(&mut begun.from);
    Ok(begun)
}

/// Where a value is found.
fn reference(name: &str, inside: Option<&str>) -> String {
    inside.map_or_else(|| format!("env:{name}"), |file| format!("dotenv:{file}#{name}"))
}

/// The names of a file's lines, without those in comments and those within values of several lines.
fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut within: Option<char> = None;
    for line in text.lines() {
        if let Some(quote) = within {
            within = Some(quote).filter(|_| !line.contains(quote));
            continue;
        }
        let line = line.trim_start();
        let Some((left, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let name = left.trim();
        let name = name.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map_or(name, str::trim);
        let value = value.trim_start();
        within = value.chars().next().filter(|first| matches!(first, '"' | '\'')).filter(|quote| !value[1..].contains(*quote));
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name && !found.iter().any(|other| other == name) {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# OPENAI_API_KEY=sk-commented\nexport AZURE_OPENAI_ENDPOINT=https://hunter2.example\nAZURE_OPENAI_API_KEY='hunter2'\n\
        NOTE=\"several\nMISTRAL_API_KEY=hunter2\n\"\nANTHROPIC_API_KEY=\nAWS_REGION=eu-central-1\nLITELLM_MASTER_KEY=sk-hunter2\n";

    #[test]
    fn names_tell_of_providers_and_values_are_never_kept() {
        let begun = from_variables(TEXT, Some(".env"), ".env").unwrap();
        let told: Vec<_> = begun.providers.iter().map(|provider| (provider.name.as_str(), provider.key.as_deref())).collect();
        assert_eq!(
            told,
            [("azure-openai", Some("dotenv:.env#AZURE_OPENAI_API_KEY")), ("anthropic", Some("dotenv:.env#ANTHROPIC_API_KEY"))]
        );
        assert_eq!(begun.gateway.key_from.as_deref(), Some("LITELLM_MASTER_KEY"));
        assert!(!format!("{begun:?}").contains("hunter2"), "{begun:?}");
        let elsewhere = from_variables("GEMINI_API_KEY=x", None, "../.env").unwrap();
        assert_eq!((elsewhere.providers[0].key.as_deref(), elsewhere.warnings.len()), (Some("env:GEMINI_API_KEY"), 2));
        assert!(from_variables("A=1", None, ".env").is_err());
    }

    #[test]
    fn a_file_of_variables_is_told_by_its_name() {
        assert!([".env", "a/.env.example", "production.env"].into_iter().all(is_variables));
        assert!(!["environment.yaml", "nginx.conf"].into_iter().any(is_variables));
    }
}
