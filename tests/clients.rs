//! The providers' own Python clients, unmodified, against the lab: every dialect, whole and streamed, and what each raises for each refusal.

use crate::support::{Project, wait_for};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// Python with the clients: under `target/`, where they are installed once for each set of versions. Never left out: a suite that passes
/// without them would claim what it has not seen.
fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (venv, wanted) = (root.join("target/clients"), std::fs::read_to_string(root.join(REQUIREMENTS)).unwrap());
    // Each test may be a process of its own; one of them installs, the others wait.
    let lock = std::fs::File::create(root.join("target/clients.lock")).unwrap();
    lock.lock().unwrap();
    let installed = venv.join("installed.txt");
    if std::fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        does("python3", &["-m", "venv", "--clear", "target/clients"], root);
        does("target/clients/bin/pip", &["install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS], root);
        std::fs::write(installed, wanted).unwrap();
    }
    venv.join("bin/python")
}

fn does(program: &str, args: &[&str], folder: &Path) {
    let done = Command::new(program).args(args).current_dir(folder).output();
    let said = match &done {
        Ok(output) if output.status.success() => return,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    panic!(
        "`{program} {}` cannot install the providers' clients:\n{said}\nIt takes Python 3.10 or later with its `venv`, and a package index.",
        args.join(" ")
    );
}

const INVENTORY: &str = "\
version: 1
providers:
  openai: {dialect: openai, models: &models {chat: 'model-v1:0'}, simulation: &quick {first_token_p50: 5ms, tail_share: 0%, tokens: 1000/s}}
  azure: {dialect: azure-openai, models: *models, simulation: *quick}
  anthropic: {dialect: anthropic, models: *models, simulation: *quick}
  bedrock: {dialect: bedrock, models: *models, simulation: *quick}
  vertex: {dialect: vertex, models: *models, simulation: *quick}
services:
  chat: {providers: [openai, anthropic]}
";

/// `lifeboat lab`, until it is dropped.
struct Lab {
    process: Child,
    said: String,
}

impl Lab {
    fn start(project: &Project) -> Self {
        let said = project.path("lab.txt");
        let mut command = project.command(&["lab"]);
        command.stdout(std::fs::File::create(&said).unwrap()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let mut lab = Self { process, said: String::new() };
        lab.said = wait_for("the lab's gateway, which is said last", || {
            std::fs::read_to_string(&said).ok().filter(|text| text.contains("/status\n"))
        });
        lab
    }

    /// A provider's base URL and its key, as its lines have them.
    fn provider(&self, name: &str) -> (&str, &str) {
        let (_, after) = self.said.split_once(&format!("{name} (")).unwrap();
        let (_, url) = after.split_once("answers at ").unwrap();
        let key = &url[url.find("sk-lab-").unwrap()..];
        (url.lines().next().unwrap(), key.split('\'').next().unwrap())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a script against a provider of a lab of its own; it must tell this and nothing else.
fn tells(script: &str, provider: &str, variant: Option<&str>, wanted: &str) {
    let (python, project) = (python(), Project::empty());
    project.write("runbooks/inventory.yaml", INVENTORY);
    let lab = Lab::start(&project);
    let (url, key) = lab.provider(provider);
    let mut command = Command::new(&python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script)).args([url, key]).args(variant);
    command.env("NO_PROXY", "127.0.0.1").env("PYTHONDONTWRITEBYTECODE", "1");
    // Nobody's own credentials are looked for, on this host or in its cloud.
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null").env("HOME", project.path("."));
    let run = project.run(&mut command);
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
