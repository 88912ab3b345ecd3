//! The ways in which a provider can fail a service: the columns of the matrix of what was drilled.
//!
//! What this file does not do: say which faults mean which of them (each fault's own file in the room `fault` does), or what a whole plan drills
//! (`drilled_modes`).

use super::words;

words! {
    /// A way in which a provider fails a service.
    FailureMode {
        /// It serves nobody, and everybody notices.
        Outage = "outage",
        /// It serves slowly, or only some requests.
        BrownOut = "brown-out",
        /// It refuses what is more than so much a minute.
        RateLimit = "rate-limit",
        /// What was paid for is used up.
        Quota = "quota",
        /// The credential is not taken any more, or is replaced.
        Credential = "credential",
        /// The model is not offered any more, or another answers in its place.
        ModelWithdrawn = "model-withdrawn",
        /// All that stands in one region of a cloud fails at once.
        Region = "region",
        /// Two vendors fail at once.
        TwoVendors = "two-vendors",
        /// Its answers are wrong, empty or cut short, and look well.
        SilentCorruption = "silent-corruption",
        /// It costs more than it did, for each token or by more tokens and tries.
        Price = "price",
    }
}

impl FailureMode {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::Outage,
        Self::BrownOut,
        Self::RateLimit,
        Self::Quota,
        Self::Credential,
        Self::ModelWithdrawn,
        Self::Region,
        Self::TwoVendors,
        Self::SilentCorruption,
        Self::Price,
    ];

    /// True where a provider that fails so serves nobody, so that somebody else must.
    pub const fn needs_another(self) -> bool {
        matches!(self, Self::Outage | Self::RateLimit | Self::Quota | Self::Credential | Self::ModelWithdrawn)
    }
}
