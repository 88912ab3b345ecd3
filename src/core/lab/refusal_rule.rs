//! What a simulated provider refuses though key and model are right: a user without the right, a text that a filter knows, too many tokens, a
//! tenant that is not its own. All with 400, which no gateway takes for a failure of the provider: 403 would open its breaker.

use crate::dialect::RefusalReason;
use crate::model::RefusalRule;
use serde_json::Value;

/// A request that rules are held against.
pub(super) struct RuledRequest<'r> {
    /// The text of all messages.
    pub(super) prompt: &'r str,
    /// The whole body.
    pub(super) body: &'r [u8],
    /// The tenant that its headers name.
    pub(super) tenant: Option<&'r str>,
}

/// Why one of these rules turns the request away; `None` where none does.
pub(super) fn refused(rules: &[RefusalRule], request: &RuledRequest<'_>) -> Option<RefusalReason> {
    rules.iter().find_map(|rule| by(rule, request))
}

fn by(rule: &RefusalRule, request: &RuledRequest<'_>) -> Option<RefusalReason> {
    let RefusalRule { user, contains, tokens_above, tenant } = rule;
    let names = |wanted: &String| {
        let said: Option<Value> = serde_json::from_slice(request.body).ok();
        said.is_some_and(|said| said["user"].as_str() == Some(wanted))
    };
    let holds = |text: &String| request.prompt.to_lowercase().contains(&text.to_lowercase());
    // As elsewhere in the lab, a token is four bytes.
    let above = |most: &u64| request.prompt.len() as u64 / 4 > *most;
    let is_foreign = |own: &String| request.tenant.is_some_and(|named| named != own);
    if user.as_ref().is_some_and(names) || tenant.as_ref().is_some_and(is_foreign) {
        return Some(RefusalReason::BadRequest("This user or tenant may not ask for that.".to_owned()));
    }
    if contains.as_ref().is_some_and(holds) {
        return Some(RefusalReason::Status { code: 400, retry_after: None });
    }
    tokens_above.as_ref().is_some_and(above).then_some(RefusalReason::ContextTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_turns_away_its_own_requests_and_no_others() {
        let rule = RefusalRule::default();
        let rules = [
            RefusalRule { user: Some("intern".into()), ..rule.clone() },
            RefusalRule { contains: Some("payroll".into()), ..rule.clone() },
            RefusalRule { tokens_above: Some(10), ..rule.clone() },
            RefusalRule { tenant: Some("org-ours".into()), ..rule },
        ];
        let asked = |prompt: &str, body: &str, tenant: Option<&str>| {
            refused(&rules, &RuledRequest { prompt, body: body.as_bytes(), tenant }).map(|reason| format!("{reason:?}"))
        };
        assert_eq!(asked("Hello.", r#"{"user":"lead"}"#, Some("org-ours")), None);
        assert_eq!(asked("Hello.", "{}", None), None, "who names no tenant is the key's own");
        assert!(asked("Hello.", r#"{"user":"intern"}"#, None).unwrap().contains("BadRequest"));
        assert!(asked("Hello.", "{}", Some("org-theirs")).unwrap().contains("BadRequest"));
        assert!(asked("Show the Payroll.", "{}", None).unwrap().contains("400"));
        assert!(asked(&"word ".repeat(20), "{}", None).unwrap().contains("ContextTooLong"));
    }
}
