use std::time::Duration;

/// Seconds to wait after each failed attempt; the last one repeats. Twelve tries take 14 to 20
/// hours: longer than a night, shorter than the three days for which a provider still remembers.
const DELAYS: [u64; 12] = [2, 8, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 21_600];

/// How long to wait after attempt number `attempts` failed.
///
/// `spread` between 0 and 1 moves the delay within ±20 %, so that jobs which failed together do not
/// come back together.
pub fn backoff(attempts: u32, spread: f64) -> Duration {
    let index = (attempts.max(1) as usize - 1).min(DELAYS.len() - 1);
    Duration::from_secs(DELAYS[index]).mul_f64(0.8 + 0.4 * spread.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_within_a_fifth() {
        assert_eq!(backoff(1, 0.5), Duration::from_secs(2));
        assert_eq!(backoff(1, 0.0), Duration::from_millis(1_600));
        assert_eq!(backoff(1, 1.0), Duration::from_millis(2_400));
        assert_eq!(backoff(12, 0.5), Duration::from_hours(6));
        assert_eq!(backoff(u32::MAX, 0.5), Duration::from_hours(6));
        assert_eq!(backoff(0, 0.5), backoff(1, 0.5));
    }

    #[test]
    fn twelve_tries_take_about_a_day() {
        let total: Duration = (1..12).map(|attempt| backoff(attempt, 0.5)).sum();
        assert!((Duration::from_hours(12)..Duration::from_hours(24)).contains(&total), "{total:?}");
    }
}
