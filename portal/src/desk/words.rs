//! Spans of time as people at the desk read them.

use std::time::Duration;

use entities::Timestamp;

/// `3 ms`, `1.2 s`, `4 min`, `2 h`, `3 days`: as exact as it matters.
pub(super) fn span(span: Duration) -> String {
    let (millis, seconds) = (span.as_millis(), span.as_secs());
    match seconds {
        0 if millis < 1 => "under 1 ms".to_owned(),
        0 => format!("{millis} ms"),
        1..10 => format!("{:.1} s", span.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `4 min ago`, or `in 4 min`.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    if at > now {
        return format!("in {}", span(at.since(now)));
    }
    match now.since(at) {
        age if age.as_secs() < 5 => "just now".to_owned(),
        age => format!("{} ago", span(age)),
    }
}

/// `thing`, or `things` unless there is one.
pub(super) fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_it_matters() {
        for (millis, words) in [
            (0, "under 1 ms"),
            (12, "12 ms"),
            (1_234, "1.2 s"),
            (59_000, "59 s"),
            (180_000, "3 min"),
            (10_800_000, "3 h"),
            (259_200_000, "3 days"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), words);
        }
        let at = Timestamp::from_seconds(1_000);
        assert_eq!(ago(at, at + Duration::from_mins(5)), "5 min ago");
        assert_eq!(ago(at + Duration::from_mins(5), at), "in 5 min");
    }
}
