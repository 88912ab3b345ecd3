//! One step, done once: which file does which kind.

use super::context::Context;
use super::error::StepError;
use super::last_seen::LastSeen;
use super::output::Output;
use super::{canary, command, confirm, http, manual, notify, rotation, switch, wait};
use crate::model::{Action, WalkResult};

/// Does it once, without a timeout; dropping the future ends whatever it started. Returns what it saw or printed.
///
/// # Errors
/// See [`StepError`].
pub async fn perform(action: &Action, place: usize, context: &Context) -> Result<Output, StepError> {
    perform_watched(action, place, context, &LastSeen::default()).await
}

/// The same, and `last` has what was seen last where it is ended before it is over.
pub(super) async fn perform_watched(action: &Action, place: usize, context: &Context, last: &LastSeen) -> Result<Output, StepError> {
    match action {
        Action::WaitUntil(condition) => wait::wait(condition, context, last).await,
        Action::Http(call) => http::call(call, context).await,
        Action::Run(command) => command::run(command, context, last).await,
        Action::Confirm(confirm) => confirm::ask(confirm, context).await,
        Action::Manual(by_hand) => manual::by_hand(by_hand, context).await,
        Action::Ask(ask) => manual::ask(ask, context).await,
        Action::Switch(step) => switch::switch(step, place, context).await,
        Action::SwitchBack(step) => switch::back(step, place, context).await,
        Action::Notify(message) => notify::notify(message, place, context).await,
        Action::Canary(step) => canary::canary(step, &|action| boxed(action, place, context, last), context).await,
        Action::Rotate(part) => rotation::rotate(part, context).await,
        Action::StopHere(stop) => {
            let message = stop.message.as_ref().map(|message| context.expand(message)).transpose()?;
            match stop.end {
                WalkResult::Well => Ok(Output::of(message.unwrap_or_else(|| "it ends here, and all is well".to_owned()))),
                WalkResult::Failed => Err(StepError::failed(message.unwrap_or_else(|| "it ends here, as failed".to_owned()))),
            }
        }
        Action::Pause(length) => {
            tokio::time::sleep(length.std()).await;
            Ok(Output::of(format!("waited {length}")))
        }
    }
}

/// For a step that is made of others: the compiler must see an end of it.
fn boxed<'a>(action: &'a Action, place: usize, context: &'a Context, last: &'a LastSeen) -> canary::UnderWay<'a> {
    Box::pin(perform_watched(action, place, context, last))
}
