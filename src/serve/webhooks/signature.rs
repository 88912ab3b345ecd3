//! The signature of Standard Webhooks 1.0: HMAC-SHA-256 over `ID.TIMESTAMP.BODY`, one for each secret.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use crate::units::{Problem, Secret, authentication_code};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// How a secret begins in its text form.
const PREFIX: &str = "whsec_";
/// A shorter one would be guessed.
const SHORTEST: usize = 24;

/// The header `webhook-signature`: with several secrets several signatures, of which one is enough for whoever receives it.
///
/// # Errors
/// Where a secret is none. It stands in no message.
pub(super) fn signatures(secrets: &[Secret], id: &str, timestamp: i64, body: &str) -> Result<String, Problem> {
    let signed = format!("{id}.{timestamp}.{body}");
    let each = secrets.iter().map(|secret| {
        let code = authentication_code(&key(secret)?, signed.as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(code)))
    });
    Ok(each.collect::<Result<Vec<_>, Problem>>()?.join(" "))
}

fn key(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let text = secret.expose().trim();
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    let hint = "write `whsec_` and what `openssl rand -base64 32` prints";
    let key = STANDARD.decode(text).map_err(|_| Problem::new("the webhook's secret is not `whsec_` and base64").hint(hint))?;
    if key.len() < SHORTEST {
        return Err(Problem::new(format!("the webhook's secret has {} bytes, and {SHORTEST} are the fewest", key.len())).hint(hint));
    }
    Ok(Zeroizing::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the reference libraries.
        let secret = Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = signatures(std::slice::from_ref(&secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signatures(&[secret.clone(), Secret::from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")], "a", 1, "{}").unwrap();
        let (one, other) = both.split_once(' ').unwrap();
        assert_eq!(one, other, "the prefix is no part of the key");
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_shown() {
        for text in ["whsec_", "whsec_Zm9v", "hunter2 is no base64", ""] {
            let problem = signatures(&[Secret::from(text)], "a", 1, "{}").unwrap_err();
            assert!(!problem.to_string().contains("Zm9v") && !problem.to_string().contains("hunter2"), "{problem}");
        }
    }
}
