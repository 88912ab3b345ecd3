//! What the providers' own Python clients make of each fault on requests and answers: each asks for a whole answer and for a stream, with
//! retries off and a second of patience, through the fault proxy.
//!
//! A row of these tables is a fault: the text that the client's user was given and what followed, whole and streamed. What stands there
//! was observed, and is the clients' business; a new version of one of them may change it, and then it is worth a look.

use crate::support::{LAB, Lab, Project, Standing, client};

/// Runs a script through a proxy of this dialect before the lab's provider of this name; it must tell this and nothing else.
fn meets(script: &str, provider: &str, dialect: &str, wanted: &str) {
    let (project, standing) = (Project::empty(), Standing::start(&[]));
    project.write("runbooks/inventory.yaml", LAB);
    let lab = Lab::start(&project);
    let (url, key) = lab.provider(provider);
    let rest = url.strip_prefix("http://").unwrap();
    let (upstream, path) = rest.find('/').map_or((rest, ""), |place| rest.split_at(place));
    let asked = format!(r#"{{"name": "{provider}", "listen": "127.0.0.1:0", "upstream": "http://{upstream}", "dialect": "{dialect}"}}"#);
    let (status, made) = standing.call("POST", "/proxies", &asked);
    assert_eq!(status, 201, "{made}");
    let through = format!("http://{}{path}", made["listen"].as_str().unwrap());
    let mut command = client(script, &project);
    command.args([&through, key, &standing.api, provider]).args((provider == "azure").then_some("azure"));
    let run = project.run(&mut command);
    run.exits_with(0);
    assert_eq!(run.stdout, wanted, "{}", run.stderr);
}

#[test]
fn openai_meets_each_fault_at_openai() {
    meets("faulty_openai.py", "openai", "openai", OPENAI);
}

#[test]
fn openai_meets_each_fault_at_azure() {
    meets("faulty_openai.py", "azure", "azure-openai", OPENAI);
}

#[test]
fn anthropic_meets_each_fault() {
    meets("faulty_anthropic.py", "anthropic", "anthropic", ANTHROPIC);
}

#[test]
fn boto3_meets_each_fault() {
    meets("faulty_boto3.py", "bedrock", "bedrock", BEDROCK);
}

#[test]
fn google_genai_meets_each_fault() {
    meets("faulty_genai.py", "vertex", "vertex", GEMINI);
}

#[test]
fn openais_responses_meet_each_fault_at_openai() {
    meets("faulty_responses.py", "openai", "openai", RESPONSES);
}

#[test]
fn openais_responses_meet_each_fault_at_azure() {
    meets("faulty_responses.py", "azure", "azure-openai", RESPONSES);
}

#[test]
fn openais_embeddings_meet_each_fault() {
    meets("faulty_embeddings.py", "openai", "openai", EMBEDDINGS);
}

#[test]
fn boto3_meets_each_fault_by_invoke() {
    meets("faulty_invoke.py", "bedrock", "bedrock", INVOKE);
}

/// A stream that ends early is silence here too, and so is an event `error`: it is an event like any other to the client, whose caller has to look.
const RESPONSES: &str = "\
none: 'ferry storm light' completed model-v1:0 | 'ferry storm light' response.completed model-v1:0
cut: '' raises APIConnectionError | 'ferry storm' raises APIConnectionError
cut at once: '' raises APIConnectionError | '' raises APIConnectionError
end_early: '' raises JSONDecodeError | 'ferry storm' response.output_text.delta model-v1:0
end_early before the end: '' raises JSONDecodeError | 'ferry storm light' response.output_item.done model-v1:0
error_event: '' raises TypeError | 'ferry storm' error model-v1:0
error_event at once: '' raises TypeError | '' error None
malformed: '' raises JSONDecodeError | 'ferry storm' raises JSONDecodeError
empty_answer: '' raises TypeError | '' None None
wrong_model: 'ferry storm light' completed lifeboat-another-model | 'ferry storm light' response.completed lifeboat-another-model
corrupt: 'sreel fgbez yvtug' completed model-v1:0 | 'sreel fgbez yvtug' response.completed model-v1:0
slow_stream: 'ferry storm light' completed model-v1:0 | 'ferry storm light' response.completed model-v1:0
stall_midstream: '' raises APITimeoutError | 'ferry storm' raises APITimeoutError
keep_alive: 'ferry storm light' completed model-v1:0 | 'ferry storm light' response.completed model-v1:0
http_stall: '' raises APITimeoutError | '' raises APITimeoutError
http_status 400: '' raises BadRequestError 400 | '' raises BadRequestError 400
http_status 408: '' raises APIStatusError 408 | '' raises APIStatusError 408
http_status 500: '' raises InternalServerError 500 | '' raises InternalServerError 500
http_status 504: '' raises InternalServerError 504 | '' raises InternalServerError 504
http_status 529: '' raises InternalServerError 529 | '' raises InternalServerError 529
credential_revoked: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
rate-limit: '' raises RateLimitError 429 | '' raises RateLimitError 429
quota: '' raises RateLimitError 429 | '' raises RateLimitError 429
overloaded: '' raises InternalServerError 503 | '' raises InternalServerError 503
expired: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
forbidden: '' raises PermissionDeniedError 403 | '' raises PermissionDeniedError 403
model-withdrawn: '' raises NotFoundError 404 | '' raises NotFoundError 404
content-filter: '' raises BadRequestError 400 | '' raises BadRequestError 400
";

/// Left of the bar numbers, right of it base64, in which the wrong letters are other numbers.
const EMBEDDINGS: &str = "\
none: '2' model-v1:0 | '2' model-v1:0
cut: '' raises APIConnectionError | '' raises APIConnectionError
cut at once: '' raises APIConnectionError | '' raises APIConnectionError
end_early: '' raises JSONDecodeError | '' raises JSONDecodeError
end_early before the end: '' raises JSONDecodeError | '' raises JSONDecodeError
error_event: '' raises TypeError | '' raises ValueError
error_event at once: '' raises TypeError | '' raises ValueError
malformed: '' raises JSONDecodeError | '' raises JSONDecodeError
empty_answer: '' raises TypeError | '' raises ValueError
wrong_model: '2' lifeboat-another-model | '2' lifeboat-another-model
corrupt: '2' model-v1:0 | '2' model-v1:0
slow_stream: '2' model-v1:0 | '2' model-v1:0
stall_midstream: '' raises APITimeoutError | '' raises APITimeoutError
keep_alive: '2' model-v1:0 | '2' model-v1:0
http_stall: '' raises APITimeoutError | '' raises APITimeoutError
http_status 400: '' raises BadRequestError 400 | '' raises BadRequestError 400
http_status 408: '' raises APIStatusError 408 | '' raises APIStatusError 408
http_status 500: '' raises InternalServerError 500 | '' raises InternalServerError 500
http_status 504: '' raises InternalServerError 504 | '' raises InternalServerError 504
http_status 529: '' raises InternalServerError 529 | '' raises InternalServerError 529
credential_revoked: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
rate-limit: '' raises RateLimitError 429 | '' raises RateLimitError 429
quota: '' raises RateLimitError 429 | '' raises RateLimitError 429
overloaded: '' raises InternalServerError 503 | '' raises InternalServerError 503
expired: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
forbidden: '' raises PermissionDeniedError 403 | '' raises PermissionDeniedError 403
model-withdrawn: '' raises NotFoundError 404 | '' raises NotFoundError 404
content-filter: '' raises BadRequestError 400 | '' raises BadRequestError 400
";

/// As with converse, but that the model is named.
const INVOKE: &str = "\
none: 'ferry storm light' end_turn model-v1:0 | 'ferry storm light' end_turn model-v1:0
cut: '' raises ResponseStreamingError | 'ferry storm' raises ProtocolError
cut at once: '' raises ResponseStreamingError | '' raises ProtocolError
end_early: '' raises JSONDecodeError | 'ferry storm' None model-v1:0
end_early before the end: '' raises JSONDecodeError | 'ferry storm light' end_turn model-v1:0
error_event: '' raises KeyError | 'ferry storm' raises EventStreamError internalServerException
error_event at once: '' raises KeyError | '' raises EventStreamError internalServerException
malformed: '' raises JSONDecodeError | 'ferry storm' raises ChecksumMismatch
empty_answer: '' raises KeyError | '' None None
wrong_model: 'ferry storm light' end_turn lifeboat-another-model | 'ferry storm light' end_turn lifeboat-another-model
corrupt: 'sreel fgbez yvtug' end_turn model-v1:0 | 'sreel fgbez yvtug' end_turn model-v1:0
slow_stream: 'ferry storm light' end_turn model-v1:0 | 'ferry storm light' end_turn model-v1:0
stall_midstream: '' raises ReadTimeoutError | 'ferry storm' raises ReadTimeoutError
keep_alive: 'ferry storm light' end_turn model-v1:0 | 'ferry storm light' end_turn model-v1:0
http_stall: '' raises ReadTimeoutError | '' raises ReadTimeoutError
http_status 400: '' raises ValidationException 400 ValidationException | '' raises ValidationException 400 ValidationException
http_status 408: '' raises ModelTimeoutException 408 ModelTimeoutException | '' raises ModelTimeoutException 408 ModelTimeoutException
http_status 500: '' raises InternalServerException 500 InternalServerException | '' raises InternalServerException 500 InternalServerException
http_status 504: '' raises ModelTimeoutException 504 ModelTimeoutException | '' raises ModelTimeoutException 504 ModelTimeoutException
http_status 529: '' raises ServiceUnavailableException 529 ServiceUnavailableException | '' raises ServiceUnavailableException 529 ServiceUnavailableException
credential_revoked: '' raises ClientError 403 UnrecognizedClientException | '' raises ClientError 403 UnrecognizedClientException
rate-limit: '' raises ThrottlingException 429 ThrottlingException | '' raises ThrottlingException 429 ThrottlingException
quota: '' raises ServiceQuotaExceededException 400 ServiceQuotaExceededException | '' raises ServiceQuotaExceededException 400 ServiceQuotaExceededException
overloaded: '' raises ServiceUnavailableException 503 ServiceUnavailableException | '' raises ServiceUnavailableException 503 ServiceUnavailableException
expired: '' raises ClientError 403 ExpiredTokenException | '' raises ClientError 403 ExpiredTokenException
forbidden: '' raises AccessDeniedException 403 AccessDeniedException | '' raises AccessDeniedException 403 AccessDeniedException
model-withdrawn: '' raises ResourceNotFoundException 404 ResourceNotFoundException | '' raises ResourceNotFoundException 404 ResourceNotFoundException
content-filter: '' refusal model-v1:0 | '' refusal model-v1:0
";

/// A stream that ends early is silence: `None` for its reason, or even a `stop` where only the marker is missing.
const OPENAI: &str = "\
none: 'ferry storm light' stop model-v1:0 | 'ferry storm light' stop model-v1:0
cut: '' raises APIConnectionError | 'ferry storm' raises APIConnectionError
cut at once: '' raises APIConnectionError | '' raises APIConnectionError
end_early: '' raises JSONDecodeError | 'ferry storm' None model-v1:0
end_early before the end: '' raises JSONDecodeError | 'ferry storm light' stop model-v1:0
error_event: '' raises TypeError | 'ferry storm' raises APIError
error_event at once: '' raises TypeError | '' raises APIError
malformed: '' raises JSONDecodeError | 'ferry storm' raises JSONDecodeError
empty_answer: '' raises TypeError | '' None None
wrong_model: 'ferry storm light' stop lifeboat-another-model | 'ferry storm light' stop lifeboat-another-model
corrupt: 'sreel fgbez yvtug' stop model-v1:0 | 'sreel fgbez yvtug' stop model-v1:0
slow_stream: 'ferry storm light' stop model-v1:0 | 'ferry storm light' stop model-v1:0
stall_midstream: '' raises APITimeoutError | 'ferry storm' raises APITimeoutError
keep_alive: 'ferry storm light' stop model-v1:0 | 'ferry storm light' stop model-v1:0
http_stall: '' raises APITimeoutError | '' raises APITimeoutError
http_status 400: '' raises BadRequestError 400 | '' raises BadRequestError 400
http_status 408: '' raises APIStatusError 408 | '' raises APIStatusError 408
http_status 500: '' raises InternalServerError 500 | '' raises InternalServerError 500
http_status 504: '' raises InternalServerError 504 | '' raises InternalServerError 504
http_status 529: '' raises InternalServerError 529 | '' raises InternalServerError 529
credential_revoked: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
rate-limit: '' raises RateLimitError 429 | '' raises RateLimitError 429
quota: '' raises RateLimitError 429 | '' raises RateLimitError 429
overloaded: '' raises InternalServerError 503 | '' raises InternalServerError 503
expired: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
forbidden: '' raises PermissionDeniedError 403 | '' raises PermissionDeniedError 403
model-withdrawn: '' raises NotFoundError 404 | '' raises NotFoundError 404
content-filter: '' raises BadRequestError 400 | '' raises BadRequestError 400
";

/// An error in a whole answer of status 200 is silence too; one in a stream has the status 200.
const ANTHROPIC: &str = "\
none: 'ferry storm light' end_turn model-v1:0 | 'ferry storm light' end_turn model-v1:0
cut: '' raises APIConnectionError | 'ferry storm' raises RemoteProtocolError
cut at once: '' raises APIConnectionError | '' raises RemoteProtocolError
end_early: '' raises JSONDecodeError | 'ferry storm' None model-v1:0
end_early before the end: '' raises JSONDecodeError | 'ferry storm light' end_turn model-v1:0
error_event: '' None None | 'ferry storm' raises APIStatusError 200
error_event at once: '' None None | '' raises APIStatusError 200
malformed: '' raises JSONDecodeError | 'ferry storm' raises JSONDecodeError
empty_answer: '' None None | '' raises AssertionError
wrong_model: 'ferry storm light' end_turn lifeboat-another-model | 'ferry storm light' end_turn lifeboat-another-model
corrupt: 'sreel fgbez yvtug' end_turn model-v1:0 | 'sreel fgbez yvtug' end_turn model-v1:0
slow_stream: 'ferry storm light' end_turn model-v1:0 | 'ferry storm light' end_turn model-v1:0
stall_midstream: '' raises APITimeoutError | 'ferry storm' raises ReadTimeout
keep_alive: 'ferry storm light' end_turn model-v1:0 | 'ferry storm light' end_turn model-v1:0
http_stall: '' raises APITimeoutError | '' raises APITimeoutError
http_status 400: '' raises BadRequestError 400 | '' raises BadRequestError 400
http_status 408: '' raises RequestTimeoutError 408 | '' raises RequestTimeoutError 408
http_status 500: '' raises InternalServerError 500 | '' raises InternalServerError 500
http_status 504: '' raises GatewayTimeoutError 504 | '' raises GatewayTimeoutError 504
http_status 529: '' raises OverloadedError 529 | '' raises OverloadedError 529
credential_revoked: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
rate-limit: '' raises RateLimitError 429 | '' raises RateLimitError 429
quota: '' raises PaymentRequiredError 402 | '' raises PaymentRequiredError 402
overloaded: '' raises OverloadedError 529 | '' raises OverloadedError 529
expired: '' raises AuthenticationError 401 | '' raises AuthenticationError 401
forbidden: '' raises PermissionDeniedError 403 | '' raises PermissionDeniedError 403
model-withdrawn: '' raises NotFoundError 404 | '' raises NotFoundError 404
content-filter: '' refusal model-v1:0 | '' refusal model-v1:0
";

/// What a checksum is for. The answers name no model, so nothing of them can be wrong.
const BEDROCK: &str = "\
none: 'ferry storm light' end_turn | 'ferry storm light' end_turn
cut: '' raises ConnectionClosedError | 'ferry storm' raises ProtocolError
cut at once: '' raises ConnectionClosedError | '' raises ProtocolError
end_early: '' raises KeyError | 'ferry storm' None
end_early before the end: '' raises KeyError | 'ferry storm light' None
error_event: '' raises KeyError | 'ferry storm' raises EventStreamError internalServerException
error_event at once: '' raises KeyError | '' raises EventStreamError internalServerException
malformed: '' raises KeyError | 'ferry storm' raises ChecksumMismatch
empty_answer: '' raises KeyError | '' None
wrong_model: 'ferry storm light' end_turn | 'ferry storm light' end_turn
corrupt: 'sreel fgbez yvtug' end_turn | 'sreel fgbez yvtug' end_turn
slow_stream: 'ferry storm light' end_turn | 'ferry storm light' end_turn
stall_midstream: '' raises ReadTimeoutError | 'ferry storm' raises ReadTimeoutError
keep_alive: 'ferry storm light' end_turn | 'ferry storm light' end_turn
http_stall: '' raises ReadTimeoutError | '' raises ReadTimeoutError
http_status 400: '' raises ValidationException 400 ValidationException | '' raises ValidationException 400 ValidationException
http_status 408: '' raises ModelTimeoutException 408 ModelTimeoutException | '' raises ModelTimeoutException 408 ModelTimeoutException
http_status 500: '' raises InternalServerException 500 InternalServerException | '' raises InternalServerException 500 InternalServerException
http_status 504: '' raises ModelTimeoutException 504 ModelTimeoutException | '' raises ModelTimeoutException 504 ModelTimeoutException
http_status 529: '' raises ServiceUnavailableException 529 ServiceUnavailableException | '' raises ServiceUnavailableException 529 ServiceUnavailableException
credential_revoked: '' raises ClientError 403 UnrecognizedClientException | '' raises ClientError 403 UnrecognizedClientException
rate-limit: '' raises ThrottlingException 429 ThrottlingException | '' raises ThrottlingException 429 ThrottlingException
quota: '' raises ServiceQuotaExceededException 400 ServiceQuotaExceededException | '' raises ServiceQuotaExceededException 400 ServiceQuotaExceededException
overloaded: '' raises ServiceUnavailableException 503 ServiceUnavailableException | '' raises ServiceUnavailableException 503 ServiceUnavailableException
expired: '' raises ClientError 403 ExpiredTokenException | '' raises ClientError 403 ExpiredTokenException
forbidden: '' raises AccessDeniedException 403 AccessDeniedException | '' raises AccessDeniedException 403 AccessDeniedException
model-withdrawn: '' raises ResourceNotFoundException 404 ResourceNotFoundException | '' raises ResourceNotFoundException 404 ResourceNotFoundException
content-filter: '' content_filtered | '' content_filtered
";

/// The last token may come without a reason for the end, and nobody is told.
const GEMINI: &str = "\
none: 'ferry storm light' STOP model-v1:0 | 'ferry storm light' STOP model-v1:0
cut: '' raises RemoteProtocolError | 'ferry storm' raises RemoteProtocolError
cut at once: '' raises RemoteProtocolError | '' raises RemoteProtocolError
end_early: '' raises JSONDecodeError | 'ferry storm' None model-v1:0
end_early before the end: '' raises JSONDecodeError | 'ferry storm light' None model-v1:0
error_event: '' None None | 'ferry storm' raises ServerError 500 INTERNAL
error_event at once: '' None None | '' raises ServerError 500 INTERNAL
malformed: '' raises JSONDecodeError | 'ferry storm' raises UnknownApiResponseError
empty_answer: '' None None | '' None None
wrong_model: 'ferry storm light' STOP lifeboat-another-model | 'ferry storm light' STOP lifeboat-another-model
corrupt: 'sreel fgbez yvtug' STOP model-v1:0 | 'sreel fgbez yvtug' STOP model-v1:0
slow_stream: 'ferry storm light' STOP model-v1:0 | 'ferry storm light' STOP model-v1:0
stall_midstream: '' raises ReadTimeout | 'ferry storm' raises ReadTimeout
keep_alive: 'ferry storm light' STOP model-v1:0 | 'ferry storm light' STOP model-v1:0
http_stall: '' raises ReadTimeout | '' raises ReadTimeout
http_status 400: '' raises ClientError 400 INVALID_ARGUMENT | '' raises ClientError 400 INVALID_ARGUMENT
http_status 408: '' raises ClientError 408 DEADLINE_EXCEEDED | '' raises ClientError 408 DEADLINE_EXCEEDED
http_status 500: '' raises ServerError 500 INTERNAL | '' raises ServerError 500 INTERNAL
http_status 504: '' raises ServerError 504 DEADLINE_EXCEEDED | '' raises ServerError 504 DEADLINE_EXCEEDED
http_status 529: '' raises ServerError 529 UNAVAILABLE | '' raises ServerError 529 UNAVAILABLE
credential_revoked: '' raises ClientError 401 UNAUTHENTICATED | '' raises ClientError 401 UNAUTHENTICATED
rate-limit: '' raises ClientError 429 RESOURCE_EXHAUSTED | '' raises ClientError 429 RESOURCE_EXHAUSTED
quota: '' raises ClientError 429 RESOURCE_EXHAUSTED | '' raises ClientError 429 RESOURCE_EXHAUSTED
overloaded: '' raises ServerError 503 UNAVAILABLE | '' raises ServerError 503 UNAVAILABLE
expired: '' raises ClientError 401 UNAUTHENTICATED | '' raises ClientError 401 UNAUTHENTICATED
forbidden: '' raises ClientError 403 PERMISSION_DENIED | '' raises ClientError 403 PERMISSION_DENIED
model-withdrawn: '' raises ClientError 404 NOT_FOUND | '' raises ClientError 404 NOT_FOUND
content-filter: '' SAFETY model-v1:0 | '' SAFETY model-v1:0
";
