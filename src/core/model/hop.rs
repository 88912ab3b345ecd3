//! The words of readiness: what is looked at on a hop (a provider of a service, or the gateway before them), how each look ends, and why.

use super::words;

words! {
    /// What is looked at on a hop.
    HopCheck {
        /// Its host's name leads to addresses.
        Name = "dns",
        /// Its certificate is trusted and has time left.
        Certificate = "certificate",
        /// It answers.
        Answer = "answer",
        /// It takes the key.
        Key = "key",
        /// It has the model.
        Model = "model",
        /// It works in the region that the inventory names.
        Region = "region",
        /// It streams where a stream is asked for.
        Streaming = "streaming",
        /// It calls a tool.
        Tools = "tools",
        /// It answers in JSON where that is asked for.
        Json = "json",
        /// How long a prompt it takes.
        Context = "context",
        /// What is left of its limits.
        Quota = "quota",
        /// Its clock and this host's agree.
        Clock = "clock",
        /// What it costs is known.
        Price = "price",
        /// Its contract, and its model, have time left.
        Contract = "contract",
    }
}

words! {
    /// How a look ends.
    CheckOutcome {
        /// As it must be.
        Fine = "fine",
        /// It works, and somebody should look into it.
        Warning = "warning",
        /// A request that needs it fails.
        Failing = "failing",
        /// Nothing was learnt, for a reason that is told.
        NotLookedAt = "not-looked-at",
    }
}

words! {
    /// Whether a hop could take over now.
    HopState {
        /// It could.
        Alive = "alive",
        /// It could, and somebody should look into something.
        Warned = "warning",
        /// It could not.
        Dead = "dead",
        /// Nobody can tell.
        Unknown = "unknown",
        /// It was not asked, because the environment does not allow it, or it serves no models.
        LeftOut = "left-out",
    }
}

words! {
    /// Why a look did not end well.
    HopReason {
        /// Its key is not where the inventory says.
        KeyMissing = "key-missing",
        /// It refuses the key.
        KeyRefused = "key-refused",
        /// It knows the key, which may not do this.
        KeyForbidden = "key-forbidden",
        /// There is no such model, or no more.
        ModelGone = "model-gone",
        /// The model has a day on which it is retired.
        ModelRetires = "model-retires",
        /// It works in another region than the inventory says.
        WrongRegion = "wrong-region",
        /// It does not stream.
        NoStreaming = "no-streaming",
        /// It calls no tools.
        NoTools = "no-tools",
        /// It does not answer in JSON when that is asked for.
        NoJson = "no-json",
        /// It takes shorter prompts than the provider that it stands in for.
        ShorterContext = "shorter-context",
        /// Its quota or its money is used up.
        QuotaUsedUp = "quota-used-up",
        /// It has had too many requests or tokens just now.
        RateLimited = "rate-limited",
        /// Little is left of a limit.
        LowHeadroom = "low-headroom",
        /// Its certificate ends soon, or has ended.
        CertificateEnds = "certificate-ends",
        /// Nobody who is trusted here signed its certificate, or it is for another name.
        CertificateRefused = "certificate-refused",
        /// Its contract ends soon, or has ended.
        ContractEnds = "contract-ends",
        /// Its clock and this host's are apart.
        ClockOff = "clock-off",
        /// Nobody says what it costs.
        PriceUnknown = "price-unknown",
        /// Its host's name has no address.
        NameUnknown = "name-unknown",
        /// Nobody answers.
        NoAnswer = "no-answer",
        /// It answers with an error of its own.
        Unavailable = "unavailable",
        /// There is nothing at the path that is asked.
        NoSuchPath = "no-such-path",
        /// It refuses the request itself.
        RequestRefused = "request-refused",
        /// What it answers is not of its dialect.
        BadAnswer = "bad-answer",
        /// The environment does not allow to ask it.
        NotAllowed = "not-allowed",
        /// It is no place that serves chat models, which alone are asked.
        ServesNoModels = "serves-no-models",
        /// Asking it could cost more than the round may.
        SpendCap = "spend-cap",
        /// It cannot be asked from here: it has no address, or its key cannot be read.
        NotAsked = "not-asked",
    }
}

impl HopState {
    /// Whether it could take over; `None` where that is not known.
    pub const fn is_ready(self) -> Option<bool> {
        match self {
            Self::Alive | Self::Warned => Some(true),
            Self::Dead => Some(false),
            Self::Unknown | Self::LeftOut => None,
        }
    }
}
