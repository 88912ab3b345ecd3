//! What was drilled, and what was not: services by failure modes, and the control ledger of four quarters. Pure: from the inventory, the scenarios
//! and the drills that the store knows.
