//! The six questions, and what may be answered: each answer is looked at as it is given.

use super::beginning::{BegunGateway, BegunProject, BegunProvider, is_clear, key_variable, named};
use super::well_known::WellKnownProvider;
use crate::model::{CredentialKind, Dialect, origin_and_path};
use crate::units::{Duration, Problem, closest, is_unprintable};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitQuestion {
    /// The service's name.
    Service,
    /// Who serves it.
    Primary,
    /// Who serves it when the primary does not.
    Standby,
    /// Where users reach it.
    Gateway,
    /// Within which time they must be served again.
    Rto,
    /// Whose it is.
    Owner,
}

/// The answers so far; what nobody answered is as usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    service: String,
    primary: BegunProvider,
    standby: Option<BegunProvider>,
    gateway: String,
    rto: Duration,
    owner: String,
}

/// The shortest promise that a drill can prove, and the longest that anybody waits for.
const RTO: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3600));
/// Letters of an owner's name.
const OWNER_MAX: usize = 80;
/// The address of a gateway that runs on the same host.
const GATEWAY: &str = "http://127.0.0.1:4000/v1";
/// How people say that there is no standby.
const NOBODY: [&str; 4] = ["none", "no", "nobody", "-"];

impl Default for Answers {
    fn default() -> Self {
        let provider = |name| provider(name).expect("both are well known");
        Self {
            service: BegunProject::SERVICE.to_owned(),
            primary: provider("azure-openai"),
            standby: Some(provider("openai")),
            gateway: GATEWAY.to_owned(),
            rto: BegunProject::RTO,
            owner: BegunProject::OWNER.to_owned(),
        }
    }
}

impl InitQuestion {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Service, Self::Primary, Self::Standby, Self::Gateway, Self::Rto, Self::Owner];

    /// As it is asked.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Service => "What is the service called that your users ask?",
            Self::Primary => {
                "Which provider serves it? (azure-openai, openai, anthropic, bedrock, vertex, gemini, …, or the address of another)"
            }
            Self::Standby => "Which one serves when that does not? (another, or none)",
            Self::Gateway => "Where do users reach it: what is your gateway's address?",
            Self::Rto => "Within which time must users be served again?",
            Self::Owner => "Whose is it: who is called when it fails? (a name, or an e-mail address)",
        }
    }

    /// The answer of whoever gives none.
    pub fn usual(self, answers: &Answers) -> String {
        match self {
            Self::Service => answers.service.clone(),
            Self::Primary => answers.primary.name.clone(),
            // Whoever named the usual standby as the primary has another.
            Self::Standby if answers.primary.name == "openai" => "azure-openai".to_owned(),
            Self::Standby => "openai".to_owned(),
            Self::Gateway => answers.gateway.clone(),
            Self::Rto => answers.rto.typed(),
            Self::Owner => answers.owner.clone(),
        }
    }
}

impl Answers {
    /// Takes an answer.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead; then nothing has changed.
    pub fn take(&mut self, question: InitQuestion, text: &str) -> Result<(), Problem> {
        let text = text.trim();
        match question {
            InitQuestion::Service => self.service = service(text)?,
            InitQuestion::Primary => self.primary = provider(text)?,
            InitQuestion::Standby if NOBODY.contains(&text.to_lowercase().as_str()) => self.standby = None,
            InitQuestion::Standby => {
                let standby = provider(text)?;
                if standby.name == self.primary.name {
                    return Err(Problem::new(format!("`{}` is the primary", standby.name)).hint("name another provider, or write `none`"));
                }
                self.standby = Some(standby);
            }
            InitQuestion::Gateway => self.gateway = gateway(text)?,
            InitQuestion::Rto => self.rto = rto(text)?,
            InitQuestion::Owner => self.owner = owner(text)?,
        }
        Ok(())
    }

    /// What a project is begun with.
    pub fn beginning(self) -> BegunProject {
        // A primary that was answered may be the usual standby.
        let standby = self.standby.filter(|standby| standby.name != self.primary.name);
        let warnings = if standby.is_some() {
            Vec::new()
        } else {
            vec!["there is no standby: every outage drill will be missed until the service has a second provider".to_owned()]
        };
        BegunProject {
            service: self.service,
            providers: [Some(self.primary), standby].into_iter().flatten().collect(),
            sharing: 1,
            gateway: BegunGateway {
                kind: None,
                url: self.gateway,
                key_from: Some("GATEWAY_KEY".to_owned()),
                model: None,
                configuration: None,
            },
            rto: self.rto,
            owner: self.owner,
            from: "six answers".to_owned(),
            warnings,
        }
    }
}

impl BegunProject {
    /// Takes an answer in the place of what was read; who serves is left as it is.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn answer(&mut self, question: InitQuestion, text: &str) -> Result<(), Problem> {
        let text = text.trim();
        match question {
            InitQuestion::Service => self.service = service(text)?,
            InitQuestion::Gateway => self.gateway.url = gateway(text)?,
            InitQuestion::Rto => self.rto = rto(text)?,
            InitQuestion::Owner => self.owner = owner(text)?,
            InitQuestion::Primary | InitQuestion::Standby => {}
        }
        Ok(())
    }
}

/// A name of an inventory.
fn service(text: &str) -> Result<String, Problem> {
    let is_good = text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.len() <= 60
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'));
    let hint = || format!("use letters, digits and dashes, for example `{}`", named(text, BegunProject::SERVICE));
    if is_good { Ok(text.to_owned()) } else { Err(Problem::new(format!("`{text}` is not a name")).hint(hint())) }
}

/// One that is known by its name, or that speaks OpenAI's dialect at an address.
fn provider(text: &str) -> Result<BegunProvider, Problem> {
    if let Some(known) = WellKnownProvider::of_name(text) {
        return Ok(BegunProvider::of_known(known, known.key().map(|key| format!("env:{key}"))));
    }
    if text.contains("://") {
        let url = address(text)?;
        let (origin, _) = origin_and_path(&url);
        let host = origin.split_once("://").map_or(origin, |(_, host)| host).split(':').next().unwrap_or_default().to_owned();
        let labels: Vec<&str> = host.split('.').filter(|label| !matches!(*label, "api" | "www" | "com" | "ai" | "example")).collect();
        let name = named(&labels.join("-"), "provider");
        return Ok(BegunProvider {
            key: Some(format!("env:{}", key_variable(&name))),
            name,
            dialect: Dialect::OpenAi,
            region: None,
            base_url: Some(url),
            base_url_form: "https://HOST/v1",
            kind: CredentialKind::ApiKey,
            model: None,
            line: None,
        });
    }
    let hint = match closest(&text.to_lowercase(), WellKnownProvider::names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "write one of {}, or the address of one that speaks OpenAI's dialect, `https://models.example/v1`",
            WellKnownProvider::names().collect::<Vec<_>>().join(", ")
        ),
    };
    Err(Problem::new(format!("`{text}` is no provider that is known here")).hint(hint))
}

/// A gateway's address, with or without its scheme and path.
fn gateway(text: &str) -> Result<String, Problem> {
    let near = format!("http://{text}");
    let whole = if text.contains("://") {
        text.to_owned()
    } else if is_clear(&near) {
        format!("https://{text}")
    } else {
        near
    };
    let url = address(&whole)?;
    let (_, path) = origin_and_path(&url);
    Ok(if path.is_empty() && !text.contains("://") { format!("{url}/v1") } else { url })
}

/// Scheme, host, and what stands after it, without anything that may be a secret.
fn address(text: &str) -> Result<String, Problem> {
    let wrong = |what: &str| Problem::new(format!("this {what}")).hint("write for example `https://gateway.example/v1`");
    let text = text.trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("is no address"))?;
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') || rest.contains(['?', '#']) {
        return Err(wrong("address may hold a secret, which must not stand in a file"));
    }
    let is_plain = rest.chars().all(|letter| letter.is_ascii_graphic() && !matches!(letter, '"' | '\'' | '`' | '\\' | '$' | '{' | '}'));
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    if !matches!(scheme, "http" | "https") || name.is_empty() || !is_plain || port.parse::<u16>().map_or(true, |port| port == 0) {
        return Err(wrong("is no address"));
    }
    Ok(text.to_owned())
}

/// A promise that a drill can prove.
fn rto(text: &str) -> Result<Duration, Problem> {
    let rto: Duration = text.parse().map_err(|wrong: crate::units::ParseError| Problem::new(wrong.problem).hint(wrong.hint))?;
    let (least, most) = RTO;
    if rto < least || rto > most {
        return Err(Problem::new(format!("an RTO of {rto} cannot be drilled")).hint(format!(
            "write {} to {}",
            least.typed(),
            most.typed()
        )));
    }
    Ok(rto)
}

/// A name that people know somebody by.
fn owner(text: &str) -> Result<String, Problem> {
    if text.is_empty() || text.chars().count() > OWNER_MAX || text.chars().any(|letter| letter.is_control() || is_unprintable(letter)) {
        return Err(Problem::new("this is not a name").hint("write for example `Platform on call` or `oncall@example.com`"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(question: InitQuestion, text: &str) -> String {
        let mut answers = Answers::default();
        let problem = answers.take(question, text).expect_err(text);
        assert_eq!(answers, Answers::default(), "a wrong answer changes nothing");
        crate::units::explained(&problem)
    }

    #[test]
    fn each_answer_is_looked_at_as_it_is_given() {
        for (question, text, hint) in [
            (InitQuestion::Service, "support chat", "`support-chat`"),
            (InitQuestion::Service, "", "`chat`"),
            (InitQuestion::Primary, "antropic", "did you mean `anthropic`?"),
            (InitQuestion::Primary, "acme", "the address of one"),
            (InitQuestion::Primary, "https://me:pw@models.example/v1", "may hold a secret"),
            (InitQuestion::Standby, "Azure", "is the primary"),
            (InitQuestion::Gateway, "https://gw.example/v1?key=1", "may hold a secret"),
            (InitQuestion::Gateway, "gw:0", "no address"),
            (InitQuestion::Gateway, "ftp://gw", "no address"),
            (InitQuestion::Rto, "soon", "write"),
            (InitQuestion::Rto, "10", "10s"),
            (InitQuestion::Rto, "1s", "2s to 1h"),
            (InitQuestion::Owner, "", "Platform on call"),
            (InitQuestion::Owner, "a\u{1b}[31m", "Platform on call"),
        ] {
            let said = refused(question, text);
            assert!(said.contains(hint), "{question:?} {text:?}: {said}");
        }
    }

    #[test]
    fn the_usual_answers_are_good_answers() {
        let mut answers = Answers::default();
        for question in InitQuestion::ALL {
            let usual = question.usual(&answers);
            answers.take(question, &usual).unwrap();
        }
        assert_eq!(answers, Answers::default());
        let begun = answers.beginning();
        assert_eq!(begun.providers.iter().map(|provider| provider.name.as_str()).collect::<Vec<_>>(), ["azure-openai", "openai"]);
        assert_eq!(begun.warnings, [""; 0]);
    }

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        let mut answers = Answers::default();
        answers.take(InitQuestion::Primary, "openai").unwrap();
        assert_eq!(InitQuestion::Standby.usual(&answers), "azure-openai");
        answers.take(InitQuestion::Standby, "https://models.acme.example/v1/").unwrap();
        answers.take(InitQuestion::Gateway, "localhost:8080").unwrap();
        let begun = answers.clone().beginning();
        assert_eq!((begun.providers[1].name.as_str(), begun.gateway.url.as_str()), ("models-acme", "http://localhost:8080/v1"));
        assert_eq!(begun.providers[1].key.as_deref(), Some("env:MODELS_ACME_KEY"));
        answers.take(InitQuestion::Standby, "none").unwrap();
        assert_eq!((answers.clone().beginning().providers.len(), answers.beginning().warnings.len()), (1, 1));
    }
}
