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
models: model-v1:0
revoked: AuthenticationError | 401
expired: AuthenticationError | 401
forbidden: PermissionDeniedError | 403
out-of-quota: RateLimitError | 429
unknown: AuthenticationError | 401
gone: NotFoundError | 404
";

const ANTHROPIC: &str = "\
whole: ferry storm light | end_turn | 3 | model-v1:0
stream: ferry storm light | end_turn | 3 | model-v1:0
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
models: model-v1:0
revoked: ClientError | 403 UnrecognizedClientException
expired: ClientError | 403 ExpiredTokenException
forbidden: AccessDeniedException | 403 AccessDeniedException
out-of-quota: ServiceQuotaExceededException | 400 ServiceQuotaExceededException
unknown: ClientError | 403 UnrecognizedClientException
gone: ResourceNotFoundException | 404 ResourceNotFoundException
";

const GEMINI: &str = "\
whole: ferry storm light | STOP | 3
stream: ferry storm light | STOP | 3
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
revoked: ClientError | 401 UNAUTHENTICATED
expired: ClientError | 401 UNAUTHENTICATED
forbidden: ClientError | 403 PERMISSION_DENIED
out-of-quota: ClientError | 429 RESOURCE_EXHAUSTED
unknown: ClientError | 401 UNAUTHENTICATED
gone: ClientError | 404 NOT_FOUND
";
