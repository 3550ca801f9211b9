//! How fast this process answers webhooks, read from its own metrics.

use std::time::Duration;

/// Answers to webhooks since the process started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) count: u64,
    /// 99 of 100 took no longer; `None` if that is more than the longest that is told apart.
    pub(super) p99: Option<Duration>,
}

/// The successful answers in `metrics`, which is in Prometheus' text format; `None` if there is none.
pub(super) fn webhooks(metrics: &str) -> Option<Answers> {
    let mut buckets: Vec<(f64, u64)> = Vec::new();
    for line in metrics.lines() {
        let ours = line.starts_with("quittance_http_seconds_bucket{")
            && line.contains("route=\"/webhooks/:provider\"")
            && line.contains("status=\"200\"");
        let Some((labels, count)) = line.rsplit_once(' ').filter(|_| ours) else { continue };
        let end = labels.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
        let end: Option<f64> = end.and_then(|end| end.replace("+Inf", "inf").parse().ok());
        if let Some((end, count)) = end.zip(count.parse().ok()) {
            buckets.push((end, count));
        }
    }
    let count = buckets.iter().map(|(_, count)| *count).max().filter(|count| *count > 0)?;
    let nearly_all = (count * 99).div_ceil(100);
    let ends = buckets.iter().filter(|(_, so_many)| *so_many >= nearly_all).map(|(end, _)| *end);
    let p99 = ends.fold(f64::INFINITY, f64::min);
    let p99 = p99.is_finite().then(|| Duration::from_secs_f64(p99));
    Some(Answers { count, p99 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_nearly_all_is_found() {
        let line = |route: &str, status: &str, end: &str, count: u64| {
            format!(
                "quittance_http_seconds_bucket{{route=\"{route}\",status=\"{status}\",le=\"{end}\"}} \
                 {count}\n"
            )
        };
        let ours = "/webhooks/:provider";
        let metrics = [
            line(ours, "200", "0.001", 10),
            line(ours, "200", "0.005", 99),
            line(ours, "200", "10", 100),
            line(ours, "200", "+Inf", 100),
            line(ours, "401", "0.001", 1_000),
            line("/desk", "200", "10", 5_000),
        ]
        .concat();
        let p99 = Some(Duration::from_millis(5));
        assert_eq!(webhooks(&metrics), Some(Answers { count: 100, p99 }));
        assert_eq!(webhooks(""), None);
        let slow = [line(ours, "200", "600", 1), line(ours, "200", "+Inf", 9)].concat();
        assert_eq!(webhooks(&slow), Some(Answers { count: 9, p99: None }));
    }
}
