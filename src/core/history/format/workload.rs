//! What is asked, and how often.

use super::inventory::ServiceRecord;
use super::objectives::ObjectivesRecord;
use super::record::{NoRows, Recorded, is_usual, record};
use crate::model::{
    Arrivals, Bursts, Connections, Expect, HttpVersion, LoadSteps, NamedWorkload, PlainRequest, Ramp, RampPoint, RequestKind, Timeouts,
    Tokens, Trace, Wire, Workload,
};
use crate::units::{Duration, Rate};
use std::collections::BTreeMap;

record! {
    struct NamedWorkloadRecord of NamedWorkload {
        name: String,
        service_name: String,
        service: ServiceRecord,
        objectives: ObjectivesRecord,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        residency: Vec<String>,
        judged: bool,
        workload: WorkloadRecord,
    }
}

record! {
    struct WorkloadRecord of Workload {
        rate: Rate,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ramp: Vec<RampPointRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bursts: Option<BurstsRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace: Option<TraceRecord>,
        arrivals: Arrivals,
        request: RequestKind,
        #[serde(default, skip_serializing_if = "is_usual")]
        expect: ExpectRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        script: Option<String>,
        max_in_flight: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_tokens: Option<TokensRecord>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errand: Option<PlainRequestRecord>,
        #[serde(default, skip_serializing_if = "is_usual")]
        wire: WireRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<LoadStepsRecord>,
    }
}

record! {
    struct LoadStepsRecord of LoadSteps {
        peak: Rate,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        called: String,
        rates: Vec<Rate>,
        each: Duration,
        after: Duration,
        begins: Duration,
    }
}

record! {
    struct RampPointRecord of RampPoint {
        at: Duration,
        rate: Rate,
    }
}

impl Recorded<Ramp> for Vec<RampPointRecord> {
    fn record(Ramp(points): &Ramp) -> Self {
        points.iter().map(RampPointRecord::record).collect()
    }

    fn restore(self) -> Ramp {
        Ramp(self.into_iter().map(RampPointRecord::restore).collect())
    }
}

record! {
    struct BurstsRecord of Bursts {
        every: Duration,
        of: u32,
        within: Duration,
    }
}

record! {
    struct TraceRecord of Trace {
        file: String,
        rows_sha256: String,
        speed: f64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        repeat: bool,
        length: Duration,
        requests: u64,
        busiest: u64,
        gap_max: Duration,
        #[serde(skip)]
        rows: NoRows,
    }
}

record! {
    #[derive(Default)]
    struct ExpectRecord of Expect {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        json: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool: Option<String>,
    }
}

record! {
    struct TokensRecord of Tokens {
        input: u64,
        output: u64,
    }
}

record! {
    struct PlainRequestRecord of PlainRequest {
        path: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        send: Option<String>,
        status: u16,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contains: Option<String>,
    }
}

record! {
    #[derive(Default)]
    struct WireRecord of Wire {
        #[serde(default, skip_serializing_if = "is_usual")]
        connections: ConnectionsRecord,
        #[serde(default, skip_serializing_if = "is_usual")]
        http: HttpVersion,
        #[serde(default, skip_serializing_if = "is_usual")]
        timeouts: TimeoutsRecord,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
    }
}

record! {
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    enum ConnectionsRecord of Connections {
        #[default]
        Pooled,
        PerRequest,
        AtMost(inner: u32),
    }
}

record! {
    #[derive(Default)]
    struct TimeoutsRecord of Timeouts {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connect: Option<Duration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_byte: Option<Duration>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        idle: Option<Duration>,
    }
}
