//! Listens for alerts while a drill runs or a runbook is walked. What was answered with 200 is in the history, one by one or counted, and the answer says which;
//! any other answer says why it is not. Of a sender that does not send the token, where there is one, not even the body is read.

use super::alert_book::{AlertBook, AlertFate};
use super::parse::{Alert, Posted, parse};
use crate::history::{AlertReceived, AlertsLeftOut, Event};
use crate::journal::{Clock, Recorder};
use crate::listen::{self, Callers, HEAD_WITHIN, Reached, ServerLimits, Unfinished};
use crate::units::{Explained, Problem, Secret, explained};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use hyper_util::service::TowerToHyperService;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// The longest body: Alertmanager sends a whole group at once.
const LONGEST: usize = 1 << 20;
/// Connections that may be open. One that waits for nothing gives way to the next.
const MOST_OPEN: usize = 256;
/// Bodies that wait to be recorded.
const WAITING: usize = 64;
/// How long calls that are under way may take to end.
const DRAIN: Duration = Duration::from_secs(1);

/// Why nobody listens.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// Nobody can listen there.
    #[error("cannot listen for alerts on {listen}: {source}")]
    Bind {
        /// Where, as the environment says.
        listen: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// Anyone who can reach it could start the runbook.
    #[error("everybody who can reach {address} could send alerts")]
    Open {
        /// What the host that the environment names stands for.
        address: SocketAddr,
    },
}

impl Explained for AlertError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Bind { .. } => "stop the program that listens there, or set another port under `alerts:` of the environment",
            Self::Open { .. } => {
                "require a token with `token_from: \"env:NAME\"` under `alerts:` of the environment, or listen on 127.0.0.1"
            }
        }))
    }
}

/// An open receiver. Dropping it ends it.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

/// What was read of one body and when it was there, with who waits for it to be recorded.
struct AlertDelivery {
    at: u64,
    posted: Posted,
    taken: oneshot::Sender<TakenAlerts>,
}

/// What became of one body's alerts.
#[derive(Debug, Clone, Copy, Default)]
struct TakenAlerts {
    recorded: u64,
    repeated: u64,
    counted: u64,
    dropped: u64,
}

/// What the handlers of the receiver share.
#[derive(Clone)]
struct ReceiverContext {
    /// What senders must send, where anything.
    token: Option<Secret>,
    callers: Arc<Callers>,
    clock: Clock,
    deliveries: mpsc::Sender<AlertDelivery>,
}

impl Receiver {
    /// Listens on `HOST:PORT`; port 0 takes a free one. With a token, only those who carry it are heard. Alerts of the names that are awaited are
    /// all recorded, others up to a bound.
    ///
    /// # Errors
    /// Where nobody can listen there, or anybody could post from elsewhere than this host.
    pub async fn start(listen: &str, token: Option<Secret>, awaited: BTreeSet<String>, recorder: Recorder) -> Result<Self, AlertError> {
        Self::start_known_as(&[], listen, token, awaited, recorder).await
    }

    /// The same for one that is called by these names too, besides its address, the host of `listen` and `localhost`.
    ///
    /// # Errors
    /// As [`Receiver::start`].
    pub async fn start_known_as(
        hosts: &[String],
        listen: &str,
        token: Option<Secret>,
        awaited: BTreeSet<String>,
        recorder: Recorder,
    ) -> Result<Self, AlertError> {
        Ok(AlertSocket::bind(hosts, listen, token).await?.serve(awaited, recorder))
    }

    /// Where alerts are posted to from this host.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Takes no more; returns when nothing more will be recorded.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// A place for alerts that nobody answers at yet: what is posted waits until there is a history to record it in.
#[derive(Debug)]
pub struct AlertSocket {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<Secret>,
    /// By which names it is called, besides its address.
    names: Vec<String>,
}

impl AlertSocket {
    /// Takes the place `HOST:PORT`, for who is called by these names too.
    ///
    /// # Errors
    /// As [`Receiver::start`].
    pub async fn bind(hosts: &[String], listen: &str, token: Option<Secret>) -> Result<Self, AlertError> {
        let wrong = |source| AlertError::Bind { listen: listen.to_owned(), source };
        let listener = TcpListener::bind(listen).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        // Asked of the socket, which answers nobody yet: a name may stand for any address.
        if token.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(AlertError::Open { address });
        }
        let own = listen.rsplit_once(':').map_or(listen, |(host, _)| host).to_owned();
        Ok(Self { listener, address, token, names: hosts.iter().cloned().chain([own]).collect() })
    }

    /// Where alerts will be posted to from this host.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Answers from now on. Alerts of the names that are awaited are all recorded, others up to a bound.
    pub fn serve(self, awaited: BTreeSet<String>, recorder: Recorder) -> Receiver {
        let Self { listener, address, token, names } = self;
        let (deliveries, queue) = mpsc::channel(WAITING);
        let (stop, stopped) = watch::channel(false);
        let callers = Callers::of(address, names, "`hosts: [NAME]` under `alerts:` of the environment");
        let context = ReceiverContext { token, callers: Arc::new(callers), clock: recorder.clock(), deliveries };
        let guarded = |routes: Router<ReceiverContext>| {
            let routes = routes.layer(from_fn(read_whole)).layer(from_fn_with_state(context.clone(), refuse_strangers));
            routes.layer(from_fn_with_state(context.clone(), refuse_pages))
        };
        let routes = guarded(Router::new().fallback(take).layer(DefaultBodyLimit::max(LONGEST))).with_state(context.clone());
        let stopping = |mut stopped: watch::Receiver<bool>| async move {
            // A sender that is gone is a stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let limits = ServerLimits { head: HEAD_WITHIN, most: MOST_OPEN, stall: None };
        let server = listen::serve(listener, TowerToHyperService::new(routes), limits, stopping(stopped.clone()));
        let late = {
            let stopped = stopped.clone();
            async move {
                stopping(stopped).await;
                tokio::time::sleep(DRAIN).await;
            }
        };
        let serving = tokio::spawn(async move {
            tokio::select! {
                () = server => {}
                () = late => {}
            }
        });
        Receiver { address, stop, tasks: [serving, tokio::spawn(record(queue, AlertBook::new(awaited), recorder, stopping(stopped)))] }
    }
}

/// An address as a program on this host calls it.
fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}/", SocketAddr::new(ip, address.port()))
}

/// The one who records.
async fn record(mut queue: mpsc::Receiver<AlertDelivery>, mut book: AlertBook, recorder: Recorder, stopping: impl Future<Output = ()>) {
    tokio::pin!(stopping);
    loop {
        let delivery = tokio::select! {
            delivery = queue.recv() => delivery,
            () = &mut stopping => None,
        };
        let Some(AlertDelivery { at, posted, taken }) = delivery else { break };
        let mut became = TakenAlerts::default();
        book.left_out.unread += posted.unread;
        for alert in posted.alerts {
            let fate = book.take(&alert);
            let count = match fate {
                AlertFate::Recorded => &mut became.recorded,
                AlertFate::Repeated => &mut became.repeated,
                AlertFate::Counted => &mut became.counted,
                AlertFate::Dropped => &mut became.dropped,
            };
            *count += 1;
            if fate == AlertFate::Recorded {
                let Alert { source, name, instance, firing, starts_at, ends_at } = alert;
                recorder.record(Event::AlertReceived(AlertReceived { at, source, name, instance, firing, starts_at, ends_at })).await;
            }
        }
        // Anyone who has gone away meanwhile need not be told.
        let _ = taken.send(became);
    }
    if book.left_out != AlertsLeftOut::default() {
        recorder.record(Event::AlertsLeftOut(book.left_out)).await;
    }
}

/// A web page must not start a runbook through the browser of a visitor.
async fn refuse_pages(State(context): State<ReceiverContext>, request: Request, next: Next) -> Response {
    let reached = request.extensions().get::<Reached>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |reached| reached.address.ip());
    match context.callers.refuse(request.uri(), request.headers(), reached) {
        Some(refusal) => (StatusCode::FORBIDDEN, words(&Problem::new(refusal.error).hint(refusal.hint))).into_response(),
        None => next.run(request).await,
    }
}

/// A refusal as a sender reads it.
fn words(problem: &impl Explained) -> String {
    format!("{}\n", explained(problem))
}

/// True for JSON, whatever is said of it besides.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Takes nothing that is not whole, and nothing that a form on a web page can send.
async fn read_whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::POST && !is_json(&parts.headers) {
        let why = Problem::new("alerts are posted as JSON").hint("send them with `content-type: application/json`");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, words(&why)).into_response();
    }
    let body = match listen::whole(body, LONGEST, HEAD_WITHIN).await {
        Ok(body) => body,
        Err(Unfinished::TooLong) => {
            return (StatusCode::PAYLOAD_TOO_LARGE, "this is more than 1 MB of alerts; send fewer at once\n").into_response();
        }
        Err(Unfinished::Late | Unfinished::Cut) => {
            return (StatusCode::REQUEST_TIMEOUT, "the request's body ended early\n").into_response();
        }
    };
    if let Some(reached) = parts.extensions.get::<Reached>().cloned() {
        reached.engage().await;
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Where there is a token, a sender without it is turned away.
async fn refuse_strangers(State(context): State<ReceiverContext>, request: Request, next: Next) -> Response {
    if context.token.is_some() && listen::bearer(request.headers()) != context.token {
        let why = Problem::new("a token is required here")
            .hint("send `Authorization: Bearer TOKEN`, with the token that `token_from:` under `alerts:` of the environment names");
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], words(&why)).into_response();
    }
    next.run(request).await
}

async fn take(State(context): State<ReceiverContext>, method: Method, body: Bytes) -> (StatusCode, String) {
    let at = context.clock.now();
    if method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, "alerts are posted here\n".to_owned());
    }
    let posted = match parse(&body) {
        Ok(posted) => posted,
        Err(error) => return (StatusCode::BAD_REQUEST, words(&error)),
    };
    let (unread, problems) = (posted.unread, posted.problems.join("; "));
    let (taken, recorded) = oneshot::channel();
    let sent = context.deliveries.send(AlertDelivery { at, posted, taken }).await.is_ok();
    let Some(TakenAlerts { recorded, repeated, counted, dropped }) = (if sent { recorded.await.ok() } else { None }) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the drill has ended\n".to_owned());
    };
    let parts = [
        (repeated, "already known".to_owned()),
        (counted, "only counted, because nothing waits for them".to_owned()),
        (unread, format!("left out: {problems}")),
        (dropped, "dropped, because this drill has recorded as many as it can".to_owned()),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("; {count} {what}"));
    let told = format!("{recorded} recorded{}\n", parts.collect::<String>());
    (if dropped > 0 { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK }, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use serde_json::{Value, json};

    async fn post(receiver: &Receiver, body: impl Into<reqwest::Body>) -> (u16, String) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = http.post(receiver.url()).header("content-type", "application/json").body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    #[tokio::test]
    async fn what_is_taken_is_recorded_and_everything_else_is_refused_in_words() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let receiver = Receiver::start("127.0.0.1:0", None, BTreeSet::new(), journal.recorder()).await.unwrap();
        let one = json!({"alert": "Down", "status": "firing"});
        assert_eq!(post(&receiver, one.to_string()).await, (200, "1 recorded\n".to_owned()));
        let (status, why) = post(&receiver, "{}").await;
        assert!(status == 400 && why.contains("hint: post what Alertmanager"), "{status} {why}");
        assert_eq!(post(&receiver, vec![b' '; LONGEST + 1]).await.0, 413);
        assert_eq!(reqwest::get(receiver.url()).await.unwrap().status(), 405);
        assert_eq!(post(&receiver, one.to_string()).await, (200, "0 recorded; 1 already known\n".to_owned()));
        let group = json!({"alerts": [{"status": "firing", "labels": {}}, {"status": "firing", "labels": {"alertname": "Slow"}}]});
        let (status, told) = post(&receiver, group.to_string()).await;
        assert!(status == 200 && told == "1 recorded; 1 left out: an alert has no label `alertname`\n", "{told}");
        let url = receiver.url();
        receiver.stop().await;
        assert!(reqwest::get(url).await.is_err(), "nobody listens any more");
        let live = journal.live();
        journal.close().await.unwrap();
        let (live, counted) = (live.borrow(), |event: &Event| matches!(event, Event::AlertReceived(_)));
        assert_eq!(live.notable.iter().filter(|stamped| counted(&stamped.event)).count(), 2);
        assert!(live.fires("Down"));
    }

    #[tokio::test]
    async fn a_flood_of_others_does_not_keep_out_the_alert_that_is_waited_for() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let awaited = BTreeSet::from(["Down".to_owned()]);
        let receiver = Receiver::start("127.0.0.1:0", None, awaited, journal.recorder()).await.unwrap();
        let alert = |name: String, instance: u32, firing: bool| json!({"alert": name, "instance": instance, "status": if firing { "firing" } else { "resolved" }});
        let others = Value::Array((0..2_000).map(|place| alert(format!("Other{place}"), 0, true)).collect()).to_string();
        for round in 0..5 {
            let (status, told) = post(&receiver, others.clone()).await;
            let wanted = match round {
                0 => "100 recorded; 1900 only counted, because nothing waits for them\n",
                _ => "0 recorded; 100 already known; 1900 only counted, because nothing waits for them\n",
            };
            assert_eq!((status, told.as_str()), (200, wanted), "{round}");
        }
        assert_eq!(post(&receiver, alert("Down".into(), 0, true).to_string()).await, (200, "1 recorded\n".to_owned()));
        // As many instances as there may be, and one more.
        let all = |firing: bool| Value::Array((0..9_999).map(|instance| alert("Down".into(), instance, firing)).collect()).to_string();
        assert_eq!(post(&receiver, all(true)).await, (200, "9998 recorded; 1 already known\n".to_owned()));
        let (status, told) = post(&receiver, all(false)).await;
        assert!(status == 429 && told.starts_with("1 recorded; 9998 dropped, "), "{status} {told}");
        receiver.stop().await;
        let live = journal.live();
        journal.close().await.unwrap();
        let live = live.borrow();
        let left_out =
            live.notable.iter().find_map(|stamped| if let Event::AlertsLeftOut(left_out) = stamped.event { Some(left_out) } else { None });
        assert_eq!(left_out, Some(AlertsLeftOut { awaited: 9_998, others: 9_500, repeated: 401, unread: 0 }));
        assert!(live.notable.len() == 10_101, "{}", live.notable.len());
    }

    #[tokio::test]
    async fn with_a_token_only_those_who_bear_it_are_heard() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let receiver = Receiver::start("127.0.0.1:0", Some("the right one".into()), BTreeSet::new(), journal.recorder()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let post = async |authorization: Option<&str>, body: String| {
            let post = http.post(receiver.url()).header("content-type", "application/json").body(body);
            authorization.map_or(post.try_clone().unwrap(), |value| post.header("authorization", value)).send().await.unwrap()
        };
        let alert = |name: &str| json!({"alert": name, "status": "firing"}).to_string();
        for (authorization, status) in [
            (None, 401),
            (Some("Bearer the wrong one"), 401),
            (Some("Bearer the right on"), 401),
            (Some("Bearer the right one "), 200),
            (Some("Bearer"), 401),
            (Some("Bearer "), 401),
            (Some("Basic the right one"), 401),
            (Some("the right one"), 401),
            (Some("bearer the right one"), 200),
        ] {
            let answer = post(authorization, alert(if status == 200 { "Heard" } else { "Unheard" })).await;
            assert_eq!(answer.status(), status, "{authorization:?}");
            if status == 401 {
                assert_eq!(answer.headers()["www-authenticate"], "Bearer");
                assert!(answer.text().await.unwrap().contains("hint: send `Authorization: Bearer TOKEN`"), "{authorization:?}");
            }
        }
        assert_eq!(post(None, "not even an alert".into()).await.status(), 401, "what a stranger sends is not looked at");
        assert_eq!(http.get(receiver.url()).send().await.unwrap().status(), 401);
        receiver.stop().await;
        let live = journal.live();
        journal.close().await.unwrap();
        let live = live.borrow();
        assert!(live.fires("Heard") && live.alerts.len() == 1 && live.notable.len() == 2, "{:?}", live.notable);
    }

    #[tokio::test]
    async fn no_web_page_posts_an_alert_and_nothing_but_json_is_one() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let names = ["drills.example".to_owned()];
        let receiver = Receiver::start_known_as(&names, "localhost:0", None, BTreeSet::new(), journal.recorder()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let json = ("content-type", "application/json");
        let cases = [
            // What a form or a script of any page can send without being asked.
            (vec![("content-type", "text/plain")], 415, "content-type: application/json"),
            (vec![("content-type", "application/x-www-form-urlencoded")], 415, "content-type: application/json"),
            (vec![("content-type", "text/plain; application/json")], 415, "content-type: application/json"),
            (vec![], 415, "content-type: application/json"),
            (vec![json, ("origin", "https://evil.example")], 403, "`origin`"),
            (vec![json, ("origin", "null")], 403, "`origin`"),
            (vec![json, ("sec-fetch-site", "cross-site")], 403, "`sec-fetch-site`"),
            // A page whose name leads here.
            (vec![json, ("host", "evil.example:9099")], 403, "`hosts: [NAME]` under `alerts:`"),
            // What Alertmanager, Grafana and PagerDuty send, and by which names.
            (vec![json], 200, "recorded"),
            (vec![("content-type", "application/json; charset=utf-8"), ("host", "localhost")], 200, "recorded"),
            (vec![("content-type", "Application/JSON"), ("host", "Drills.Example:9099")], 200, "recorded"),
        ];
        for (number, (headers, status, why)) in cases.into_iter().enumerate() {
            let mut post = http.post(receiver.url()).body(json!({"alert": format!("Down {number}"), "status": "firing"}).to_string());
            for (name, value) in &headers {
                post = post.header(*name, *value);
            }
            let answer = post.send().await.unwrap();
            assert_eq!(answer.status(), status, "{headers:?}");
            let told = answer.text().await.unwrap();
            assert!(told.contains(why) && (status == 200 || told.contains("hint: ")), "{headers:?}: {told}");
        }
        receiver.stop().await;
        let live = journal.live();
        journal.close().await.unwrap();
        let heard = live.borrow().notable.iter().filter(|stamped| matches!(stamped.event, Event::AlertReceived(_))).count();
        assert_eq!(heard, 3);
    }

    #[tokio::test]
    async fn what_listens_everywhere_is_called_by_an_address_that_it_answers_to() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let receiver = Receiver::start("0.0.0.0:0", Some("a token".into()), BTreeSet::new(), journal.recorder()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let post = http.post(receiver.url()).json(&json!({"alert": "Down", "status": "firing"})).header("authorization", "Bearer a token");
        assert_eq!(post.try_clone().unwrap().send().await.unwrap().status(), 200, "{}", receiver.url());
        // Browsers take it to this host, for any page.
        let nobody = post.header("host", "0.0.0.0:9099").send().await.unwrap();
        assert_eq!(nobody.status(), 403);
        receiver.stop().await;
        journal.close().await.unwrap();
    }

    #[tokio::test]
    async fn outside_loopback_nobody_listens_without_a_token() {
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let error = Receiver::start("0.0.0.0:0", None, BTreeSet::new(), journal.recorder())
            .await
            .map(|_| ())
            .map_err(|error| explained(&error))
            .unwrap_err();
        assert!(error.starts_with("everybody who can reach 0.0.0.0:"), "{error}");
        assert!(error.contains("\n\nhint: require a token with `token_from: \"env:NAME\"` under `alerts:`"), "{error}");
        Receiver::start("0.0.0.0:0", Some("a token".into()), BTreeSet::new(), journal.recorder()).await.unwrap().stop().await;
        journal.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = taken.local_addr().unwrap().to_string();
        let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
        let error = Receiver::start(&listen, None, BTreeSet::new(), journal.recorder())
            .await
            .map(|_| ())
            .map_err(|error| explained(&error))
            .unwrap_err();
        assert!(error.starts_with(&format!("cannot listen for alerts on {listen}: ")) && error.contains("hint: "), "{error}");
        journal.close().await.unwrap();
    }
}
