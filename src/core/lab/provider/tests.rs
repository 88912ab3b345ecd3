//! A simulated provider, asked as clients ask it.

use super::super::rig::{Got, ask, ask_for, client, loopback, quick};
use super::*;
use crate::dialect::{ClientRequest, credential_header, wire_request};
use crate::units::Explained;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

const SEED: Seed = Seed(0x2a);

fn start(dialect: Dialect) -> SimulatedProvider {
    SimulatedProvider::start("primary", &quick(dialect), "sk-one".into(), SEED, loopback()).unwrap()
}

#[tokio::test]
async fn every_dialect_answers_whole_and_streamed_and_records_the_attempt() {
    for (dialect, wanted) in [
        (Dialect::OpenAi, "openai-processing-ms"),
        (Dialect::AzureOpenAi, "apim-request-id"),
        (Dialect::Anthropic, "request-id"),
        (Dialect::Bedrock, "x-amzn-requestid"),
        (Dialect::Vertex, "content-type"),
    ] {
        let provider = start(dialect);
        for (id, streamed) in [(1, false), (2, true)] {
            let got = ask(dialect, &provider.base_url(), "sk-one", id, streamed).await;
            assert_eq!((got.status, got.judgement()), (200, Ok(())), "{dialect} {streamed}");
            assert!(got.headers.contains_key(wanted), "{:?}", got.headers);
        }
        let attempts = provider.attempts();
        let seen: Vec<_> = attempts.iter().map(|entry| (entry.mark.unwrap().id, entry.streamed, entry.status)).collect();
        assert_eq!(seen, [(1, false, 200), (2, true, 200)]);
        assert!(attempts.iter().all(|entry| entry.key == Fingerprint::of("sk-one") && entry.model == "gpt-4o"));
        provider.stop().await;
    }
}

#[tokio::test]
async fn whatever_can_be_asked_for_is_answered_whole_and_streamed() {
    for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Bedrock] {
        let provider = start(dialect);
        let operations = [Operation::Responses, Operation::Embeddings, Operation::Invoke];
        for operation in operations.into_iter().filter(|operation| dialect.has(*operation)) {
            for streamed in [false, true].into_iter().filter(|streamed| !(*streamed && operation == Operation::Embeddings)) {
                let got = ask_for(dialect, operation, &provider.base_url(), "sk-one", streamed).await;
                assert_eq!((got.status, got.judgement()), (200, Ok(())), "{dialect} {operation} {streamed}");
                let attempt = provider.attempts().pop().unwrap();
                assert_eq!((attempt.model.as_str(), attempt.streamed, attempt.status), ("gpt-4o", streamed, 200));
                let refused = ask_for(dialect, operation, &provider.base_url(), "sk-two", streamed).await;
                assert!(matches!(refused.status, 401 | 403), "{dialect} {operation}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_has_spent_its_minute_is_told_when_to_come_back_and_others_are_served() {
    for (dialect, header) in [
        (Dialect::OpenAi, Some("x-ratelimit-remaining-requests")),
        (Dialect::AzureOpenAi, Some("x-ratelimit-remaining-requests")),
        (Dialect::Anthropic, Some("anthropic-ratelimit-requests-remaining")),
        (Dialect::Bedrock, None),
    ] {
        let mut limited = quick(dialect);
        limited.simulation.limits = crate::model::RateLimits { requests: Some(2), tokens: Some(100_000) };
        let provider = SimulatedProvider::start("limited", &limited, "sk-one".into(), SEED, loopback()).unwrap();
        provider.set_key("sk-two", KeyState::Valid);
        let url = provider.base_url();
        let left = |got: &Got| header.map(|name| got.headers[name].to_str().unwrap().to_owned());
        for wanted in ["1", "0"] {
            let got = ask(dialect, &url, "sk-one", 1, true).await;
            assert_eq!((got.judgement(), left(&got)), (Ok(()), header.map(|_| wanted.to_owned())), "{dialect}");
        }
        let over = ask(dialect, &url, "sk-one", 1, true).await;
        let wait: u64 = over.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(over.status == 429 && over.code().is_some() && (1..=30).contains(&wait), "{dialect}: one every 30 s, not in {wait}");
        assert_eq!(ask(dialect, &url, "sk-two", 1, true).await.judgement(), Ok(()), "{dialect}");
    }
}

#[tokio::test]
async fn a_model_that_is_retired_is_not_found_and_not_listed() {
    for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex] {
        let provider = start(dialect);
        assert_eq!(ask(dialect, &provider.base_url(), "sk-one", 1, true).await.judgement(), Ok(()));
        provider.retire("gpt-4o");
        let got = ask(dialect, &provider.base_url(), "sk-one", 2, true).await;
        assert!(got.status == 404 && got.code().is_some(), "{dialect}: {got:?}");
    }
    let mut old = quick(Dialect::OpenAi);
    old.simulation.retired = vec!["gpt-4o".to_owned()];
    let provider = SimulatedProvider::start("old", &old, "sk-one".into(), SEED, loopback()).unwrap();
    assert_eq!(ask(Dialect::OpenAi, &provider.base_url(), "sk-one", 1, false).await.code().as_deref(), Some("model_not_found"));
    let listed = client().get(format!("{}/models", provider.base_url())).bearer_auth("sk-one").send().await.unwrap();
    assert_eq!(listed.json::<serde_json::Value>().await.unwrap()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn a_model_may_take_times_of_its_own() {
    let mut two = quick(Dialect::OpenAi);
    let slow = crate::units::Duration::from_millis(80);
    let pace = crate::model::ModelTimes { first_token_p50: slow, first_token_p95: slow, ..two.simulation.pace() };
    two.models.insert("large".to_owned(), "gpt-4o-large".to_owned());
    two.simulation.models.insert("gpt-4o-large".to_owned(), pace);
    let provider = SimulatedProvider::start("two", &two, "sk-one".into(), SEED, loopback()).unwrap();
    let first = |model: &str| provider.core.first_token(provider.core.draw(model), None, 3);
    assert_eq!(first("gpt-4o-large"), Duration::from_millis(80));
    assert!(first("gpt-4o") < Duration::from_millis(60), "{:?}", first("gpt-4o"));
}

#[tokio::test]
async fn a_revoked_key_is_refused_in_the_dialects_words_and_its_successor_is_taken() {
    for (dialect, status, code) in [
        (Dialect::OpenAi, 401, "invalid_api_key"),
        (Dialect::AzureOpenAi, 401, "401"),
        (Dialect::Anthropic, 401, "authentication_error"),
        (Dialect::Bedrock, 403, "UnrecognizedClientException"),
        (Dialect::Vertex, 401, "UNAUTHENTICATED"),
    ] {
        let provider = start(dialect);
        let url = provider.base_url();
        provider.set_key("sk-two", KeyState::Valid);
        provider.set_key("sk-one", KeyState::Revoked);
        for key in ["sk-one", "sk-never-seen", ""] {
            let got = ask(dialect, &url, key, 1, true).await;
            assert_eq!((got.status, got.code().as_deref()), (status, Some(code)), "{dialect} {key}");
        }
        assert_eq!(ask(dialect, &url, "sk-two", 2, true).await.judgement(), Ok(()));
        assert_eq!(provider.key_state(Fingerprint::of("sk-one")), Some(KeyState::Revoked));
        let statuses: Vec<u16> = provider.attempts().iter().map(|entry| entry.status).collect();
        assert_eq!(statuses, [status, status, status, 200]);
    }
}

#[tokio::test]
async fn a_key_that_is_known_and_refused_is_told_why() {
    let codes = [
        (Dialect::OpenAi, ["invalid_api_key", "unsupported_country_region_territory", "credit_balance_exhausted"]),
        (Dialect::AzureOpenAi, ["401", "403", "429"]),
        (Dialect::Anthropic, ["authentication_error", "permission_error", "billing_error"]),
        (Dialect::Bedrock, ["ExpiredTokenException", "AccessDeniedException", "ServiceQuotaExceededException"]),
        (Dialect::Vertex, ["UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"]),
    ];
    for (dialect, codes) in codes {
        let provider = start(dialect);
        for (state, code) in [KeyState::Expired, KeyState::Forbidden, KeyState::OutOfQuota].into_iter().zip(codes) {
            provider.set_key("sk-one", state);
            let got = ask(dialect, &provider.base_url(), "sk-one", 1, true).await;
            assert_eq!(got.code().as_deref(), Some(code), "{dialect} {state:?}");
        }
    }
}

#[tokio::test]
async fn a_signed_request_is_known_by_its_access_key_and_anthropics_needs_a_version() {
    let bedrock = start(Dialect::Bedrock);
    let signed = |key: &str| {
        let credential = format!("Credential={key}/20260102/lab/bedrock/aws4_request, SignedHeaders=host, Signature=00");
        let body = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
        let request = client().post(format!("{}/model/gpt-4o/converse", bedrock.base_url())).body(body);
        request.header("authorization", format!("AWS4-HMAC-SHA256 {credential}")).send()
    };
    assert_eq!(signed("sk-one").await.unwrap().status(), 200);
    assert_eq!(signed("sk-two").await.unwrap().status(), 403);
    assert_eq!(bedrock.attempts()[0].key, Fingerprint::of("sk-one"));
    let anthropic = start(Dialect::Anthropic);
    let bare = client().post(format!("{}/v1/messages", anthropic.base_url())).header("x-api-key", "sk-one").body("{}");
    let got = Got::read(bare.send().await.unwrap(), 0, false).await;
    assert_eq!((got.status, got.code().as_deref()), (400, Some("invalid_request_error")));
}

#[tokio::test]
async fn models_are_listed_as_each_dialect_lists_them() {
    for (dialect, path, pointer, name) in [
        (Dialect::AzureOpenAi, "/openai/models?api-version=2024-10-21", "/data/0/id", "gpt-4o"),
        (Dialect::Anthropic, "/v1/models", "/data/0/id", "gpt-4o"),
        (Dialect::Bedrock, "/foundation-models", "/modelSummaries/0/modelId", "gpt-4o"),
        (Dialect::Vertex, "/models", "/models/0/name", "models/gpt-4o"),
    ] {
        let provider = start(dialect);
        let request = client().get(format!("{}{path}", provider.base_url())).header("anthropic-version", "2023-06-01");
        let (header, key) = credential_header(dialect, "sk-one");
        let listed = request.header(header, key).send().await.unwrap().json::<serde_json::Value>().await.unwrap();
        assert_eq!(listed.pointer(pointer).and_then(|name| name.as_str()), Some(name), "{dialect}: {listed}");
        let (list, query) = path.split_once('?').map_or((path, String::new()), |(list, query)| (list, format!("?{query}")));
        for (asked, status) in [("gpt-4o", 200), ("gpt-9", 404)] {
            let request = client().get(format!("{}{list}/{asked}{query}", provider.base_url())).header("anthropic-version", "2023-06-01");
            let answer = request.header(header, credential_header(dialect, "sk-one").1).send().await.unwrap();
            assert_eq!(answer.status(), status, "{dialect} {asked}");
            let told = answer.json::<serde_json::Value>().await.unwrap();
            let found = status == 200 && told.to_string().contains("gpt-4o");
            assert!(found || told["error"].is_object() || told["message"].is_string(), "{dialect}: {told}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_in_the_dialects_shape() {
    let provider = start(Dialect::OpenAi);
    let url = provider.base_url();
    let post = async |path: &str, body: &str| {
        let sent = client().post(format!("{url}{path}")).bearer_auth("sk-one").body(body.to_owned()).send().await.unwrap();
        Got::read(sent, 0, false).await
    };
    for (path, body, status, code) in [
        ("/chat/completions", "{oops", 400, Some("invalid_request_error")),
        ("/chat/completions", r#"{"messages":[{"role":"user","content":"hi"}]}"#, 400, Some("invalid_request_error")),
        ("/chat/completions", r#"{"model":"gpt-9","messages":[{"role":"user","content":"hi"}]}"#, 404, Some("model_not_found")),
        ("/completions", "{}", 404, Some("unknown_url")),
    ] {
        let got = post(path, body).await;
        assert_eq!((got.status, got.code().as_deref()), (status, code), "{path} {body}");
    }
    let listed = client().get(format!("{url}/models")).bearer_auth("sk-one").send().await.unwrap();
    assert_eq!(listed.json::<serde_json::Value>().await.unwrap()["data"][0]["id"], "gpt-4o");
    assert_eq!(client().get(format!("{url}/models")).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_request_takes_as_long_as_its_seed_says_whatever_else_is_in_flight() {
    let (one, other) = (start(Dialect::OpenAi), start(Dialect::AzureOpenAi));
    let mark = |id| Some(Mark { drill: 1, id });
    let times =
        |provider: &SimulatedProvider| (0..50).map(|id| provider.core.first_token(&provider.core.draw, mark(id), 7)).collect::<Vec<_>>();
    assert_eq!(times(&one), times(&other), "same name, seed and simulation");
    assert!(times(&one).windows(2).any(|pair| pair[0] != pair[1]));
    assert_eq!(
        one.core.first_token(&one.core.draw, Some(Mark { drill: 2, id: 3 }), 8),
        times(&one)[3],
        "the drill's tag changes from run to run"
    );
}

#[tokio::test]
async fn a_stream_takes_its_first_token_plus_its_gaps() {
    let mut slow = quick(Dialect::OpenAi);
    slow.simulation.first_token_p50 = crate::units::Duration::from_millis(60);
    slow.simulation.first_token_p95 = slow.simulation.first_token_p50;
    slow.simulation.token_gap = crate::units::Duration::from_millis(10);
    let provider = SimulatedProvider::start("slow", &slow, "k".into(), SEED, loopback()).unwrap();
    for streamed in [true, false] {
        let got = ask(Dialect::OpenAi, &provider.base_url(), "k", 1, streamed).await;
        // A canary has 8 tokens: the whole takes 8 gaps, a stream 7, since its first token costs none. A timer is never early.
        let wanted = Duration::from_millis(if streamed { 60 + 70 } else { 60 + 80 });
        assert!(got.took >= wanted, "{streamed}: {:?}", got.took);
        assert!(got.headers_after >= Duration::from_millis(60), "headers come with the first token, not before");
        assert!(!streamed || got.took - got.headers_after >= Duration::from_millis(60), "tokens are spread: {got:?}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_is_never_answered_and_stopping_does_not_wait_for_it() {
    let mut slow = quick(Dialect::OpenAi);
    slow.simulation.first_token_p50 = crate::units::Duration::from_secs(3600);
    slow.simulation.first_token_p95 = slow.simulation.first_token_p50;
    let provider = SimulatedProvider::start("slow", &slow, "k".into(), SEED, loopback()).unwrap();
    let url = provider.base_url();
    let asking = tokio::spawn(async move { ask(Dialect::OpenAi, &url, "k", 1, true).await });
    while provider.attempts().is_empty() {
        tokio::task::yield_now().await;
    }
    // The handler holds the core while it works: two remain, the provider's own and the accept loop's.
    assert!(Arc::strong_count(&provider.core) > 3, "the request is being worked on");
    asking.abort();
    let ended = async {
        while Arc::strong_count(&provider.core) > 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the work ends with the connection, not with the hour");
    assert_eq!(provider.attempts()[0].status, 0);
    tokio::time::timeout(Duration::from_secs(10), provider.stop()).await.expect("nothing is left to wait for");
}

#[tokio::test]
async fn http_2_is_spoken_by_prior_knowledge_and_ends_with_the_provider() {
    let provider = start(Dialect::OpenAi);
    let socket = TcpStream::connect(provider.server.address()).await.unwrap();
    let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await;
    let (send, connection) = shaken.unwrap();
    let connection = tokio::spawn(connection);
    let ask = |id| {
        let wire = wire_request(Dialect::OpenAi, &ClientRequest::chat(Mark { drill: 1, id }, "gpt-4o", true), "sk-one");
        let mut request = Request::post(format!("{}{}", provider.base_url(), wire.path));
        for (name, value) in wire.headers {
            request = request.header(name, value);
        }
        let mut send = send.clone();
        async move {
            let answer = send.send_request(request.body(super::super::server::full(wire.body)).unwrap()).await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, hyper::Version::HTTP_2));
            String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
        }
    };
    let (one, two) = tokio::join!(ask(1), ask(2));
    assert!(one.ends_with("data: [DONE]\n\n") && two.ends_with("data: [DONE]\n\n"));
    assert_eq!(provider.attempts().len(), 2);
    tokio::time::timeout(Duration::from_secs(10), provider.stop()).await.expect("an idle connection is no reason to wait");
    tokio::time::timeout(Duration::from_secs(10), connection).await.expect("it is closed").unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let first = start(Dialect::OpenAi);
    let taken = SimulatedProvider::start("second", &quick(Dialect::OpenAi), "k".into(), SEED, first.server.address()).unwrap_err();
    assert!(taken.to_string().contains("second cannot listen on 127.0.0.1:") && taken.hint().is_some(), "{taken}");
    let foreign = SimulatedProvider::start("third", &quick(Dialect::Tcp), "k".into(), SEED, loopback()).unwrap_err();
    assert!(foreign.to_string().starts_with("the lab cannot simulate the provider `third`, because it speaks `tcp`"), "{foreign}");
}
