//! `redirect`: requests are sent on to another address, without reaching the provider.
//!
//! The answer is a redirect with `location` and an empty body, as the providers' front ends send it, whatever the dialect. Whether anybody
//! follows it, with which key and which body, is what the drill shows.

use super::attributes::bad;
use super::contract::{FaultEffect, fault};
use super::{Ruling, TimedRequest, ToxicError, ToxicMemory};
use crate::dialect::WireAnswer;
use crate::model::{ActsOn, Attribute, Mistake, Setting, SettingKind};

fault! {
    /// Requests are answered with a redirect to another address, without reaching the provider.
    Redirect { word: Some("redirect"), toxic: Some("redirect"), acts_on: ActsOn::Requests }
    settings {
        /// Where they are sent on to, over HTTP.
        to: String = Attribute::new("to", SettingKind::Url).required().example("https://elsewhere.example/v1"),
        /// The status, of those that send on.
        status: u16 = Attribute::new("status", SettingKind::Whole { least: 301, most: 308 }).or(|| Setting::Whole(307)).hint(STATUSES),
    }
}

/// What to write as its status.
const STATUSES: &str = "write 301, 302, 303, 307 or 308";

impl FaultEffect for Redirect {
    fn rule(&self, _timed: &TimedRequest<'_>, _memory: &mut ToxicMemory) -> Ruling {
        Ruling::instead(WireAnswer { status: self.status, headers: vec![("location", self.to.clone())], body: Vec::new() })
    }

    fn told(&self) -> String {
        format!(" {} to {}", self.status, self.to.split(['?', '#']).next().unwrap_or_default())
    }

    fn mistake(&self) -> Option<Mistake> {
        let of = |setting, message: String, hint: &str| Some(Mistake { setting: Some(setting), message, hint: hint.to_owned() });
        let is_web = ["http://", "https://"].iter().any(|scheme| self.to.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        if !is_web || !self.to.chars().all(|letter| letter.is_ascii_graphic()) {
            return of("to", "nobody can be sent on to this address".to_owned(), "write a URL, such as `https://elsewhere.example/v1`");
        }
        match self.status {
            304..=306 => of("status", format!("an answer with status {} sends nobody on", self.status), STATUSES),
            _ => None,
        }
    }

    fn refused(&self) -> Option<ToxicError> {
        self.mistake().map(|mistake| bad(mistake.setting.unwrap_or_default(), mistake.hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::matching::tests::Example;

    fn redirect(to: &str, status: u16) -> Redirect {
        Redirect { to: to.to_owned(), status }
    }

    #[test]
    fn requests_are_sent_on_with_nothing_but_an_address() {
        let (request, fault) = (Example::default(), redirect("https://elsewhere.example/v1?key=1", 308));
        let ruling = fault.rule(&TimedRequest { request: &request, now: 0, wall: 0 }, &mut ToxicMemory::default());
        let answer = ruling.instead.unwrap();
        assert_eq!((answer.status, answer.body.len()), (308, 0));
        assert_eq!(answer.headers, [("location", "https://elsewhere.example/v1?key=1".to_owned())]);
        assert_eq!(fault.told(), " 308 to https://elsewhere.example/v1", "what is asked of the address may hold a key");
    }

    #[test]
    fn what_sends_nobody_on_is_a_mistake() {
        for (to, status, setting) in [
            ("https://a.example", 307, None),
            ("http://a.example/x", 302, None),
            ("tcp://a.example:1", 307, Some("to")),
            ("https://", 307, Some("to")),
            ("https://a.example/\r\nset-cookie: a=b", 307, Some("to")),
            ("https://a.example", 304, Some("status")),
        ] {
            let fault = redirect(to, status);
            assert_eq!(fault.mistake().map(|mistake| mistake.setting), setting.map(Some), "{to:?} {status}");
            assert_eq!(fault.refused().is_some(), setting.is_some());
        }
    }
}
