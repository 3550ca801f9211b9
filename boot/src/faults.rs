//! Faults on purpose, for tests: named points at which a process dies, fails or is held up, and bugs
//! planted to see that a test finds them.
//!
//! Compiled in with the feature `faults` alone, which only the package of the tests asks for; in any
//! other build a point is nothing and nothing is planted. The variable `FAILPOINTS` says what
//! happens where, in the words of the crate `fail`: `send-receipt.begin=1*return(abort)`.

/// A point was told to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fault on purpose")]
pub struct Injected;

/// As if a connection had broken.
impl From<Injected> for sea_orm::DbErr {
    fn from(injected: Injected) -> Self {
        Self::Conn(sea_orm::RuntimeErr::Internal(injected.to_string()))
    }
}

#[cfg(feature = "faults")]
pub use armed::{arm, hastened, planted, point};
#[cfg(not(feature = "faults"))]
pub use disarmed::{arm, hastened, planted, point};

#[cfg(not(feature = "faults"))]
mod disarmed {
    use std::time::Duration;

    use super::Injected;

    /// Reads what is to happen: nothing, in this build.
    pub const fn arm() {}

    /// The point `place` of `subject`: nothing, in this build.
    pub async fn point(_subject: &str, _place: &str) -> Result<(), Injected> {
        Ok(())
    }

    /// Whether `bug` is planted: never, in this build.
    pub const fn planted(_bug: &str) -> bool {
        false
    }

    /// How long a run that hangs is borne with: `limit`, in this build.
    pub const fn hastened(limit: Duration) -> Duration {
        limit
    }
}

#[cfg(feature = "faults")]
mod armed {
    use std::{hint, mem, time::Duration};

    use super::Injected;

    /// What [`point`] may allocate, in bytes.
    const MUCH: usize = 1 << 30;

    /// Reads what is to happen from `FAILPOINTS`.
    pub fn arm() {
        mem::forget(fail::FailScenario::setup());
        if !fail::list().is_empty() {
            tracing::warn!("this process has faults on purpose: {:?}", fail::list());
        }
    }

    /// The point `place` of `subject`: does what `subject.place` was told, which is one of `error`,
    /// `abort`, `panic`, `overflow` (of the stack), `allocate` (1 GiB, and fail), `spin` (for ever) and
    /// `delay:MILLISECONDS`.
    pub async fn point(subject: &str, place: &str) -> Result<(), Injected> {
        let name = format!("{subject}.{place}");
        let Some(action) = told(&name) else { return Ok(()) };
        tracing::warn!(point = name, action, "a fault on purpose");
        match action.as_str() {
            "error" => return Err(Injected),
            "abort" => std::process::abort(),
            "overflow" => drop(hint::black_box(overflow(1))),
            "allocate" => {
                drop(hint::black_box(vec![1_u8; MUCH]));
                return Err(Injected);
            }
            "spin" => loop {
                hint::spin_loop();
            },
            other => match other.strip_prefix("delay:").map(str::parse) {
                Some(Ok(millis)) => tokio::time::sleep(Duration::from_millis(millis)).await,
                _ => panic!("told to: {name}={other}"),
            },
        }
        Ok(())
    }

    /// Whether `bug` is planted.
    pub fn planted(bug: &str) -> bool {
        told(&format!("plant.{bug}")).is_some()
    }

    /// How long a run that hangs is borne with: `limit`, or that part of it which `limits` was told,
    /// so that a test need not wait for minutes: `limits=return(5)` is a fifth.
    pub fn hastened(limit: Duration) -> Duration {
        let part = told("limits").and_then(|part| part.parse().ok());
        limit / part.unwrap_or(1).max(1)
    }

    fn told(name: &str) -> Option<String> {
        fail::fail_point!(name, |action| Some(action.unwrap_or_default()));
        None
    }

    #[expect(unconditional_recursion, reason = "that is the fault")]
    fn overflow(depth: u64) -> u64 {
        let page = hint::black_box([depth; 512]);
        overflow(depth + 1) + page[0]
    }
}
