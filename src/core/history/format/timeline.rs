//! What goes wrong, and when.

use super::record::{is_usual, record};
use crate::model::{Aim, Fault, FaultShape, Match, Only, PlannedFault, Requests, Sessions, Timeline};
use crate::units::{Duration, Fingerprint, Ratio, Seed};

record! {
    struct TimelineRecord of Timeline {
        baseline: Duration,
        faults: Vec<PlannedFaultRecord>,
        watch: Duration,
    }
}

record! {
    struct PlannedFaultRecord of PlannedFault {
        at: Duration,
        on: String,
        fault: Fault,
        #[serde(default, skip_serializing_if = "is_usual")]
        aim: AimRecord,
        length: Duration,
    }
}

record! {
    #[derive(Default)]
    struct AimRecord of Aim {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        probability: Option<Ratio>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        only: Option<OnlyRecord>,
        #[serde(default, rename = "match", skip_serializing_if = "is_usual")]
        matching: MatchRecord,
        #[serde(default, skip_serializing_if = "is_usual")]
        shape: FaultShapeRecord,
    }
}

record! {
    #[serde(rename_all = "kebab-case")]
    enum OnlyRecord of Only {
        Header(header: String),
        Sessions(sessions: SessionsRecord),
    }
}

record! {
    struct SessionsRecord of Sessions {
        share: Ratio,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<Seed>,
    }
}

record! {
    #[derive(Default)]
    struct MatchRecord of Match {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requests: Option<Requests>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Fingerprint>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
    }
}

record! {
    #[derive(Default)]
    #[serde(rename_all = "kebab-case")]
    enum FaultShapeRecord of FaultShape {
        #[default]
        Step,
        Ramp {
            over: Duration,
        },
        Grey,
        Flap {
            on: Duration,
            off: Duration,
        },
        Pulse {
            length: Duration,
        },
    }
}
