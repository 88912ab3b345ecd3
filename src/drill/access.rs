//! The way to the control API of a drill, standing or embedded, and why there may be none.

use super::DrillStop;
use super::names::ResolvedNames;
use super::preflight::{Trouble, ground};
use super::site::ANY_PORT;
use crate::control::{Control, ControlError};
use crate::history::StopReason;
use crate::journal;
use crate::model::{ControlBinding, DrillPlan};
use crate::proxy::{Proxy, ProxySettings};
use crate::redact::Redactor;
use crate::units::Secret;

/// A control API: a standing proxy's, or that of one that is started here.
pub(super) async fn control(plan: &DrillPlan, names: &ResolvedNames) -> Result<(Control, Option<Proxy>), DrillStop> {
    if let Some(ControlBinding { url, token_from, .. }) = &plan.environment.control {
        let token = token_from.as_deref().map(|variable| token(variable, &format!("the control API at {url}"), &names.redactor));
        let token = token.transpose()?;
        let control = Control::connect_with(url, token.as_ref().map(Secret::expose)).await;
        return Ok((control.map_err(|error| no_control(error, token_from.as_deref()))?, None));
    }
    // Others on this host find its port. What they do not find is the token, which is in this process's memory only.
    let random =
        journal::random().map_err(|error| DrillStop::environment(format!("no random bytes for the control API's token: {error}")))?;
    let token = Secret::new(format!("{:032x}", u128::from_ne_bytes(random)));
    names.redactor.learn("the control API of this drill", &token);
    let settings = ProxySettings { token: Some(token.clone()), places: Some(names.places(plan)), ..ProxySettings::at(ANY_PORT) };
    let proxy = Proxy::start_with(settings).await.map_err(DrillStop::environment_error)?;
    let url = format!("http://{}", proxy.api());
    let control = Control::connect_with(&url, Some(token.expose())).await.map_err(DrillStop::environment_error)?;
    Ok((control, Some(proxy)))
}

/// Why a control API does not let a drill in, with the setting that says who asks.
fn no_control(error: ControlError, token_from: Option<&str>) -> DrillStop {
    let ControlError::Refused { url, status: status @ (401 | 403), error, hint, .. } = &error else {
        return DrillStop::environment_error(error);
    };
    let problem = match token_from {
        Some(variable) if *status == 401 => (
            format!("the control API at {url} does not take the token in {variable}"),
            format!("export {variable}=… with the token that it was started with"),
        ),
        None if *status == 401 => (
            format!("the control API at {url} asks for a token"),
            "write `token_from: 'env:NAME'` beside the `url:` of `control:`, and export NAME=…".to_owned(),
        ),
        _ => {
            let refused = DrillStop::environment(format!("the control API at {url} refused this drill (status {status}): {error}"));
            return DrillStop { hint: hint.clone(), ..refused };
        }
    };
    DrillStop::environment(problem.0).with_hint(problem.1)
}

/// A token in the environment, without white space around it. The redactor knows it from now on.
pub(super) fn token(variable: &str, whose: &str, redactor: &Redactor) -> Result<Secret, DrillStop> {
    ground::token(variable, whose)?;
    let token = crate::secret::variable(variable).unwrap_or_default();
    redactor.learn(whose, &token);
    Ok(token)
}

/// Why a proxy does not stand, with the setting that says where.
pub(super) fn no_proxy(name: &str, error: &ControlError, plan: &DrillPlan) -> Trouble {
    let setting = format!("`listen:` of `{name}` under `proxies:` of the environment `{}`", plan.environment_name);
    match error {
        ControlError::Refused { error: said, .. } if error.is_address_in_use() => Trouble::new(
            format!("the proxy of {name} cannot listen there: {said}"),
            format!("choose another port for {setting}, or end what listens there"),
        ),
        other => DrillStop::of(StopReason::Environment, other).into(),
    }
}

pub(super) fn no_address(name: &str) -> DrillStop {
    DrillStop::environment(format!("the provider `{name}` has no base_url, and this environment does not imitate it"))
        .with_hint("add `base_url:` to it in the inventory")
}
