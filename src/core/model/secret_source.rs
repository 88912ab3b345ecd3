//! Every place where an inventory, a runbook or a workload names something that nobody must see: the one list from which whoever keeps secrets
//! out of histories, reports and messages learns them.
//!
//! Each type is taken apart here field by field, without `..`: who adds a field to one of them decides here whether it can name a secret, or
//! the crate does not compile.
//!
//! Identifiers of AWS's access keys are no secrets: they stand in the clear in every request, and by them histories name keys.
//!
//! What this file does not do: read any of them. It knows references; values live elsewhere.

use super::{
    Action, AlertsBinding, Allow, Ask, BucketPlace, CalendarSource, Canary, Channel, Command, Condition, Confirm, Contact, ContactService,
    ControlBinding, Credential, CredentialSource, DrillPlan, Environment, EvidencePolicy, ExecutionPlan, Goal, Guard, GuardWatch, HttpCall,
    HttpProbe, Inquiry, InquirySource, Inventory, Issuer, LeverBinding, LocksBinding, Mail, Manual, Notify, OidcProvider,
    OpsgenieIntegration, Overlay, OverlaySource, PagerdutyService, ParityProbe, PlainRequest, PrometheusBinding, Provider, ProxyBinding,
    ResetCommand, Rotate, Runbook, SabotageCommand, Scenario, SecretStore, ServePolicy, ServiceBinding, ShipTo, Simulation, StartCommand,
    StatusPage, Step, StopHere, Switch, VaultLogin, Webhook, Wire, Within, WitnessPolicy, WitnessSource, Workload,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where something that nobody must see is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// A key, a token or a password, by the text form of its [`CredentialSource`].
    Key(String),
    /// An environment variable of which only whoever set it knows whether it holds a secret: one that a program is given.
    Passed(String),
    /// Where messages are posted to, with environment variables in it: such an address is often a secret itself, its path most of all.
    Address(String),
    /// Any other URL, with environment variables in it: a secret is what stands before its host, or in its query.
    Url(String),
    /// What stands in a file, under a name that may say what it is: a header, a variable of a program.
    Written(String, String),
    /// None at all, however it looks: what the inventory calls a model, a provider, a region. Histories and reports name them.
    Ordinary(String),
    /// A text of the team's own, which its requests ask or expect: no secret, and nothing for others to read.
    Prompt(String),
}

impl SecretSource {
    /// Of an inventory.
    pub fn of_inventory(inventory: &Inventory) -> BTreeSet<Self> {
        let Inventory { contacts, mail, credentials, stores, secrets, providers, services: _, environments, evidence, serve } = inventory;
        let prompts = if evidence.keep.is_none() { inventory.prompts() } else { Vec::new() };
        let mut found = SecretSourceSet::default();
        contacts.values().for_each(|contact| found.contact(contact));
        mail.iter().for_each(|mail| found.mail(mail));
        credentials.values().for_each(|credential| found.credential(credential));
        stores.values().for_each(|store| found.store(store));
        secrets.values().for_each(|from| found.key(from));
        providers.iter().for_each(|(name, provider)| found.provider(name, provider));
        environments.values().for_each(|environment| found.environment(environment));
        found.evidence(evidence);
        found.serving(serve);
        found.0.extend(prompts.into_iter().map(Self::Prompt));
        found.0
    }

    /// Of a drill.
    pub fn of_drill(plan: &DrillPlan) -> BTreeSet<Self> {
        let DrillPlan {
            scenario,
            runbook,
            environment_name: _,
            environment,
            workloads,
            providers,
            credentials,
            stores,
            secrets,
            contacts,
            mail,
            prices: _,
            parity,
            keep,
            sabotage: _,
            most_tokens: _,
            prediction: _,
        } = plan;
        let mut found = SecretSourceSet::default();
        if keep.is_none() {
            found.0.extend(plan.prompts().into_iter().map(Self::Prompt));
        }
        for ParityProbe { name: _, asks: _, expect: _, user: _, headers, key_from, body } in parity {
            found.written(headers);
            key_from.iter().for_each(|name| found.variable(name));
            body.iter().for_each(|(name, value)| found.parameter(name, value));
        }
        contacts.values().for_each(|contact| found.contact(contact));
        mail.iter().for_each(|mail| found.mail(mail));
        credentials.values().for_each(|credential| found.credential(credential));
        stores.values().for_each(|store| found.store(store));
        secrets.values().for_each(|from| found.key(from));
        providers.iter().for_each(|(name, provider)| found.provider(name, provider));
        found.environment(environment);
        runbook.iter().for_each(|runbook| found.runbook(runbook));
        workloads.iter().for_each(|named| found.workload(&named.workload));
        found.scenario(scenario);
        found.0
    }

    /// Of an execution, which holds everything of the inventory that it may touch.
    pub fn of_execution(plan: &ExecutionPlan) -> BTreeSet<Self> {
        let ExecutionPlan {
            runbook,
            environment_name: _,
            environment,
            service_name: _,
            service: _,
            providers,
            credentials,
            stores,
            secrets,
            contacts,
            mail,
            sources: _,
            parameters: _,
        } = plan;
        let mut found = SecretSourceSet::default();
        contacts.values().for_each(|contact| found.contact(contact));
        mail.iter().for_each(|mail| found.mail(mail));
        credentials.values().for_each(|credential| found.credential(credential));
        stores.values().for_each(|store| found.store(store));
        secrets.values().for_each(|from| found.key(from));
        providers.iter().for_each(|(name, provider)| found.provider(name, provider));
        found.environment(environment);
        found.runbook(runbook);
        found.0
    }
}

#[derive(Default)]
struct SecretSourceSet(BTreeSet<SecretSource>);

impl SecretSourceSet {
    fn key(&mut self, source: &CredentialSource) {
        self.0.insert(SecretSource::Key(source.to_string()));
    }

    fn serving(&mut self, serve: &ServePolicy) {
        let ServePolicy { url: _, oidc, webhooks, otlp } = serve;
        if let Some(OidcProvider { issuer, client_id: _, client_secret, roles: _ }) = oidc {
            self.url(issuer);
            client_secret.iter().for_each(|from| self.key(from));
        }
        for Webhook { name: _, url, secret_from, events: _ } in webhooks {
            self.address(url);
            secret_from.iter().for_each(|from| self.key(from));
        }
        otlp.iter().for_each(|url| self.url(url));
    }

    fn evidence(&mut self, evidence: &EvidencePolicy) {
        let EvidencePolicy { key, witness, ship, keep: _ } = evidence;
        // Of a file the first line would be learnt, and every key's is the same.
        key.iter().filter(|from| !matches!(from, CredentialSource::File(_))).for_each(|from| self.key(from));
        if let Some(WitnessPolicy { from: WitnessSource::Url(url), ca: _, required: _ }) = witness {
            self.address(url);
        }
        for place in ship {
            let ShipTo::S3(place) = place else { continue };
            let BucketPlace { bucket: _, prefix: _, region: _, endpoint, access_key_id: _, secret_access_key, session_token, lock: _ } =
                &**place;
            endpoint.iter().for_each(|url| self.url(url));
            self.key(secret_access_key);
            session_token.iter().for_each(|token| self.key(token));
        }
    }

    fn variable(&mut self, name: &str) {
        self.key(&CredentialSource::Env(name.to_owned()));
    }

    fn address(&mut self, text: &str) {
        match text.strip_prefix("env:") {
            Some(name) => self.address(&format!("${{{name}}}")),
            None => drop(self.0.insert(SecretSource::Address(text.to_owned()))),
        }
    }

    fn url(&mut self, text: &str) {
        self.0.insert(SecretSource::Url(text.to_owned()));
    }

    fn written(&mut self, texts: &BTreeMap<String, String>) {
        self.0.extend(texts.iter().map(|(name, text)| SecretSource::Written(name.clone(), text.clone())));
    }

    /// A parameter of a body, and what is in it.
    fn parameter(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => drop(self.0.insert(SecretSource::Written(name.to_owned(), text.clone()))),
            Value::Array(items) => items.iter().for_each(|item| self.parameter(name, item)),
            Value::Object(fields) => fields.iter().for_each(|(name, value)| self.parameter(name, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn passed(&mut self, names: &[String]) {
        self.0.extend(names.iter().cloned().map(SecretSource::Passed));
    }

    fn contact(&mut self, contact: &Contact) {
        let Contact { name: _, reach, token_from, service } = contact;
        token_from.iter().for_each(|source| self.key(source));
        service.iter().for_each(|service| self.contact_service(service));
        // An e-mail address and a number must be read by whoever is to write or call.
        let posted = |reach: &&String| !reach.starts_with("mailto:") && !reach.starts_with("tel:");
        reach.iter().filter(posted).for_each(|reach| self.address(reach));
    }

    fn contact_service(&mut self, service: &ContactService) {
        // A `${secret.NAME}` is learnt where secrets are declared.
        let mut keys = |texts: &[&String]| {
            texts.iter().filter_map(|text| text.strip_prefix("env:")).for_each(|name| self.variable(name));
        };
        match service {
            ContactService::Pagerduty(PagerdutyService { key, at: _, token, api: _ }) => {
                keys(&std::iter::once(key).chain(token).collect::<Vec<_>>());
            }
            ContactService::Opsgenie(OpsgenieIntegration { key, at: _ }) => keys(&[key]),
            ContactService::Statuspage(page) | ContactService::Instatus(page) => {
                let StatusPage { page: _, token, at: _, title: _, components: _ } = page;
                keys(&[token]);
            }
        }
    }

    fn mail(&mut self, mail: &Mail) {
        let Mail { server: _, from: _, user: _, password_from, authority: _ } = mail;
        password_from.iter().for_each(|source| self.key(source));
    }

    fn credential(&mut self, credential: &Credential) {
        let Credential { kind: _, from, rotates_in: _, issuer, key_id: _ } = credential;
        self.key(from);
        issuer.iter().for_each(|issuer| self.issuer(issuer));
    }

    fn issuer(&mut self, issuer: &Issuer) {
        match issuer {
            Issuer::Openai { project: _, admin, address: _ } => self.key(admin),
            Issuer::Azure { resource: _, token, idle: _, address: _ } | Issuer::Google { account: _, token, address: _ } => self.key(token),
            Issuer::Bedrock { user: _, access_key_id: _, secret_access_key, address: _ }
            | Issuer::Iam { user: _, access_key_id: _, secret_access_key, address: _, token_service: _, region: _ } => {
                self.key(secret_access_key);
            }
            Issuer::Command { mint: _, revoke: _, probe: _, pass } => self.passed(pass),
        }
    }

    fn store(&mut self, store: &SecretStore) {
        match store {
            SecretStore::Vault { address, namespace: _, login, authority: _ } => {
                self.url(address);
                match login {
                    VaultLogin::Token(token) | VaultLogin::Kubernetes { role: _, token, mount: _ } => self.key(token),
                    VaultLogin::Approle { role_id: _, secret_id, mount: _ } => self.key(secret_id),
                }
            }
            SecretStore::AwsSecretsManager { region: _, address: _, access_key_id: _, secret_access_key, session_token } => {
                self.key(secret_access_key);
                session_token.iter().for_each(|token| self.key(token));
            }
            SecretStore::Kubernetes { address: _, token, authority: _ } => self.key(token),
            SecretStore::Command { read: _, write: _, pass } => self.passed(pass),
        }
    }

    fn provider(&mut self, name: &str, provider: &Provider) {
        let Provider {
            dialect: _,
            cloud,
            region,
            residency,
            base_url,
            credential: _,
            models,
            price: _,
            simulation,
            contract: _,
            retires: _,
        } = provider;
        base_url.iter().for_each(|url| self.url(url));
        let Simulation {
            first_token_p50: _,
            first_token_p95: _,
            tail_share: _,
            tail_p50: _,
            token_gap: _,
            credential_life: _,
            models: paced,
            limits: _,
            retired,
            capacity: _,
            refuses: _,
            right: _,
        } = simulation;
        let places = [cloud, region, residency].into_iter().flatten();
        let names = places.chain(models.values()).chain(paced.keys()).chain(retired);
        self.0.extend(names.map(String::as_str).chain([name]).map(|name| SecretSource::Ordinary(name.to_owned())));
    }

    fn environment(&mut self, environment: &Environment) {
        let Environment {
            embedded: _,
            keys: _,
            gateway: _,
            start,
            carries: _,
            services,
            proxies,
            control,
            lever,
            locks,
            alerts,
            prometheus,
            allow,
            protected: _,
            approvals: _,
            configuration: _,
            sabotage,
        } = environment;
        start.iter().for_each(|start| self.start(start));
        sabotage.iter().for_each(|command| self.sabotage(command));
        services.values().for_each(|service| self.service(service));
        for ProxyBinding { listen: _, tls: _, hosts: _ } in proxies.values() {}
        if let Some(ControlBinding { url, token_from, lease: _ }) = control {
            self.url(url);
            token_from.iter().for_each(|name| self.variable(name));
        }
        if let Some(LeverBinding { file: _, url, token_from }) = lever {
            url.iter().for_each(|url| self.url(url));
            token_from.iter().for_each(|name| self.variable(name));
        }
        if let Some(LocksBinding { folder: _, lease: _ }) = locks {}
        if let Some(AlertsBinding { listen: _, token_from, hosts: _ }) = alerts {
            token_from.iter().for_each(|name| self.variable(name));
        }
        if let Some(PrometheusBinding { url, token_from }) = prometheus {
            self.url(url);
            token_from.iter().for_each(|name| self.variable(name));
        }
        self.allow(allow);
    }

    fn allow(&mut self, allow: &Allow) {
        let Allow {
            faults_on: _,
            asks: _,
            max_rate: _,
            max_spend: _,
            max_requests: _,
            revoke: _,
            stores: _,
            hours: _,
            freezes,
            max_duration: _,
            sabotage: _,
        } = allow;
        for calendar in freezes {
            match calendar {
                CalendarSource::File(_) => {}
                CalendarSource::Url(url) => self.url(url),
                // The private address of a calendar is a secret itself.
                CalendarSource::Variable(name) => self.address(&format!("env:{name}")),
            }
        }
    }

    fn sabotage(&mut self, command: &SabotageCommand) {
        let SabotageCommand { name: _, run: _, undo: _, env, pass, within: _, expect: _ } = command;
        self.written(env);
        self.passed(pass);
    }

    fn start(&mut self, start: &StartCommand) {
        let StartCommand { run: _, env, pass, ready: _, within: _, warm_up: _ } = start;
        self.written(env);
        self.passed(pass);
    }

    fn service(&mut self, service: &ServiceBinding) {
        let ServiceBinding {
            url,
            replicas,
            key_from,
            keys_from,
            ca: _,
            proxy,
            gateway: _,
            dialect: _,
            model,
            headers,
            headers_from,
            body,
            complete: _,
            reset,
        } = service;
        if let Some(ResetCommand { run: _, env, pass, within: _ }) = reset {
            self.written(env);
            self.passed(pass);
        }
        std::iter::once(url).chain(replicas).chain(proxy).for_each(|url| self.url(url));
        key_from.iter().chain(keys_from).chain(headers_from.values()).for_each(|name| self.variable(name));
        self.written(headers);
        body.iter().for_each(|(name, value)| self.parameter(name, value));
        self.0.extend(model.clone().map(SecretSource::Ordinary));
    }

    fn workload(&mut self, workload: &Workload) {
        let Workload {
            rate: _,
            ramp: _,
            bursts: _,
            trace: _,
            arrivals: _,
            request: _,
            expect: _,
            script,
            max_in_flight: _,
            max_tokens: _,
            errand,
            wire,
            steps: _,
        } = workload;
        let Wire { connections: _, http: _, timeouts: _, headers } = wire;
        self.written(headers);
        if script.is_some() {
            self.passed(&Workload::PASSED.map(str::to_owned));
        }
        if let Some(PlainRequest { path, send: _, status: _, contains: _ }) = errand {
            self.url(path);
        }
    }

    fn scenario(&mut self, scenario: &Scenario) {
        let Scenario { name: _, title: _, service: _, runbook: _, timeline: _, objectives: _, abort_when, overlays } = scenario;
        for Guard { watches, length: _ } in abort_when {
            match watches {
                GuardWatch::Success(_) | GuardWatch::Latency(_) | GuardWatch::Spend(_) => {}
                GuardWatch::Service(service) => self.workload(&service.probe.workload),
                GuardWatch::Outside(outside) => self.inquiry(&outside.asked),
            }
        }
        for Overlay { name: _, unit: _, from } in overlays {
            match from {
                OverlaySource::Prometheus { url, promql: _ } => self.url(url),
                OverlaySource::Csv { path: _, time: _, value: _ } => {}
            }
        }
    }

    fn runbook(&mut self, runbook: &Runbook) {
        let Runbook {
            name: _,
            owner: _,
            reviewed: _,
            start: _,
            detect,
            reaction: _,
            severity: _,
            roles: _,
            escalate: _,
            updates: _,
            steps,
        } = runbook;
        self.condition(detect);
        for step in steps {
            let Step {
                name: _,
                description: _,
                action,
                timeout: _,
                retries: _,
                retry_after: _,
                backoff: _,
                undo,
                on_failure: _,
                on_success: _,
                when: _,
                expected: _,
                owner: _,
                output: _,
                repeat: _,
                reads: _,
                together: _,
                undo_on_failure: _,
            } = step;
            self.action(action);
            undo.iter().for_each(|undo| self.action(undo));
        }
    }

    fn condition(&mut self, condition: &Condition) {
        let Condition { request, goal, outside } = condition;
        outside.iter().for_each(|outside| self.condition(outside));
        if let Some(HttpProbe { to, every: _, timeout: _, headers }) = request {
            self.url(to);
            self.written(headers);
        }
        if let Goal::Asked(inquiry) = goal {
            self.inquiry(inquiry);
        }
    }

    fn inquiry(&mut self, inquiry: &Inquiry) {
        match &inquiry.of {
            InquirySource::Run(command) => self.command(command),
            InquirySource::Http(call) => self.call(call),
            InquirySource::Promql { query: _, prometheus } => prometheus.iter().for_each(|url| self.url(url)),
            InquirySource::Dns(_) | InquirySource::Tcp(_) | InquirySource::Kubernetes { store: _, object: _ } => {}
        }
    }

    fn call(&mut self, call: &HttpCall) {
        let HttpCall { method: _, url, headers, body: _, expect_status: _, expect_text: _ } = call;
        // A webhook may be called by a plain request too.
        self.address(url);
        self.written(headers);
    }

    fn command(&mut self, command: &Command) {
        let Command { argv: _, env, pass, folder: _, exit_codes: _, leaves_running: _, grace: _ } = command;
        self.written(env);
        self.passed(pass);
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::WaitUntil(condition) => self.condition(condition),
            Action::Http(call) => self.call(call),
            Action::Run(command) => self.command(command),
            Action::StopHere(StopHere { end: _, message: _ }) => {}
            Action::Confirm(Confirm { question: _, answers: _, approvers: _, needed: _, role: _, default: _, reaction: _ })
            | Action::Ask(Ask { question: _, pattern: _, default: _, reaction: _ })
            | Action::Pause(_) => {}
            Action::Manual(Manual { text: _, links, checklist: _, reaction: _ }) => links.iter().for_each(|link| self.url(link)),
            Action::Switch(Switch { within, key, to, change: _, in_place: _ })
            | Action::SwitchBack(Switch { within, key, to, change: _, in_place: _ }) => {
                match within {
                    Within::File { file: _, document: _ } | Within::Kubernetes { store: _, object: _ } => {}
                }
                if let Some(last) = key.last() {
                    self.0.insert(SecretSource::Written(last.clone(), to.clone()));
                }
            }
            Action::Notify(Notify { channel, message: _, severity: _, template: _ }) => match channel {
                Channel::Webhook(url) | Channel::Slack(url) => self.address(url),
                Channel::Pagerduty { key, at } => {
                    key.strip_prefix("env:").into_iter().for_each(|name| self.variable(name));
                    at.iter().for_each(|url| self.address(url));
                }
                Channel::Email(_) | Channel::Contact(_) => {}
            },
            Action::Rotate(Rotate { part: _, credential: _, from }) => from.iter().for_each(|from| self.key(from)),
            Action::Canary(Canary { shift, back, of: _, hold: _, at_least: _, worse_by: _, outside }) => {
                outside.iter().for_each(|outside| self.condition(outside));
                self.action(shift);
                self.action(back);
            }
        }
    }
}
