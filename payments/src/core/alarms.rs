use std::time::Duration;

/// When so much is wrong that it is an attack, or a fault of ours (`AC9.3.7`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarms {
    /// Declined tries to pay within ten minutes, by anybody.
    pub declines: u64,
    /// Payments within an hour about which a signed event contradicts our rows.
    pub contradictions: u64,
    /// How long refunds wait because of what strangers can fake.
    pub pauses: Pauses,
}

/// For how long, and how often, refunds wait because of what strangers can fake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// How long one pause lasts.
    pub pause: Duration,
    /// Least time from the beginning of one to the next.
    pub every: Duration,
}

impl Alarms {
    /// What holds where nothing else is configured.
    pub const USUAL: Self = Self {
        declines: 500,
        contradictions: 10,
        pauses: Pauses { pause: Duration::from_mins(10), every: Duration::from_hours(1) },
    };
}
