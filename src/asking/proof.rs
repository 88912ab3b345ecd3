//! What a request carries so that a provider knows who asks: a key, a token, or a signature of AWS.
//!
//! What this file does not do: read a key, or get a token for one (`provider`).

use crate::dialect::{WireRequest, credential_header};
use crate::model::Dialect;
use crate::secret::signed_headers;
use crate::units::{AccessKey, Problem, Secret};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};

/// How a request proves who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestProof {
    /// By a key in the header that the dialect has for it, as the request was written.
    Key,
    /// By a token, as a bearer's.
    Token(Secret),
    /// By a signature of AWS.
    Signature {
        /// The key that signs.
        key: AccessKey,
        /// The region that it signs for.
        region: String,
    },
}

impl RequestProof {
    /// The headers of a request with what proves who sends it. Those that hold a secret are marked as such.
    ///
    /// # Errors
    /// Where the request cannot be signed, or a key cannot stand in a header.
    pub(super) fn headers(&self, dialect: Dialect, request: &WireRequest, url: &Url) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
        let usual = credential_header(dialect, "").0;
        let own = request.headers.iter().filter(|(name, _)| *self == Self::Key || *name != usual);
        let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
        let wrong = |name: &str| {
            Problem::new(format!("what is to be sent as `{name}` cannot stand in a header")).hint("look for a line end in the key")
        };
        let mut add = |name: &str, value: &str, is_secret: bool| {
            let mut text = HeaderValue::from_str(value).map_err(|_| wrong(name))?;
            text.set_sensitive(is_secret);
            headers.push((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(name))?, text));
            Ok::<(), Problem>(())
        };
        for (name, value) in own {
            add(name, value, *name == usual)?;
        }
        match self {
            Self::Key => {}
            Self::Token(token) => add("authorization", &format!("Bearer {}", token.expose()), true)?,
            Self::Signature { key, region } => {
                let kept: Vec<(&str, String)> =
                    request.headers.iter().filter(|(name, _)| *name != usual).map(|(name, value)| (*name, value.clone())).collect();
                let method = if request.method == "GET" { Method::GET } else { Method::POST };
                let signed = signed_headers(key, ("bedrock", region), (method, url.as_str()), &kept, &request.body);
                let signed = signed.map_err(|why| Problem::new(format!("the request cannot be signed: {why}")))?;
                for (name, value) in signed {
                    add(&name, value.expose(), true)?;
                }
            }
        }
        Ok(headers)
    }
}

/// The region in the name of one of AWS's hosts: `bedrock-runtime.eu-central-1.amazonaws.com`.
pub(super) fn region_of_host(base_url: &str) -> Option<String> {
    let url: Url = base_url.parse().ok()?;
    let mut parts = url.host_str()?.strip_suffix(".amazonaws.com")?.split('.');
    parts.nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::plain_request;

    fn sent(proof: &RequestProof, dialect: Dialect, key: &str) -> Vec<(String, String)> {
        let request = plain_request(dialect, "m", "hi", false, key);
        let url: Url = format!("https://bedrock-runtime.eu-central-1.amazonaws.com{}", request.path).parse().unwrap();
        let headers = proof.headers(dialect, &request, &url).unwrap();
        headers.into_iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    fn of<'h>(headers: &'h [(String, String)], name: &str) -> Vec<&'h str> {
        headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    }

    #[test]
    fn a_key_goes_as_the_dialect_has_it_and_a_token_as_a_bearers() {
        assert_eq!(of(&sent(&RequestProof::Key, Dialect::Vertex, "k"), "x-goog-api-key"), ["k"]);
        let token = RequestProof::Token("ya29.t".into());
        for (dialect, usual) in [(Dialect::Vertex, "x-goog-api-key"), (Dialect::AzureOpenAi, "api-key"), (Dialect::OpenAi, "none")] {
            let headers = sent(&token, dialect, "");
            assert_eq!(of(&headers, "authorization"), ["Bearer ya29.t"], "{dialect}");
            assert!(of(&headers, usual).is_empty(), "{dialect}: an empty key is no key");
        }
    }

    #[test]
    fn an_access_key_signs_and_is_not_sent() {
        let key = AccessKey::lasting("AKIAEXAMPLE".to_owned(), "wJalrXUtnFEMI".into());
        let headers = sent(&RequestProof::Signature { key, region: "eu-central-1".to_owned() }, Dialect::Bedrock, "");
        let [proof] = of(&headers, "authorization")[..] else { panic!("{headers:?}") };
        assert!(proof.starts_with("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"), "{proof}");
        assert!(proof.contains("/eu-central-1/bedrock/aws4_request"), "{proof}");
        assert!(!headers.iter().any(|(_, value)| value.contains("wJalrXUtnFEMI")));
        assert_eq!(of(&headers, "content-type").len(), 1);
    }

    #[test]
    fn a_region_stands_in_the_name_of_the_host() {
        assert_eq!(region_of_host("https://bedrock-runtime.eu-central-1.amazonaws.com/").as_deref(), Some("eu-central-1"));
        assert_eq!(region_of_host("https://bedrock.example"), None);
    }
}
