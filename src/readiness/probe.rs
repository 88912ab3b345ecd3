//! One hop, asked.
//!
//! The first question wants a stream of one token, and tells most of it: whether it answers, takes the key, has the model, streams; its headers tell the
//! region, the limits and the clock. A refusal for no reason of these is asked again without a stream, an error of its own once again a moment later.
//! Where it was answered, JSON and a call of a tool are asked for, each by itself, since a provider that lacks one refuses the whole request.

use super::check::HopFinding;
use super::hop::{Hop, HopKind};
use super::host::HopHost;
use super::order::ProbeDepth;
use super::reading::{HopReading, ProbeCost};
use super::refusal::{is_passing, refusal, wants_other_limit};
use super::{capacity, certificate, clock, quota, region};
use crate::asking::{AnswerPieces, AskedProvider, QuestionClient, RequestProof};
use crate::dialect::{
    AnswerReader, ClientRequest, Flaw, Glimpse, Mark, ProbeForm, TokenLimit, WireRequest, error_code, is_stream, model_request,
    probe_request, told_quotas, with_parameters,
};
use crate::model::{CheckOutcome, HopCheck, HopReason, Price, Tokens};
use crate::units::{Problem, Secret, with_causes};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

/// How long after an error of its own it is asked again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// A failure that took longer than this is no hiccup.
const QUICK: Duration = Duration::from_secs(2);

/// A hop that is to be asked, with everything that this takes.
#[derive(Debug)]
pub(super) struct HopProbe {
    pub(super) hop: Hop,
    pub(super) asked: AskedProvider,
    /// The connections that it is asked through.
    pub(super) client: QuestionClient,
    pub(super) depth: ProbeDepth,
    pub(super) within: Duration,
    /// What its tokens cost, as far as it is known.
    pub(super) price: Option<Price>,
    /// The region that the inventory names.
    pub(super) region: Option<String>,
    /// The longest prompt of its model by public lists.
    pub(super) context: Option<u64>,
    /// What a gateway wants in every body.
    pub(super) body: BTreeMap<String, Value>,
    /// What was found out without asking.
    pub(super) known: Vec<HopFinding>,
    pub(super) cost: ProbeCost,
}

/// The most tokens that all questions to one hop can have.
pub(super) fn most_tokens(depth: ProbeDepth) -> Vec<Tokens> {
    use ProbeForm::{Json, Streamed, Tool, Whole};
    let first = [Streamed.most(TokenLimit::Usual), Streamed.most(TokenLimit::Completion), Whole.most(TokenLimit::Completion)];
    let more = [Json.most(TokenLimit::Completion), Tool.most(TokenLimit::Completion)];
    first.into_iter().chain(more.into_iter().filter(|_| depth == ProbeDepth::All)).collect()
}

/// What came of the first question.
struct FirstLook {
    findings: Vec<HopFinding>,
    /// The answer, whatever it was, and when it came.
    answer: Option<(AnswerPieces, DateTime<Utc>)>,
    /// How further answers are bounded; `None` where it did not serve.
    serves: Option<TokenLimit>,
}

impl HopProbe {
    /// Asks it.
    pub(super) async fn run(mut self) -> HopReading {
        let Some(host) = HopHost::of(&self.asked.base_url) else {
            return HopReading::unasked(self.hop, HopReason::NotAsked, "its address is not a URL of HTTP");
        };
        let (name, addresses) = host.look_up().await;
        let certificate = certificate::look(&host, &addresses, Utc::now()).await;
        let first = self.first(!addresses.is_empty()).await;
        let mut findings = std::mem::take(&mut self.known);
        findings.extend(reached(name, certificate, &first));
        let otherwise = if first.serves.is_some() { "it was not asked for more than one token" } else { "it did not serve" };
        if let Some((answer, came)) = &first.answer {
            findings.extend(self.by_headers(answer, *came, &first.findings));
        }
        let mut context = None;
        if let Some(limit) = first.serves.filter(|_| self.depth == ProbeDepth::All) {
            findings.push(self.tools(limit).await);
            findings.push(self.json(limit).await);
            let by_model = self.context_of_model().await;
            context = by_model.or(self.context);
            findings.push(capacity::look(by_model, self.context, "neither it nor a public list tells"));
        }
        findings.extend(first.findings);
        let mut reading = HopReading::of(self.hop, findings, otherwise, self.cost);
        reading.context = context;
        reading
    }

    /// What the headers of an answer tell.
    fn by_headers(&self, answer: &AnswerPieces, came: DateTime<Utc>, first: &[HopFinding]) -> Vec<HopFinding> {
        let header = |name: &str| answer.header(name);
        let mut found = vec![clock::look(header("date"), came)];
        if self.hop.kind == HopKind::Provider {
            found.push(region::look(self.asked.dialect, &self.asked.base_url, self.region.as_deref(), header));
        }
        if !first.iter().any(|found| found.check == HopCheck::Quota) {
            let wall = u64::try_from(came.timestamp()).unwrap_or(0);
            found.push(quota::look(&told_quotas(self.asked.dialect, header, wall)));
        }
        found
    }

    async fn first(&mut self, is_named: bool) -> FirstLook {
        let (mut form, mut limit, mut is_again) = (ProbeForm::Streamed, TokenLimit::Usual, !is_named);
        let mut refused_stream: Option<HopFinding> = None;
        loop {
            let sent = Instant::now();
            let answer = self.send(form, limit).await;
            let came = Utc::now();
            let answer = match answer {
                Ok(answer) => answer,
                Err(_) if !is_again && sent.elapsed() < QUICK => {
                    is_again = true;
                    tokio::time::sleep(AGAIN_AFTER).await;
                    continue;
                }
                Err(problem) => return FirstLook::silent(&problem, is_named),
            };
            if (200..300).contains(&answer.status) {
                return self.served(answer, came, form, limit, refused_stream);
            }
            let body = answer.body();
            if limit == TokenLimit::Usual && wants_other_limit(answer.status, &body) {
                limit = TokenLimit::Completion;
                continue;
            }
            if is_passing(answer.status) && !is_again {
                is_again = true;
                tokio::time::sleep(AGAIN_AFTER).await;
                continue;
            }
            let found = refusal(answer.status, error_code(|name| answer.header(name), &body).as_deref(), &body);
            if form == ProbeForm::Streamed && found.reason == Some(HopReason::RequestRefused) {
                (form, refused_stream) = (ProbeForm::Whole, Some(found));
                continue;
            }
            return FirstLook::refused(refused_stream.unwrap_or(found), answer, came);
        }
    }

    /// An answer with a good status.
    fn served(
        &self,
        answer: AnswerPieces,
        came: DateTime<Utc>,
        form: ProbeForm,
        limit: TokenLimit,
        refused: Option<HopFinding>,
    ) -> FirstLook {
        let took = format!("answers in {} ms", answer.end.as_millis());
        let is_streamed = answer.header("content-type").is_some_and(is_stream);
        let seen = self.glimpse(&answer, is_streamed);
        let bad = |told: String| HopFinding::failing(HopCheck::Answer, HopReason::BadAnswer, told);
        let wrong = match (&answer.broken, &seen.flaw) {
            (Some(broken), _) => Some(bad(format!("it begins to answer, and {broken}"))),
            (None, Some(Flaw::ErrorEvent(code))) => Some(refusal(error_status(code.as_deref()), code.as_deref(), &answer.body())),
            (None, Some(_)) => Some(bad(format!("it answers with {}, and not as its dialect has it", answer.status))),
            (None, None) => None,
        };
        if let Some(wrong) = wrong {
            return FirstLook::refused(wrong, answer, came);
        }
        let streaming = match (form, is_streamed, refused) {
            (ProbeForm::Streamed, true, _) if seen.has_ended => HopFinding::fine(HopCheck::Streaming, "it streams"),
            (ProbeForm::Streamed, true, _) => {
                HopFinding::warning(HopCheck::Streaming, HopReason::BadAnswer, "its stream ends without saying so, as one that was cut off")
            }
            (_, _, Some(refused)) => {
                let told =
                    format!("it answers, and refuses a stream{}", refused.told.find(" (").map_or("", |place| &refused.told[place..]));
                HopFinding::failing(HopCheck::Streaming, HopReason::NoStreaming, told)
            }
            _ => HopFinding::failing(HopCheck::Streaming, HopReason::NoStreaming, "asked for a stream, it answers in one piece"),
        };
        let key = if self.asked.key.is_some() || self.asked.proof != RequestProof::Key { "it is taken" } else { "it is asked without one" };
        let findings = vec![
            HopFinding::fine(HopCheck::Answer, took),
            HopFinding::fine(HopCheck::Key, key),
            HopFinding::fine(HopCheck::Model, format!("it serves {}", self.asked.model)),
            streaming,
        ];
        FirstLook { findings, answer: Some((answer, came)), serves: Some(limit) }
    }

    /// Whether it calls a tool.
    async fn tools(&mut self, limit: TokenLimit) -> HopFinding {
        let (check, reason) = (HopCheck::Tools, HopReason::NoTools);
        self.extra(ProbeForm::Tool, limit, check, reason, "tools", |seen| match (&seen.called, seen.text.trim()) {
            (Some(_), _) => HopFinding::fine(check, "it calls a tool"),
            (None, "") => HopFinding::fine(check, "it takes tools; so short an answer does not show a call"),
            (None, _) => HopFinding::failing(check, reason, "asked to call a tool, it answers in words"),
        })
        .await
    }

    /// Whether it answers in JSON.
    async fn json(&mut self, limit: TokenLimit) -> HopFinding {
        let (check, reason) = (HopCheck::Json, HopReason::NoJson);
        self.extra(ProbeForm::Json, limit, check, reason, "JSON", |seen| match seen.text.trim().chars().next() {
            Some('{') => HopFinding::fine(check, "it answers in JSON"),
            None => HopFinding::fine(check, "it takes the wish; so short an answer does not show JSON"),
            Some(_) => HopFinding::failing(check, reason, "asked for JSON, it answers with other text"),
        })
        .await
    }

    async fn extra(
        &mut self,
        form: ProbeForm,
        limit: TokenLimit,
        check: HopCheck,
        reason: HopReason,
        what: &str,
        judge: impl FnOnce(&Glimpse) -> HopFinding,
    ) -> HopFinding {
        if self.request(form, limit).is_none() {
            return HopFinding::unlooked(check, format!("its dialect has no way to ask for {what}"));
        }
        match self.send(form, limit).await {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let seen = self.glimpse(&answer, answer.header("content-type").is_some_and(is_stream));
                if seen.flaw.is_some() || answer.broken.is_some() {
                    return HopFinding::unlooked(check, "its answer could not be read this time");
                }
                judge(&seen)
            }
            Ok(answer) if matches!(answer.status, 400 | 404 | 405 | 415 | 422 | 501) => {
                let code = error_code(|name| answer.header(name), &answer.body());
                let shown = code.map_or_else(|| answer.status.to_string(), |code| format!("{}, {code}", answer.status));
                HopFinding::failing(check, reason, format!("it answers, and refuses {what} ({shown})"))
            }
            Ok(answer) => HopFinding::unlooked(check, format!("status {} this time", answer.status)),
            Err(_) => HopFinding::unlooked(check, "no answer to this question"),
        }
    }

    /// What it tells of its model.
    async fn context_of_model(&self) -> Option<u64> {
        let key = self.asked.key.as_ref().map_or("", Secret::expose);
        let request = model_request(self.asked.dialect, &self.asked.model, key)?;
        let answer = self.asked.ask(&self.client, &request, self.within).await.ok()?;
        capacity::of_model(&answer.body()).filter(|_| (200..300).contains(&answer.status))
    }

    fn request(&self, form: ProbeForm, limit: TokenLimit) -> Option<WireRequest> {
        let key = self.asked.key.as_ref().map_or("", Secret::expose);
        let wire = probe_request(self.asked.dialect, &self.asked.model, form, limit, key)?;
        Some(WireRequest { body: with_parameters(wire.body, &self.body), ..wire })
    }

    /// Asks, and counts what that can have cost.
    async fn send(&mut self, form: ProbeForm, limit: TokenLimit) -> Result<AnswerPieces, Problem> {
        let request = self.request(form, limit).ok_or_else(|| Problem::new("there is no such request"))?;
        let answer = self.asked.ask(&self.client, &request, self.within).await;
        let nothing = Tokens { input: 0, output: 0 };
        let (most, reported) = match &answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let is_streamed = answer.header("content-type").is_some_and(is_stream);
                (form.most(limit), self.glimpse(answer, is_streamed).tokens)
            }
            // Nobody bills what was refused.
            Ok(_) => (nothing, None),
            Err(_) => (form.most(limit), Some(nothing)),
        };
        self.cost.add(most, reported, self.price.as_ref());
        answer
    }

    fn glimpse(&self, answer: &AnswerPieces, is_streamed: bool) -> Glimpse {
        let asked = ClientRequest::chat(Mark { drill: 0, id: 0 }, &self.asked.model, is_streamed);
        let mut reader = AnswerReader::new(self.asked.dialect, &asked);
        reader.feed(&answer.body());
        reader.close();
        reader.glimpse()
    }
}

/// The status that an error within a stream stands for, where its code is one.
fn error_status(code: Option<&str>) -> u16 {
    code.and_then(|code| code.parse().ok()).filter(|status| (400..600).contains(status)).unwrap_or(500)
}

impl FirstLook {
    /// Nobody answered.
    fn silent(problem: &Problem, is_named: bool) -> Self {
        let told = with_causes(problem);
        let found = match untrusted(&told) {
            // That says why.
            _ if !is_named => HopFinding::unlooked(HopCheck::Answer, "its host has no address"),
            Some(why) => HopFinding::failing(HopCheck::Certificate, HopReason::CertificateRefused, why),
            None => HopFinding::failing(HopCheck::Answer, HopReason::NoAnswer, in_short(problem)),
        };
        Self { findings: vec![found], answer: None, serves: None }
    }

    /// It answered, and did not serve.
    fn refused(found: HopFinding, answer: AnswerPieces, came: DateTime<Utc>) -> Self {
        let mut findings = Vec::new();
        if found.check != HopCheck::Answer {
            findings.push(HopFinding::fine(HopCheck::Answer, format!("answers with {} in {} ms", answer.status, answer.end.as_millis())));
        }
        findings.push(found);
        Self { findings, answer: Some((answer, came)), serves: None }
    }
}

/// A problem with its innermost cause alone: those between say once more that nothing could be sent.
fn in_short(problem: &Problem) -> String {
    let mut innermost = problem.source();
    while let Some(next) = innermost.and_then(Error::source) {
        innermost = Some(next);
    }
    let cause = innermost.map(|cause| cause.to_string().split(" (os error").next().unwrap_or_default().to_lowercase());
    cause.map_or_else(|| problem.message.clone(), |cause| format!("{}: {cause}", problem.message))
}

/// What is wrong with a certificate, where that is why nothing could be asked.
fn untrusted(told: &str) -> Option<String> {
    let told = told.to_lowercase();
    if !told.contains("certificate") {
        return None;
    }
    let is_any = |words: &[&str]| words.iter().any(|word| told.contains(word));
    Some(if is_any(&["expired", "notvalidyet", "not valid yet"]) {
        "its certificate is not valid today".to_owned()
    } else if is_any(&["notvalidforname", "not valid for name", "hostname"]) {
        "its certificate is for another name".to_owned()
    } else {
        "nobody who is trusted here has signed its certificate".to_owned()
    })
}

/// Name and certificate against what came of the first question: one that answered has a way there, and one that cannot be reached for a reason that
/// is known already is not told twice.
fn reached(name: HopFinding, certificate: HopFinding, first: &FirstLook) -> Vec<HopFinding> {
    let is_named = name.outcome == CheckOutcome::Fine;
    if first.answer.is_some() {
        let name =
            if is_named { name } else { HopFinding::unlooked(HopCheck::Name, "not from here; it is reached through a forward proxy") };
        return vec![name, certificate];
    }
    // What the request found of the certificate counts, unless its end explains it.
    let own = first.findings.iter().any(|found| found.check == HopCheck::Certificate);
    match (own, certificate.outcome) {
        (true, CheckOutcome::Failing) | (false, _) => vec![name, certificate],
        (true, _) => vec![name],
    }
}
