//! Each map with fixed keys that a file may hold, by what the readers call it in their messages.

/// A map with fixed keys.
#[derive(Debug)]
pub(super) struct Form {
    /// Its name in this table and in the schema.
    pub(super) name: &'static str,
    /// What its reader calls it; empty where nothing reads it as a map of its own.
    pub(super) what: &'static str,
    /// `KEY: VALUES` with semicolons between them; `!` after a key that must be there. `@NAME` is a form, `=NAME` a word of a list, `[…]` a
    /// list (`[?…]` one that may be empty), `{…}` a map of names, ` or ` stands between alternatives.
    keys: &'static str,
    /// Of these exactly one must be there.
    pub(super) one_of: &'static str,
}

impl Form {
    /// Its keys with their values.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let pairs = self.keys.split(';').map(str::trim).filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once(':').expect("a key has values")).map(|(key, values)| (key.trim(), values.trim()))
    }
}

const fn form(name: &'static str, what: &'static str, keys: &'static str) -> Form {
    Form { name, what, keys, one_of: "" }
}

const fn choice(name: &'static str, what: &'static str, keys: &'static str, one_of: &'static str) -> Form {
    Form { name, what, keys, one_of }
}

/// What a workload may say, with a name or without.
macro_rules! traffic {
    ($($more:literal)?) => {
        concat!(
            $($more,)?
            "rate: rate or [@point]; arrivals: =arrivals; bursts: @bursts; trace: text; speed: text; repeat: truth; request: =request; ",
            "expect: @expect or text; max_in_flight: count; max_tokens: @tokens; engine: =engine; script: text; path: text; body: text; ",
            "send: text; connections: text; http: =http or number; timeouts: @timeouts; headers: texts"
        )
    };
}

/// What a schedule may say, in a file of its own or in the inventory.
macro_rules! schedule {
    ($($more:literal)?) => {
        concat!(
            $($more,)?
            "schedule!: name; scenarios!: [text]; environment!: name; when: text; cron: text; zone: text; window: time; jitter: time; \
             if_missed: =if-missed; overlap: =overlap; cadence: time or =none; approval: @schedule-approval; notify: @schedule-notices"
        )
    };
}

pub(super) const FORMS: &[Form] = &[
    // When drills are due.
    choice("schedule", "a schedule", schedule!("version!: 1; "), "when cron"),
    choice("listed-schedule", "a schedule of the inventory", schedule!(), "when cron"),
    form("schedule-approval", "whose approval a schedule wants", "by!: [name]; before: time"),
    form("schedule-notices", "who is told of a schedule", "before: time; to: [name]; after: [name]"),
    // What a drill showed.
    form(
        "findings",
        "a file of findings",
        "version!: 1; drill: note; scenario: note; environment: note; started: note; compared_with: note; findings: [?@finding]",
    ),
    form(
        "finding",
        "a finding",
        "id!: name; about: note; severity: =finding-severity; says: note; suggestion: note; since: note; last_seen: note; \
         state: =finding-state; owner: note; due: note; ticket: note; notes: note",
    ),
    // A scenario.
    form(
        "scenario",
        "a scenario",
        "version!: 1; scenario!: name; title: text; service!: name; runbook: text; traffic!: @traffic or [@workload]; timeline!: @timeline; \
         objectives: @objectives; abort_when: @guard or [@guard]; overlay: [@series]",
    ),
    form("traffic", "the traffic", traffic!()),
    form("workload", "a workload", traffic!("workload!: name; service: name; objectives: @objectives; judged: truth; ")),
    form("point", "a point of a ramp", "at!: time; rate!: rate"),
    form("bursts", "a map of bursts", "every!: time; of!: count; within: time"),
    form("tokens", "the most tokens of a request", "input!: count; output!: count"),
    form("expect", "what is expected of an answer", "model: text; json: truth; tool: text; status: count; contains: text"),
    form("timeouts", "a request's timeouts", "connect: time; first_byte: time; idle: time"),
    form("timeline", "a timeline", "baseline: time; faults!: [@planned-fault]; watch: time"),
    form("planned-fault", "a fault on the timeline", "at: time; on!: name; fault!: @fault; for!: time"),
    form("fault", "", ""),
    form("aim", "", "probability: share; only: @only; match: @match; shape: =still or @shape"),
    choice("only", "what a fault is limited to", "header: texts or text; sessions: share; by: text", "header sessions"),
    form("match", "a match", "requests: =requests; method: text; path: text; model: text; stream: truth; key: text; header: text"),
    form("shape", "a shape", "form!: =forms; over: time; on: time; off: time; for: time"),
    choice(
        "guard",
        "a guard",
        "success_below: share; latency: texts; spend_above: money; url: url; query: @guard-query; service: name; for: time; \
         clears_at: share or time; clears_after: time; over: time; every: time; timeout: time; request: =request; path: text; says: text; \
         matches: text; status: count; headers: texts; unreachable: =unreachable",
        "success_below latency spend_above url query",
    ),
    form("guard-query", "a query of a guard", "promql!: text; prometheus: url"),
    choice("series", "a series", "as!: text; unit: text; promql: text; prometheus: url; csv: text; time: text; value: text", "promql csv"),
    form(
        "objectives",
        "a map of objectives",
        "rto: time; rpo: @rpo; slo: @slo; deadline: time; success: share; stable_for: time; gate: =gate; residency: [text]; lead_in: count; \
         max_consecutive_bad: count; lag_max: time; failback: time; truncated: count; duplicates: count; overshoot: number; \
         rescued: @rescued; rotation: time; client_errors: count",
    ),
    choice("slo", "a service level", "first_token: time; complete: time", "first_token complete"),
    form("rpo", "an RPO", "requests_lost!: share or count"),
    form("rescued", "a limit on rescued requests", "at_most!: share; after: time"),
    // A runbook.
    form(
        "runbook",
        "a runbook",
        "version!: 1; runbook!: name; owner: name; reviewed: text; start!: =start; detect: @condition; reaction: time or @reaction; \
         severity: =severity; roles: {name}; escalate: [@escalation]; updates: [@update]; templates: {text}; parameters: {note|@parameter}; steps!: [@step]",
    ),
    form("escalation", "an escalation", "after!: time; to!: name; until: =until"),
    choice(
        "update",
        "an update",
        "every: time; start_after: time; at_end: truth or =execution-end or [=execution-end]; to!: name; message: text; template: name",
        "every at_end",
    ),
    form("reaction", "a reaction", "p50!: time; p95!: time"),
    // One of those that are asked may stand beside what it must answer, `fails` and `succeeds` included.
    form(
        "condition",
        "a condition",
        "request: @probe; fails: text; succeeds: text; success: text; served_by: text; latency: text; alert: text; resolved: text; \
         outside: @condition; run: [text] or @command; http: @http-call; promql: text; dns: text; tcp: text; kubernetes: text; \
         prometheus: url; store: name; json: text; exits: count; prints: text; matches: text; is: text; is_not: text; above: number or text; \
         below: number or text; returns: =returns; has: text; condition: text; in_a_row: count or text; every: time; timeout: time",
    ),
    form("probe", "a request", "to!: url; every: time; timeout: time; headers: texts"),
    choice(
        "step",
        "a step",
        "name!: text; wait_until: @condition; http: @http-call; run: [text] or @command; confirm: text or @question; manual: text or @manual; ask: text or @ask; \
         description: text; pause: time; switch: @switch; notify: @notification; rotate: @rotate; canary: @canary; stop_here: =walk-result or @stop-here; \
         parallel: [@step]; include: text; with: texts; for_each: text or [text]; at_most: count; timeout: time; retries: count; retry_after: time; backoff: @backoff; \
         undo: =none or @undo; undo_on_failure: truth; on_failure: =on-failure or @goto; on_success: @goto-on; when: text or @when; expected: time; owner: name; output: name; \
         repeat: =repeat; reads: truth",
        "wait_until http run confirm manual ask pause switch notify rotate canary stop_here parallel include",
    ),
    choice(
        "undo",
        "an undo",
        "wait_until: @condition; http: @http-call; run: [text] or @command; confirm: text or @question; manual: text or @manual; \
         ask: text or @ask; pause: time; switch: @switch; notify: @notification; rotate: @rotate",
        "wait_until http run confirm manual ask pause switch notify rotate",
    ),
    form("backoff", "a backoff", "up_to!: time; jitter: share"),
    form("goto", "what follows a failure", "goto!: text; at_most: count"),
    form("goto-on", "what follows a success", "goto!: text; at_most: count"),
    form("parameter", "a parameter", "required: truth; pattern: text; default: text; description: text"),
    form("stop-here", "an end", "end!: =walk-result; message: text"),
    choice("when", "a `when`", "value: text; is: text; is_not: text; step: text; ended: =end", "value step"),
    form(
        "question",
        "a question",
        "question!: text; answers: [name]; approvers: [name]; needed: count; role: name; default: text; reaction: time or @reaction",
    ),
    form("manual", "a step by hand", "do!: text; links: [text]; checklist: [text]; reaction: time or @reaction"),
    form("ask", "a question for a text", "question!: text; pattern: text; default: text; reaction: time or @reaction"),
    choice(
        "notification",
        "a notification",
        "webhook: text; slack: text; email: text; contact: name; pagerduty: env; at: url; message: text; template: name; severity: =severity",
        "webhook slack email contact pagerduty",
    ),
    form(
        "command",
        "a command",
        "command!: [text]; env: texts; pass: [text]; folder: text; exit_codes: [count]; leaves_running: truth; grace: time",
    ),
    choice(
        "http-call",
        "an http request",
        "get: url; post: url; put: url; patch: url; delete: url; headers: texts; body: text; expect: @answer",
        "get post put patch delete",
    ),
    form("answer", "what is expected", "status: count; contains: text"),
    choice(
        "switch",
        "a switch",
        "file: text; kubernetes: text; store: name; document: count; where: texts; key!: text or [text]; to: text; add: text; \
         remove: truth; in_place: truth",
        "file kubernetes",
    ),
    choice(
        "rotate",
        "a part of a rotation",
        "mint: name; take: name; stage: name; commit: name; store: name; rollback: name; revoke: name; accepted: name; refused: name; from: key",
        "mint take stage commit store rollback revoke accepted refused",
    ),
    form(
        "canary",
        "a canary",
        "shift!: @router; back: @router; of!: text; hold!: time; at_least: text; worse_by!: @worse-by; outside: @condition",
    ),
    choice("router", "what shifts traffic", "run: [text] or @command; http: @http-call; switch: @switch", "run http switch"),
    form("worse-by", "how much worse it may be", "errors!: share; latency!: share; quality: share"),
    // An inventory.
    form(
        "inventory",
        "an inventory",
        "version!: 1; contacts: {@contact}; mail: @mail; credentials: {@credential}; stores: {@store}; secrets: {@secret}; providers!: {@provider}; \
         services!: {@service}; environments: {@environment}; evidence: @evidence; schedules: [@listed-schedule]; serve: @serving",
    ),
    form("oidc", "a provider of sign-in", "issuer!: url; client_id!: text; client_secret_from: key; roles!: {=access-role|[=access-role]}"),
    form("serving", "a map of what it serves", "url: url; oidc: @oidc; webhooks: [@webhook]; otlp: url"),
    form("webhook", "a webhook", "name: name; url!: url; secret_from!: key or [key]; events: [=notice]"),
    form("evidence", "an evidence map", "key: key; witness: @witness; ship: [@ship]"),
    choice("witness", "a witness", "url: url; run: [text]; ca: text; required: truth", "url run"),
    choice("ship", "a place for bundles", "folder: text; run: [text]; s3: @bucket", "folder run s3"),
    form(
        "bucket",
        "a place in a bucket",
        "bucket!: text; prefix: text; region!: name; endpoint: url; access_key_id!: key; secret_access_key!: key; session_token: key; \
         lock: @object-lock",
    ),
    form("object-lock", "a lock", "mode!: =lock-mode; for!: time"),
    form(
        "contact",
        "a contact",
        "name!: text; reach: text; token_from: key; pagerduty: @pagerduty; opsgenie: @opsgenie; statuspage: @status-page; \
         instatus: @status-page",
    ),
    form("pagerduty", "a service of PagerDuty", "key!: text; at: url; token: text; api: url"),
    form("opsgenie", "an integration of Opsgenie", "key!: text; at: url"),
    form("status-page", "a status page", "page!: name; token!: text; at: url; title: text; components: {=impact}"),
    form("mail", "a mail server's settings", "server!: text; from!: text; user: text; password_from: key; authority: text"),
    form("secret", "a secret", "from!: key"),
    form("credential", "a credential", "kind!: =credential; from!: key; rotates_in: text; issuer: @issuer; key_id: text"),
    form(
        "issuer",
        "an issuer",
        "kind!: =issuer; project: text; admin: key; address: url; resource: text; token: key; idle: =slot; user: text; access_key_id: key; \
         secret_access_key: key; token_service: url; region: text; account: text; mint: [text]; revoke: [text]; probe: [text]; pass: [text]",
    ),
    form(
        "store",
        "a secret store",
        "kind!: =store; address: url; login: @login; namespace: text; authority: text; region: name; access_key_id: key; \
         secret_access_key: key; session_token: key; token: key; read: [text]; write: [text]; pass: [text]",
    ),
    choice("login", "a login", "token: key; approle: @approle; kubernetes: @service-account", "token approle kubernetes"),
    form("approle", "a login as an application", "role_id!: text; secret_id!: key; mount: text"),
    form("service-account", "a login as a service account", "role!: text; token!: key; mount: text"),
    form(
        "provider",
        "a provider",
        "dialect!: =dialect; cloud: text; region: text; residency: text; base_url: url; credential: name; models: {text}; price: @price; \
         simulation: @simulation",
    ),
    form("price", "a price", "input!: money; output!: money"),
    form(
        "simulation",
        "a simulation",
        "first_token_p50: time; first_token_p95: time; tail_share: share; tail_p50: time; tokens: rate; credential_life: time; \
         models: {@model-times}; limits: @limits; retired: [text]",
    ),
    form(
        "model-times",
        "the times of a model",
        "first_token_p50: time; first_token_p95: time; tail_share: share; tail_p50: time; tokens: rate",
    ),
    form("limits", "limits", "requests: rate; tokens: rate"),
    form(
        "service",
        "a service",
        "owner: name; criticality: =criticality; providers!: [name] or @sharing; objectives: @objectives; runbook: text; business: @business",
    ),
    form("sharing", "the providers that share the load", "share!: [name]; standbys: [name]"),
    form(
        "business",
        "what a service is worth",
        "requests_per_order: count; order_value: amount; abandon_after: time; revenue_per_request: amount",
    ),
    form(
        "environment",
        "an environment",
        "embedded: truth; keys: =keys; gateway: @gateway; start: @start; carries: rate; services: {@address}; proxies: {@proxy}; \
         control: url or @control; lever: @lever; locks: @locks; alerts: @alerts; prometheus: url or @prometheus; allow: @allow; protected: truth; approvals: @approvals; configuration: @configuration; \
         sabotage: [@sabotage]",
    ),
    form(
        "gateway",
        "a gateway's settings",
        "try_timeout: time; retries: count; breaker: @breaker; replicas: count; token_cache: =token-cache",
    ),
    form("breaker", "a circuit breaker", "failures: count; cooldown: time; probes: count"),
    form("start", "a start command", "run!: [text]; env: texts; pass: [text]; ready!: url; within: time; warm_up: count"),
    form(
        "address",
        "a service's address",
        "url!: url; replicas: [url]; key_from: env; keys_from: [env]; ca: text; proxy: url; gateway: =gateway; dialect: =dialect; model: text; \
         headers: texts; headers_from: {env}; body: body; stream_ends_with: =stream-end; usage: =usage; \
         reset: [text] or @reset",
    ),
    form("reset", "a reset", "run!: [text]; env: texts; pass: [text]; within: time"),
    form(
        "sabotage",
        "a sabotage",
        "name!: name; run!: [text]; undo!: [text]; env: texts; pass: [text]; within: time; expect: =sabotage-reason",
    ),
    form("proxy", "a proxy's address", "listen: text; tls: truth; hosts: [text]"),
    form("control", "a control API", "url!: url; token_from: env; lease: time"),
    form("lever", "a lever", "file: text; url: url; token_from: env"),
    form("locks", "where locks are kept", "folder!: text; lease: time"),
    form("alerts", "where alerts are posted to", "listen!: text; token_from: env; hosts: [text]"),
    choice(
        "configuration",
        "a gateway's configuration",
        "litellm: text; portkey: text; envoy: text; haproxy: text; nginx: text",
        "litellm portkey envoy haproxy nginx",
    ),
    form("prometheus", "a Prometheus", "url!: url; token_from: env"),
    form(
        "allow",
        "what an environment allows",
        "faults_on: [name]; asks: [name]; max_rate: rate; max_spend: money; max_requests: count; revoke: [name]; stores: [text]; hours: text or [text]; \
         freezes: text or [text]; max_duration: time; sabotage: truth",
    ),
    form("approvals", "whose approval it takes", "of!: [name|@approver]; needed: count"),
    form("approver", "an approver", "contact!: name; key: text"),
];
