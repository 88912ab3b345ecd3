//! Whether every hop of every service is alive today: capped probes between drills, each reason by name.
//!
//! What this room does not do: drive load, break anything, or keep history (`store` does).
