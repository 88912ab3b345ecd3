//! The same requests, written in every format and every variant that is known of it: whatever the writing, the same is read.
//!
//! And what is nearly a variant, and is not read right: it must be refused, or said.

use super::{ImportSettings, ImportedRecord, LoadModel, RecordSource, RecordTime, StatedFacts, evidence, guess, read};
use crate::history::{Lost, Outcome};
use crate::model::DeclaredObjectives;
use crate::units::{Duration, explained};
use crate::verdict::{Decision, Reason, Verdict, judge};
use std::io::Write;

mod doubtful;

/// 2026-11-20T14:00:00Z
const ZERO: i64 = 1_795_183_200_000;
const MS: i64 = 1_000_000;
const FIRST: &str = "10.0.0.1:443";
const SECOND: &str = "10.0.0.2:443";

/// One request, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SampleRequest {
    sent: i64,
    took: i64,
    status: u16,
    /// Whether the first server was asked in vain before the one that answered.
    rescued: bool,
}

impl SampleRequest {
    const fn is_good(&self) -> bool {
        self.status == 200
    }

    const fn end(&self) -> i64 {
        self.sent + self.took
    }

    /// Who was asked, the last of whom answered.
    fn servers(&self) -> Vec<&'static str> {
        if self.rescued { vec![FIRST, SECOND] } else { vec![FIRST] }
    }
}

/// Ten a second for a minute: good, from 20 s on refused by the first server, from 26 s on rescued by the second.
fn requests() -> Vec<SampleRequest> {
    let one = |number: i64| {
        let sent = ZERO + number * 100 + number * 7 % 31;
        match number {
            0..200 => SampleRequest { sent, took: 30 + number % 20, status: 200, rescued: false },
            200..260 => SampleRequest { sent, took: 5 + number % 3, status: 502, rescued: false },
            _ => SampleRequest { sent, took: 60 + number % 20, status: 200, rescued: true },
        }
    };
    (0..600).map(one).collect()
}

fn seconds(millis: i64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// `2026-11-20T14:00:00.000` with the marks that are wanted.
fn stamp(millis: i64, day: &str, middle: &str) -> String {
    let of_day = millis - ZERO + 14 * 3_600_000;
    let (hour, minute, second, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
    format!("{day}{middle}{hour:02}:{minute:02}:{second:02}.{milli:03}")
}

fn in_order(of: impl Fn(&SampleRequest) -> i64, write: impl Fn(&SampleRequest) -> String) -> String {
    let mut requests = requests();
    requests.sort_by_key(of);
    requests.iter().map(write).collect()
}

fn settings(source: RecordSource, template: Option<&str>) -> ImportSettings {
    ImportSettings { source, pace: None, template: template.map(str::to_owned), served_by: None, since: None, until: None }
}

/// What every variant must give: when each was sent, how long it took, whether it was served.
fn told(record: &ImportedRecord) -> Vec<(i64, Option<i64>, bool)> {
    let mut rows: Vec<_> = record.rows.iter().map(|row| (row.sent, row.took, row.kind == Outcome::Ok)).collect();
    rows.sort_unstable();
    rows
}

fn wanted() -> Vec<(i64, Option<i64>, bool)> {
    requests().iter().map(|asked| (asked.sent * MS, Some(asked.took * MS), asked.is_good())).collect()
}

#[track_caller]
fn same(what: &str, settings: &ImportSettings, bytes: &[u8]) -> ImportedRecord {
    let record = read(bytes, settings).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(told(&record) == wanted(), "{what}: {:?} …", told(&record).iter().zip(wanted()).find(|(left, right)| *left != right));
    assert_eq!(record.skipped, 0, "{what}");
    assert_eq!(guess(bytes, settings.template.as_deref()).unwrap(), [settings.source], "{what}: guessed");
    record
}

/// The ways in which one text may lie in a file.
fn files(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let gzip = |text: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    };
    let zstd = |text: &[u8]| ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
    let wide = |order: fn(u16) -> [u8; 2], mark: bool| -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(order).collect()
    };
    let half = text[..text.len() / 2].rfind('\n').unwrap() + 1;
    let (left, right) = (&text.as_bytes()[..half], &text.as_bytes()[half..]);
    vec![
        ("as it is", text.as_bytes().to_vec()),
        ("with CRLF", text.replace('\n', "\r\n").into_bytes()),
        ("with a mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("UTF-16", wide(u16::to_le_bytes, true)),
        ("UTF-16, big end first", wide(u16::to_be_bytes, true)),
        ("UTF-16 without a mark", wide(u16::to_le_bytes, false)),
        ("UTF-16, big end first, without a mark", wide(u16::to_be_bytes, false)),
        ("gzip", gzip(text.as_bytes())),
        ("gzip of two members", [gzip(left), gzip(right)].concat()),
        ("gzip of UTF-16", gzip(&wide(u16::to_le_bytes, true))),
        ("Zstandard", zstd(text.as_bytes())),
        // A frame that is to be skipped between two of data.
        ("Zstandard of two frames", [zstd(left), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(right)].concat()),
    ]
}

/// A cell as RFC 4180 has it.
fn cell(text: &str, divider: char) -> String {
    let plain = !text.contains([divider, '"', '\n', '\r']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// How a moment is written.
type TimeWriter = fn(i64) -> String;
/// How a request is written that waited idle for so long.
type RequestWriter = fn(&SampleRequest, i64) -> String;

const EXCEPTIONS: [&str; 7] = [
    "too many Requests/s, Average Response Time too long",
    ";;;;;;;;;;;;;;;;;;;;;;;;\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t",
    "HTTPError('502 Bad Gateway')",
    "CatchResponseError(\"got 502, \"\"wanted\"\" 200\")",
    "ConnectionError:\n  Traceback (most recent call last):\n    File \"x.py\", line 1; in y\n",
    "a\r\nb",
    "\n",
];

fn locust(divider: char, exception: &str) -> String {
    let decimal = |text: String| if divider == ',' { text } else { text.replace('.', ",") };
    let head = ["start_time", "request_type", "name", "response_time", "response_length", "exception"].join(&divider.to_string());
    let row = |asked: &SampleRequest| {
        let exception = if asked.is_good() { String::new() } else { cell(exception, divider) };
        let cells =
            [decimal(seconds(asked.sent)), "POST".into(), "/v1".into(), decimal(format!("{}.0", asked.took)), "5".into(), exception];
        cells.join(&divider.to_string()) + "\n"
    };
    format!("{head}\n{}", in_order(SampleRequest::end, row))
}

#[test]
fn rows_of_locust_in_every_csv_and_every_file() {
    for divider in [',', ';', '\t'] {
        for exception in EXCEPTIONS {
            same(&format!("{divider:?} {exception:?}"), &settings(RecordSource::Locust, None), locust(divider, exception).as_bytes());
        }
    }
    for (how, bytes) in files(&locust(',', EXCEPTIONS[4])) {
        same(how, &settings(RecordSource::Locust, None), &bytes);
    }
    let excels = format!("sep=;\n{}", locust(';', EXCEPTIONS[3]));
    same("Excel's first line", &settings(RecordSource::Locust, None), excels.as_bytes());
}

#[test]
fn rows_of_jmeter_with_each_of_its_dates() {
    let forms: [(&str, TimeWriter); 4] = [
        ("milliseconds", |at| at.to_string()),
        ("2026/11/20", |at| stamp(at, "2026/11/20", " ")),
        ("2026-11-20", |at| stamp(at, "2026-11-20", " ")),
        ("11/20/26", |at| stamp(at, "11/20/26", " ")),
    ];
    for (form, moment) in forms {
        let row = |asked: &SampleRequest| {
            let (code, message) = if asked.is_good() { ("200", "OK") } else { ("Non HTTP response code: x", "\"refused\nby all\"") };
            format!("{},{},chat,{code},{message},tg 1-1,text,{},,9,2,1,1,http://x,3,0,2\n", moment(asked.sent), asked.took, asked.is_good())
        };
        let head = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,\
                    allThreads,URL,Latency,IdleTime,Connect\n";
        let record = same(form, &settings(RecordSource::Locust, None), format!("{head}{}", in_order(|asked| asked.sent, row)).as_bytes());
        assert_eq!(record.grain, MS, "{form}");
    }
    // Without milliseconds a moment is known to a second, and the record says so.
    let coarse = "timeStamp,elapsed,success\n2026/11/20 14:00:00,30,true\n2026/11/20 14:00:01,30,false\n";
    let record = read(coarse.as_bytes(), &settings(RecordSource::Locust, None)).unwrap();
    assert_eq!((record.grain, record.rows[1].sent), (1000 * MS, (ZERO + 1000) * MS));
    let unknown =
        explained(&read(coarse.replace("2026/11/20", "20.11.2026").as_bytes(), &settings(RecordSource::Locust, None)).unwrap_err());
    assert!(unknown.contains("`20.11.2026 14:00:00` is not a time") && unknown.contains("milliseconds since 1970"), "{unknown}");
}

#[test]
fn lines_of_vegeta_and_of_k6() {
    for error in EXCEPTIONS {
        let csv = |asked: &SampleRequest| {
            let error = if asked.is_good() { String::new() } else { cell(error, ',') };
            format!("{},{},{},0,2,{error},b2s=,,0,GET,http://x/,\n", asked.sent * MS, asked.status, asked.took * MS)
        };
        same(error, &settings(RecordSource::Vegeta, None), in_order(SampleRequest::end, csv).as_bytes());
        let failures_first = in_order(|asked| (i64::from(asked.is_good()) << 50) + asked.sent, csv);
        same(error, &settings(RecordSource::Vegeta, None), failures_first.as_bytes());
    }
    let json = |asked: &SampleRequest| {
        let (sent, took) = (stamp(asked.sent, "2026-11-20", "T"), asked.took * MS);
        format!("{{\"attack\":\"\",\"code\":{},\"timestamp\":\"{sent}Z\",\"latency\":{took},\"error\":\"\"}}\n", asked.status)
    };
    same("vegeta's JSON", &settings(RecordSource::Vegeta, None), in_order(SampleRequest::end, json).as_bytes());
    let k6 = |asked: &SampleRequest| {
        let (end, good) = (stamp(asked.end(), "2026-11-20", "T"), asked.is_good());
        let point = |metric: &str, value: i64| {
            format!(
                "{{\"metric\":\"{metric}\",\"type\":\"Point\",\"data\":{{\"time\":\"{end}Z\",\"value\":{value},\"tags\":{{\"expected_response\":\
                 \"{good}\",\"status\":\"{}\"}}}}}}\n",
                asked.status
            )
        };
        [("http_reqs", 1), ("http_req_duration", asked.took), ("http_req_blocked", 0), ("http_req_failed", i64::from(!good))]
            .map(|(metric, value)| point(metric, value))
            .concat()
    };
    let head = "{\"type\":\"Metric\",\"data\":{\"name\":\"http_reqs\",\"type\":\"counter\"},\"metric\":\"http_reqs\"}\n";
    let compact = format!("{head}{}", in_order(SampleRequest::end, k6));
    let open = ImportSettings { pace: Some(LoadModel::Open), ..settings(RecordSource::K6, None) };
    let blanks = compact.replace("\":", "\" : ").replace(",\"", ", \"").replace('{', "{ ");
    same("k6 with blanks", &open, blanks.as_bytes());
    files(&compact).into_iter().for_each(|(how, bytes)| drop(same(how, &open, &bytes)));
}

/// A line of nginx by a format line, with what divides the servers that were asked.
fn nginx(format: &str, divider: &str, asked: &SampleRequest) -> String {
    let each = |value: &str| asked.servers().iter().map(|_| value).collect::<Vec<_>>().join(divider);
    format
        .replace("$msec", &seconds(asked.end()))
        .replace("$request_time", &seconds(asked.took))
        .replace("$upstream_addr", &asked.servers().join(divider))
        .replace("$upstream_response_length", &each("512"))
        .replace("$upstream_response_time", &each("0.002"))
        .replace("$upstream_status", &each(&asked.status.to_string()))
        .replace("$status", &asked.status.to_string())
        .replace("$http_user_agent", "okhttp/4.9 (a b)")
        .replace("$req_id", "5e1f9a")
        .replace("$upstream_name", "gw")
        + "\n"
}

const NGINX: [&str; 9] = [
    "$msec $request_time $status \"$upstream_addr\"",
    "$msec $request_time $status $upstream_addr",
    // ingress-nginx's own order: lists in the midst of the line.
    "$msec \"$http_user_agent\" $request_time [$upstream_name] [] $upstream_addr $upstream_response_length $upstream_response_time \
     $upstream_status $req_id $status",
    "$upstream_addr $msec $request_time $status",
    "$upstream_addr,$msec,$request_time,$status",
    "$upstream_status|$upstream_addr|$msec|$request_time|$status",
    "u=$upstream_addr, t=$msec, us=$upstream_status, rt=$request_time, st=$status",
    "{\"rt\": $request_time, \"us\": $upstream_status, \"up\": \"$upstream_addr\", \"t\": $msec, \"s\": $status}",
    "$msec [$upstream_addr] ($upstream_response_time) $request_time: $status",
];

#[test]
fn lists_of_nginx_wherever_they_stand() {
    for format in NGINX {
        for divider in [", ", " : "] {
            let log = in_order(SampleRequest::end, |asked| nginx(format, divider, asked));
            let record = same(&format!("{format} {divider:?}"), &settings(RecordSource::Nginx, Some(format)), log.as_bytes());
            assert_eq!(record.names, [FIRST, SECOND], "{format} {divider:?}: the last one served");
        }
    }
    let log = in_order(SampleRequest::end, |asked| nginx(NGINX[2], ", ", asked));
    files(&log).into_iter().for_each(|(how, bytes)| drop(same(how, &settings(RecordSource::Nginx, Some(NGINX[2])), &bytes)));
}

#[test]
fn a_format_line_that_leaves_open_where_a_value_ends_is_refused() {
    for (source, format, field) in [
        (RecordSource::Nginx, "$upstream_addr, $msec $status", "$upstream_addr"),
        (RecordSource::Nginx, "$upstream_addr : $upstream_status $msec $status", "$upstream_addr"),
        (RecordSource::Nginx, "$msec $http_user_agent $status", "$http_user_agent"),
        (RecordSource::Nginx, "$msec $request $status", "$request"),
        (RecordSource::Haproxy, "%tr %r %ST", "%r"),
        (RecordSource::Envoy, "%START_TIME% %REQ(USER-AGENT)% %RESPONSE_CODE%", "%REQ(USER-AGENT)%"),
    ] {
        let error = explained(&read(&b"x\n"[..], &settings(source, Some(format))).unwrap_err());
        assert!(error.contains(&format!("it is not known where `{field}` ends")) && error.contains("hint: "), "{format}: {error}");
    }
    // In quotes, or behind all that is asked for, it is no harm.
    for (source, format) in [
        (RecordSource::Nginx, "$msec \"$http_user_agent\" $status"),
        (RecordSource::Nginx, "$msec $status $http_user_agent $upstream_cache_status"),
        (RecordSource::Haproxy, "%{+Q}o %tr %r %ST"),
        (RecordSource::Haproxy, "%tr %{+Q}r %ST"),
    ] {
        let error = explained(&read(&b"x\n"[..], &settings(source, Some(format))).unwrap_err());
        assert!(error.contains("cannot be read as"), "{format}: {error}");
    }
}

#[test]
fn a_zone_behind_a_blank_is_no_status() {
    let line = "20/Nov/2026:14:00:01 +0000 200 0.010\n";
    let record = read(line.as_bytes(), &settings(RecordSource::Nginx, Some("$time_local $status $request_time"))).unwrap();
    assert_eq!((record.rows[0].sent, record.rows[0].kind), ((ZERO + 990) * MS, Outcome::Ok));
    for status in ["+200", "2000", "20", "0200", "abc"] {
        let line = format!("1795183201.000 {status}\n");
        assert!(read(line.as_bytes(), &settings(RecordSource::Nginx, Some("$msec $status"))).is_err(), "{status}");
    }
}

#[test]
fn haproxys_moments_of_requests_and_of_connections() {
    let log = |write: fn(&SampleRequest, i64) -> String| {
        // Idle time before each request, as on kept connections.
        in_order(SampleRequest::end, |asked| write(asked, asked.sent % 977) + "\n")
    };
    let day = |at: i64| stamp(at, "20/Nov/2026", ":");
    assert_eq!(day(ZERO), "20/Nov/2026:14:00:00.000");
    let by: [(&str, RequestWriter); 7] = [
        ("%tr %ST %Ta", |asked, _| format!("{} {} {}", stamp(asked.sent, "20/Nov/2026", ":"), asked.status, asked.took)),
        ("%t %Th/%Ti/%Ta %ST", |asked, idle| {
            format!("{} 3/{}/{} {}", stamp(asked.sent - idle - 3, "20/Nov/2026", ":"), idle, asked.took, asked.status)
        }),
        ("%t %Th/%Ti/%Tt %ST", |asked, idle| {
            format!("{} 3/{}/{} {}", stamp(asked.sent - idle - 3, "20/Nov/2026", ":"), idle, asked.took + idle + 3, asked.status)
        }),
        ("%Ts.%ms %Th %Ti %Tt %ST", |asked, idle| {
            let at = asked.sent - idle;
            format!("{}.{:03} 0 {idle} {} {}", at / 1000, at % 1000, asked.took + idle, asked.status)
        }),
        ("%Ts %ms %Th %Ti %Ta %ST", |asked, idle| {
            let at = asked.sent - idle;
            format!("{} {} 0 {idle} {} {}", at / 1000, at % 1000, asked.took, asked.status)
        }),
        ("%t %Tq/%TR/%Tt %ST", |asked, idle| {
            format!("{} {}/2/{} {}", stamp(asked.sent - idle, "20/Nov/2026", ":"), idle + 2, asked.took + idle, asked.status)
        }),
        ("%t %Tt/%Ta %ST", |asked, idle| {
            format!("{} {}/{} {}", stamp(asked.sent - idle, "20/Nov/2026", ":"), asked.took + idle, asked.took, asked.status)
        }),
    ];
    for (format, write) in by {
        let record = same(format, &settings(RecordSource::Haproxy, Some(format)), log(write).as_bytes());
        assert_eq!(record.grain, MS, "{format}");
        let evidence = evidence(record, &StatedFacts::default()).unwrap();
        assert!(!evidence.lacks(Lost::SendTimes), "{format}");
    }
    let old = |asked: &SampleRequest, idle: i64| {
        format!("{} {idle}/{} {}\n", stamp(asked.sent - idle, "20/Nov/2026", ":"), asked.took + idle, asked.status)
    };
    let text = in_order(SampleRequest::end, |asked| old(asked, asked.sent % 977));
    let record = same("%Tq", &settings(RecordSource::Haproxy, Some("%t %Tq/%Tt %ST")), text.as_bytes());
    assert!(record.rows.iter().any(|row| row.doubt > 900 * MS), "it may have begun earlier: how long it came in is not told");
    for format in ["%t %ST %Ta", "%Ts %ST %Ta", "%tr %ST %Tt"] {
        let moment = if format.starts_with("%Ts") { "1795183201" } else { "20/Nov/2026:14:00:01.000" };
        let record = read(format!("{moment} 200 30\n").as_bytes(), &settings(RecordSource::Haproxy, Some(format))).unwrap();
        let evidence = evidence(record, &StatedFacts::default()).unwrap();
        let caveat = evidence.caveats.iter().find(|caveat| caveat.name == Lost::SendTimes).unwrap_or_else(|| panic!("{format}"));
        assert!(caveat.text.contains("of connections") && caveat.text.contains("%tr and %Ta"), "{}", caveat.text);
    }
}

fn envoy(asked: &SampleRequest) -> String {
    let (at, server) = (stamp(asked.sent, "2026-11-20", "T"), asked.servers().pop().unwrap());
    format!("[{at}Z] \"POST /v1 HTTP/1.1\" {} - 11 5 {} 40 \"-\" \"curl (a b)\" \"id\" \"gw\" \"{server}\"\n", asked.status, asked.took)
}

fn istio(asked: &SampleRequest) -> String {
    let (at, server) = (stamp(asked.sent, "2026-11-20", "T"), asked.servers().pop().unwrap());
    let failure = if asked.is_good() { "-" } else { "delayed connect error: 111" };
    format!(
        "[{at}Z] \"POST /v1 HTTP/1.1\" {} - via_upstream - \"{failure}\" 120 512 {} 299 \"-\" \"curl/8\" \"6b7e-1\" \"gw.example\" \"{server}\" \
         outbound|443||api.example 10.1.1.1:5000 10.2.2.2:443 10.1.1.1:4000 api.example default\n",
        asked.status, asked.took
    )
}

#[test]
fn envoys_line_and_istios_are_known_and_nothing_else_is_taken_for_them() {
    let plain = settings(RecordSource::Envoy, None);
    for (name, write) in [("Envoy's", envoy as fn(&SampleRequest) -> String), ("Istio's", istio)] {
        let record = same(name, &plain, in_order(SampleRequest::end, write).as_bytes());
        assert_eq!(record.names, [FIRST, SECOND], "{name}");
        assert!(!evidence(record, &StatedFacts::default()).unwrap().lacks(Lost::AnswerTimes), "{name}");
    }
    let both: String = in_order(SampleRequest::end, |asked| if asked.sent % 2 == 0 { envoy(asked) } else { istio(asked) });
    same("both in one file", &plain, both.as_bytes());
    // One word more, one less, and a word in the place of a number.
    let one = requests()[0];
    for (line, why) in [
        (envoy(&one).replace('\n', " more\n"), "there is text after the end"),
        (istio(&one).replace('\n', " more\n"), "cannot be read as envoy"),
        (envoy(&one).replace(" - 11 5 ", " - via_upstream 11 5 "), "is not a number"),
        (envoy(&one).replace(" - 11 5 ", " - 5 "), "cannot be read as envoy"),
        (istio(&one).replace(" via_upstream - ", " via_upstream "), "cannot be read as envoy"),
    ] {
        let error = explained(&read(line.as_bytes(), &plain).map(|record| record.rows).unwrap_err());
        assert!(error.contains(why) && error.contains("--log-format"), "{line}: {error}");
    }
}

#[test]
fn a_row_that_was_cut_is_not_taken_for_a_good_one() {
    let text = locust(',', "refused");
    let position = text.find("refused").unwrap();
    let cut = format!("{}\n{}", &text[..position - 3], &text[position + "refused\n".len()..]);
    let record = read(cut.as_bytes(), &settings(RecordSource::Locust, None)).unwrap();
    assert_eq!((record.rows.len(), record.skipped), (599, 1));
    // A quote that is never closed takes nothing with it but its own line.
    let open = text.replacen("refused", "\"refused", 1);
    let record = read(open.as_bytes(), &settings(RecordSource::Locust, None)).unwrap();
    assert_eq!((record.rows.len(), record.skipped), (599, 1));
    // Nor one that a later quote seems to close.
    let open = locust(',', EXCEPTIONS[4]).replacen("\"ConnectionError", "\"\"ConnectionError", 1);
    let record = read(open.as_bytes(), &settings(RecordSource::Locust, None)).unwrap();
    assert_eq!(record.rows.len(), 599);
}

#[test]
fn what_is_not_read_is_named() {
    for (magic, what) in [
        (&b"BZh9"[..], "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"PK\x03\x04", "zip"),
        (b"SQLite format 3\0", "SQLite"),
        (b"<?xml version=\"1.0\"?>\n<testResults>", "JMeter"),
        (b"\xef\xbb", "hint: "),
    ] {
        for source in RecordSource::WORDS.iter().filter_map(|word| RecordSource::from_word(word)) {
            let error = explained(&read(&[magic, b"garbage\n"].concat()[..], &settings(source, None)).unwrap_err());
            assert!(error.contains(what) && error.contains("hint: "), "{source}: {error}");
        }
    }
    let torn = &files(&locust(',', "x"))[7].1;
    let error = explained(&read(&torn[..torn.len() / 2], &settings(RecordSource::Locust, None)).unwrap_err());
    assert!(error.contains("cannot be read") && error.contains("hint: "), "{error}");
}

#[test]
fn a_hint_names_no_other_tool() {
    let log = |source: RecordSource| matches!(source, RecordSource::Nginx | RecordSource::Haproxy | RecordSource::Envoy);
    for source in RecordSource::WORDS.iter().filter_map(|word| RecordSource::from_word(word)) {
        let error = explained(&read(&b"garbage\n"[..], &settings(source, None)).unwrap_err());
        let others = ["nginx", "haproxy", "envoy", "$request_time", "%Ta", "%DURATION%"];
        let other = others.iter().find(|other| !log(source) && error.contains(**other));
        assert_eq!(other, None, "{source} speaks of another: {error}");
    }
    // What a worker never began has no end, and that is nothing to log.
    let dropped =
        "{\"metric\":\"dropped_iterations\",\"type\":\"Point\",\"data\":{\"time\":\"2026-11-20T14:00:09Z\",\"value\":2,\"tags\":{}}}\n";
    let record = read(dropped.as_bytes(), &ImportSettings { pace: Some(LoadModel::Open), ..settings(RecordSource::K6, None) }).unwrap();
    assert!(!evidence(record, &StatedFacts::default()).unwrap().lacks(Lost::AnswerTimes));
}
