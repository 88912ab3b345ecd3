//! The providers' own Python clients, unmodified, against the lab: every dialect, whole and streamed, and what each raises for each refusal.

use crate::support::{LAB, Lab, Project, client};

/// Runs a script against a provider of a lab of its own; it must tell this and nothing else.
fn tells(script: &str, provider: &str, variant: Option<&str>, wanted: &str) {
    let project = Project::empty();
    project.write("runbooks/inventory.yaml", LAB);
    let lab = Lab::start(&project);
    let (url, key) = lab.provider(provider);
    let run = project.run(client(script, &project).args([url, key]).args(variant));
    run.exits_with(0);
    assert_eq!(run.stdout, wanted, "{}", run.stderr);
}

#[test]
fn openai_talks_to_the_labs_openai() {
    tells("openai_client.py", "openai", None, OPENAI);
}

#[test]
fn openai_talks_to_the_labs_azure() {
    tells("openai_client.py", "azure", Some("azure"), OPENAI);
}

#[test]
fn anthropic_talks_to_the_labs_anthropic() {
    tells("anthropic_client.py", "anthropic", None, ANTHROPIC);
}

#[test]
fn boto3_talks_to_the_labs_bedrock() {
    tells("boto3_client.py", "bedrock", None, BEDROCK);
}

#[test]
fn google_genai_talks_to_the_labs_gemini() {
    tells("genai_client.py", "vertex", None, GEMINI);
}

#[test]
fn google_genai_talks_to_the_labs_vertex() {
    tells("genai_client.py", "vertex", Some("vertex"), VERTEX);
}

#[test]
fn google_genai_mints_tokens_as_a_service_account() {
    tells("genai_account.py", "vertex", None, ACCOUNT);
}

const ACCOUNT: &str = "\
minted: ferry storm light | True
again: ferry storm light
revoked: RefreshError invalid_grant: Invalid JWT Signature.
expired: RefreshError invalid_grant: Invalid JWT Signature.
";

const OPENAI: &str = "\
whole: ferry storm light | stop | 3 | model-v1:0
stream: ferry storm light | stop | 3 | model-v1:0
tool: repeat | ferry storm light | tool_calls
tool streamed: repeat | ferry storm light
response: ferry storm light | completed | 3 | model-v1:0
response streamed: ferry storm light | response.completed | ferry storm light | 3
response gathered: ferry storm light
response cut short: response.incomplete | ferry storm | max_output_tokens
response calls: function_call | repeat | ferry storm light
response calls streamed: function_call | repeat | ferry storm light
vectors: [1536, 1536] | [1.0, 1.0] | 2 | model-v1:0
vectors as numbers: [8, 8] | True
models: model-v1:0
revoked: AuthenticationError | 401
expired: AuthenticationError | 401
forbidden: PermissionDeniedError | 403
out-of-quota: RateLimitError | 429
unknown: AuthenticationError | 401
gone: NotFoundError | 404
respond revoked: AuthenticationError | 401
respond expired: AuthenticationError | 401
respond forbidden: PermissionDeniedError | 403
respond out-of-quota: RateLimitError | 429
respond unknown: AuthenticationError | 401
respond gone: NotFoundError | 404
embed revoked: AuthenticationError | 401
embed expired: AuthenticationError | 401
embed forbidden: PermissionDeniedError | 403
embed out-of-quota: RateLimitError | 429
embed unknown: AuthenticationError | 401
embed gone: NotFoundError | 404
";

const ANTHROPIC: &str = "\
whole: ferry storm light | end_turn | 3 | model-v1:0
stream: ferry storm light | end_turn | 3 | model-v1:0
tool: tool_use | repeat | ferry storm light
tool streamed: repeat | ferry storm light | tool_use
models: model-v1:0
revoked: AuthenticationError | 401
expired: AuthenticationError | 401
forbidden: PermissionDeniedError | 403
out-of-quota: PaymentRequiredError | 402
unknown: AuthenticationError | 401
gone: NotFoundError | 404
";

const BEDROCK: &str = "\
whole: ferry storm light | end_turn | 3
stream: ferry storm light | end_turn | 3
tool: repeat | ferry storm light | tool_use
tool streamed: repeat | ferry storm light
invoke: application/json | ferry storm light | end_turn | 3 | 3
invoke streamed: ferry storm light | end_turn | message_stop | 3
invoke calls: tool_use | repeat | ferry storm light
models: model-v1:0
revoked: ClientError | 403 UnrecognizedClientException
expired: ClientError | 403 ExpiredTokenException
forbidden: AccessDeniedException | 403 AccessDeniedException
out-of-quota: ServiceQuotaExceededException | 400 ServiceQuotaExceededException
unknown: ClientError | 403 UnrecognizedClientException
gone: ResourceNotFoundException | 404 ResourceNotFoundException
invoke revoked: ClientError | 403 UnrecognizedClientException
invoke expired: ClientError | 403 ExpiredTokenException
invoke forbidden: AccessDeniedException | 403 AccessDeniedException
invoke out-of-quota: ServiceQuotaExceededException | 400 ServiceQuotaExceededException
invoke unknown: ClientError | 403 UnrecognizedClientException
invoke gone: ResourceNotFoundException | 404 ResourceNotFoundException
invoke streamed revoked: ClientError | 403 UnrecognizedClientException
invoke streamed expired: ClientError | 403 ExpiredTokenException
invoke streamed forbidden: AccessDeniedException | 403 AccessDeniedException
invoke streamed out-of-quota: ServiceQuotaExceededException | 400 ServiceQuotaExceededException
invoke streamed unknown: ClientError | 403 UnrecognizedClientException
invoke streamed gone: ResourceNotFoundException | 404 ResourceNotFoundException
";

const GEMINI: &str = "\
whole: ferry storm light | STOP | 3
stream: ferry storm light | STOP | 3
tool: repeat | ferry storm light
tool streamed: repeat ferry storm light
models: models/model-v1:0
revoked: ClientError | 401 UNAUTHENTICATED
expired: ClientError | 401 UNAUTHENTICATED
forbidden: ClientError | 403 PERMISSION_DENIED
out-of-quota: ClientError | 429 RESOURCE_EXHAUSTED
unknown: ClientError | 401 UNAUTHENTICATED
gone: ClientError | 404 NOT_FOUND
";

/// Its list is of models that the project has tuned, which the lab has none of.
const VERTEX: &str = "\
whole: ferry storm light | STOP | 3
stream: ferry storm light | STOP | 3
tool: repeat | ferry storm light
tool streamed: repeat ferry storm light
revoked: ClientError | 401 UNAUTHENTICATED
expired: ClientError | 401 UNAUTHENTICATED
forbidden: ClientError | 403 PERMISSION_DENIED
out-of-quota: ClientError | 429 RESOURCE_EXHAUSTED
unknown: ClientError | 401 UNAUTHENTICATED
gone: ClientError | 404 NOT_FOUND
";

#[tokio::test]
async fn a_service_accounts_key_is_asked_about_where_it_signs_for_tokens() {
    use lifeboat::secret::issuer::{GoogleKeys, KeyIssuer, Standing};
    use lifeboat::units::Secret;
    use std::io::{BufRead, BufReader, Write};
    let _ = rustls::crypto::ring::default_provider().install_default();
    let project = Project::empty();
    let mut endpoint = client("google_tokens.py", &project);
    let mut endpoint = endpoint.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(endpoint.stdout.take().unwrap()).lines();
    let file = Secret::new(lines.next().unwrap().unwrap());
    let issuer = GoogleKeys::new("http://127.0.0.1:9", "chat@p.iam.gserviceaccount.example", Secret::new("token".into())).unwrap();
    assert_eq!(issuer.probe(&file).await.unwrap(), Standing::Accepted, "Google's own library takes the signature");
    let other = Secret::new(file.expose().replace("chat@p.", "mail@p."));
    assert!(matches!(issuer.probe(&other).await.unwrap(), Standing::Refused(400)), "the key of another account");
    endpoint.stdin.as_mut().unwrap().write_all(b"deleted\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "deleted");
    assert_eq!(issuer.probe(&file).await.unwrap(), Standing::Refused(400), "a refusal that came");
    drop(endpoint.stdin.take());
    endpoint.wait().unwrap();
    assert!(matches!(issuer.probe(&file).await.unwrap(), Standing::Unknown(_)), "who does not answer says nothing of the key");
    assert!(matches!(issuer.probe(&Secret::new("{}".into())).await.unwrap(), Standing::Unknown(_)));
}
