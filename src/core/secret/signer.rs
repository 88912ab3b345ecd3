//! Signatures of AWS requests (Signature Version 4), made by AWS's own library.

use super::call::ApiRequest;
use crate::units::{AccessKey, Secret};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Method;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// The headers by which a request to one of AWS's services proves who sends it: `bedrock` of this region, for example. `headers` are those that
/// it has already. Returns the library's words where it cannot be signed; they hold no secret.
///
/// # Errors
/// Where the URL or a header is none.
pub fn signed_headers(
    key: &AccessKey,
    (service, region): (&'static str, &str),
    (method, url): (Method, &str),
    headers: &[(&str, String)],
    body: &[u8],
) -> Result<Vec<(String, Secret)>, String> {
    let signer = Signer {
        region: region.to_owned(),
        service,
        access_key_id: Secret::new(key.id.clone()),
        secret_access_key: key.secret.clone(),
        session_token: key.session_token.clone(),
    };
    let request = ApiRequest { method, path: "", headers: Vec::new(), body: Some(Zeroizing::new(body.to_vec())) };
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value.clone()));
    let own = |name: &str| headers.iter().any(|(known, _)| *known == name);
    let signed = signer.signed(request, url)?;
    Ok(signed.headers.into_iter().filter(|(name, _)| !own(name)).map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Who signs, and for which service.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) region: String,
    pub(super) service: &'static str,
    pub(super) access_key_id: Secret,
    pub(super) secret_access_key: Secret,
    pub(super) session_token: Option<Secret>,
}

impl Signer {
    /// The request with what proves who sends it. Returns the library's words where it cannot be signed; they hold no secret.
    pub(super) fn signed<'a>(&self, request: ApiRequest<'a>, url: &str) -> Result<ApiRequest<'a>, String> {
        let token = self.session_token.as_ref().map(|token| token.expose().to_owned());
        let (id, key) = (self.access_key_id.expose(), self.secret_access_key.expose());
        let identity = Credentials::new(id, key, token, None, "lifeboat").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?;
        let headers = request.headers.iter().map(|(name, value)| (*name, value.expose()));
        let body = SignableBody::Bytes(request.body.as_ref().map_or(&[][..], |body| body));
        let signable = SignableRequest::new(request.method.as_str(), url, headers, body).map_err(|error| error.to_string())?;
        let (instructions, _) = sign(signable, &parameters.into()).map_err(|error| error.to_string())?.into_parts();
        let (headers, _) = instructions.into_parts();
        Ok(headers.into_iter().fold(request, |request, header| request.header(header.name(), header.value().to_owned())))
    }

    /// What no error may show.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        [Some(&self.secret_access_key), self.session_token.as_ref()].into_iter().flatten().collect()
    }
}
