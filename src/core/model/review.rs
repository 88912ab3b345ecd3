//! What a drill's `findings.yaml` keeps of each finding: what Lifeboat says, and what people write beside it.
//!
//! What this file does not do: find anything (`report`), or know how it is written (`project`).

use super::words;

words! {
    /// What Lifeboat finds, by names that stay the same from drill to drill.
    FindingId {
        /// The recovery time objective was missed.
        RtoMissed = "rto-missed",
        /// It was met with less than a fifth of it to spare.
        NearMissRto = "near-miss-rto",
        /// Service came back, and did not stay.
        Relapse = "relapse",
        /// The broken provider was still asked first once another had taken over, and users waited for it.
        DeadPrimaryAsked = "dead-primary-asked",
        /// Requests were lost.
        RequestsLost = "requests-lost",
        /// Fewer were lost than allowed, with less than a fifth of that to spare.
        NearMissLost = "near-miss-lost",
        /// Answers came, and too late.
        LateAnswers = "late-answers",
        /// Answers ended before they were whole.
        TruncatedStreams = "truncated-streams",
        /// Requests were executed more than once.
        DuplicateAnswers = "duplicate-answers",
        /// Each request was attempted again and again.
        RetryStorm = "retry-storm",
        /// A provider asked to be left alone for a while, and was asked again before that.
        RetryAfterIgnored = "retry-after-ignored",
        /// The standby got more at once than was offered, and more than was allowed.
        StandbyOverloaded = "standby-overloaded",
        /// The standby bears less of its primary's load than was promised.
        StandbyTooSmall = "standby-too-small",
        /// The standby answered much slower than the primary had.
        StandbySlow = "standby-slow",
        /// The primary did not serve again in time once it was healed.
        FailbackMissed = "failback-missed",
        /// It did, with less than a fifth of the time to spare.
        NearMissFailback = "near-miss-failback",
        /// Requests were lost on the way back to the primary.
        FailbackHurt = "failback-hurt",
        /// Traffic had cost more than was agreed before it had moved.
        BudgetExceeded = "budget-exceeded",
        /// The budget was gone before any alert had come, or a runbook had begun.
        BudgetGoneUnnoticed = "budget-gone-unnoticed",
        /// The standby's answers cost more than those of the primary at its raised price.
        StandbyDearer = "standby-dearer",
        /// Acknowledged requests of which nothing was kept.
        WritesLost = "writes-lost",
        /// The evidence does not decide an objective.
        ObjectiveUndecided = "objective-undecided",
        /// Traffic before the fault was not steady.
        BaselineUnsteady = "baseline-unsteady",
        /// The fault touched nothing of the drill.
        FaultWithoutEffect = "fault-without-effect",
        /// The drill could not send its requests in time.
        DriverLate = "driver-late",
        /// The verdict is open for another reason.
        VerdictOpen = "verdict-open",
        /// The drill was stopped before its end.
        DrillStopped = "drill-stopped",
        /// The fault touched requests of others.
        OthersTouched = "others-touched",
        /// The team's own alert never came.
        AlertNeverCame = "alert-never-came",
        /// The team's own alert fired before the fault, and so tells nothing of it.
        AlertBeforeFault = "alert-before-fault",
        /// Nobody listened for alerts, although the environment says where.
        AlertsNotHeard = "alerts-not-heard",
        /// Alerts arrived that were not recorded one by one.
        AlertsLeftOut = "alerts-left-out",
        /// A step of the runbook did not end well.
        StepFailed = "step-failed",
        /// A step was left out.
        StepSkipped = "step-skipped",
        /// A step took longer than was expected.
        StepOverran = "step-overran",
        /// A step was not taken back.
        UndoFailed = "undo-failed",
        /// A step failed, and its undo did not run.
        NotTakenBack = "not-taken-back",
        /// Nobody could tell that a fault was healed.
        HealNotConfirmed = "heal-not-confirmed",
        /// A fault ended by itself, because nobody renewed its lease.
        LeaseExpired = "lease-expired",
        /// Something of the drill may have stayed behind.
        LeftBehind = "left-behind",
        /// The fault proxy missed exchanges.
        ProxyMissed = "proxy-missed",
        /// The fault proxy's clock makes moments less certain.
        ProxyClock = "proxy-clock",
        /// A secret was not known where it could have been printed.
        SecretNotKnown = "secret-not-known",
        /// Something about traffic that somebody else's generator sent.
        TrafficRemark = "traffic-remark",
        /// A newer build wrote the history.
        NewerFormat = "newer-format",
        /// The provider refuses the new key, or nobody saw that it takes it.
        NewKeyRefused = "new-key-refused",
        /// The provider still takes the old key, or nobody saw that it refuses it.
        KeyStillAccepted = "key-still-accepted",
        /// The old key is still in use.
        OldKeyUsed = "old-key-used",
        /// Clients lost requests while a key was replaced.
        RotationLostRequests = "rotation-lost-requests",
        /// Not every replica used the new key in time.
        RotationMissed = "rotation-missed",
        /// It did, with less than a fifth of the time to spare.
        NearMissRotation = "near-miss-rotation",
        /// Nobody answered while the primary refused the old key.
        RotationWithoutFallback = "rotation-without-fallback",
        /// The primary did not serve again with its new key.
        PrimaryNotResumed = "primary-not-resumed",
        /// Tokens of the old key stayed in use.
        TokensNotRenewed = "tokens-not-renewed",
        /// The store was not seen to hold the new key.
        NewKeyNotStored = "new-key-not-stored",
        /// The old key was not seen to be revoked.
        OldKeyNotRevoked = "old-key-not-revoked",
        /// An alert or an incident stays open at a service that people look at.
        LeftOpen = "left-open",
        /// Somebody could not be told.
        ContactNotTold = "contact-not-told",
        /// The runbook was interrupted and resumed.
        Interrupted = "interrupted",
        /// Requests reached a provider outside the legal areas that are permitted.
        ResidencyMissed = "residency-missed",
        /// The standby decides otherwise than the primary who is refused.
        ParityMissed = "parity-missed",
        /// A key reached a provider that it is not for.
        KeyLeaked = "key-leaked",
        /// By the gateway's configuration the cutover can take longer than was promised.
        SlowByConfiguration = "slow-by-configuration",
        /// It took longer than the gateway's configuration lets expect.
        LongerThanPredicted = "longer-than-predicted",
    }
}

words! {
    /// How much a finding matters.
    FindingSeverity {
        /// Worth knowing: the drill itself, or what nearly failed.
        Low = "low",
        /// Users were worse served, or the drill proves less than it was to.
        Medium = "medium",
        /// An objective was missed, or something was left behind.
        High = "high",
    }
}

words! {
    /// What became of a finding since the drill before.
    FindingState {
        /// It was not there before.
        New = "new",
        /// It was there before.
        StillThere = "still-there",
        /// It was there before, and is not any more.
        Gone = "gone",
        /// A person decided to live with it.
        Accepted = "accepted",
    }
}

/// A finding as it is kept from drill to drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFinding {
    /// What it is: a word of [`FindingId`], or what people called one of their own.
    pub id: String,
    /// What it is about, where there are several of its kind.
    pub about: Option<String>,
    /// How much it matters.
    pub severity: FindingSeverity,
    /// What was seen, in a sentence.
    pub says: String,
    /// What would mend it.
    pub suggestion: Option<String>,
    /// The drill that showed it first, by its identifier.
    pub since: Option<String>,
    /// The drill that showed it last.
    pub last_seen: Option<String>,
    /// What became of it.
    pub state: FindingState,
    /// Who looks into it; a person writes that.
    pub owner: Option<String>,
    /// Until when; a person writes that.
    pub due: Option<String>,
    /// Where it is tracked; a person writes that.
    pub ticket: Option<String>,
    /// What people wrote about it.
    pub notes: Option<String>,
}

/// What a drill's `findings.yaml` holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptFindings {
    /// The drill that it is of, by its identifier.
    pub drill: Option<String>,
    /// That drill's scenario.
    pub scenario: Option<String>,
    /// The environment in which it ran.
    pub environment: Option<String>,
    /// When it began, RFC 3339.
    pub started: Option<String>,
    /// The drill before, which it was compared with.
    pub compared_with: Option<String>,
    /// Each finding.
    pub entries: Vec<KeptFinding>,
}

impl KeptFindings {
    /// The one of this name about this.
    pub fn of(&self, id: &str, about: Option<&str>) -> Option<&KeptFinding> {
        self.entries.iter().find(|entry| entry.id == id && entry.about.as_deref() == about)
    }
}
