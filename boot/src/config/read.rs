//! Reading `quittance.toml` and judging its numbers.

use std::{fs, io::ErrorKind, ops::RangeInclusive, path::Path};

use super::{
    error::{Problem, Problems, problem},
    file::File,
};

/// Where the settings file is looked for when nobody says.
const DEFAULT_PATH: &str = "quittance.toml";

/// Most of anything that is counted in connections or requests: beyond it is a slip of the finger.
const MANY: u64 = 1_000_000;

/// Longest time limit. Whoever waits longer than ten minutes waits in vain.
const LONG_MS: u64 = 600_000;

/// Largest webhook anybody could want. Stripe's are a few kilobytes.
const LARGE_BYTES: u64 = 16 * 1024 * 1024;

impl File {
    /// Reads the file at `path`, or the one in the working directory if there is one.
    pub(crate) fn load(path: Option<&str>, problems: &mut Problems) -> Self {
        let shown = path.unwrap_or(DEFAULT_PATH);
        let text = match fs::read_to_string(Path::new(shown)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && path.is_none() => {
                return Self::default();
            }
            Err(error) => {
                let advice = format!("make {shown} readable, or name another file");
                problems.add("CONFIG", format!("{shown} cannot be read: {error}"), advice);
                return Self::default();
            }
        };
        let Some(file) = problems.keep(Self::parse(shown, &text)) else { return Self::default() };
        file.check(shown, problems);
        file
    }

    /// Reads `text`, which came from `path`.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, Problem> {
        toml::from_str(text).or_else(|error: toml::de::Error| {
            // Not the error's `Display`: it quotes the line, where somebody may keep a password.
            let start = error.span().map_or(0, |span| span.start);
            let line = text[..start].matches('\n').count() + 1;
            let wrong = match error.message() {
                message if message.contains("string \"") => "a text where none belongs".to_owned(),
                message => message.trim().replace('\n', ", "),
            };
            problem(
                format!("{path}, line {line}"),
                wrong,
                "correct the line; quittance.toml.example shows all settings",
            )
        })
    }

    /// Notes every number that is out of its range.
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        for (key, value, range) in self.numbers() {
            if !range.contains(&value) {
                let (low, high) = range.into_inner();
                problems.add(
                    format!("{path}, {key}"),
                    format!("{value} is not between {low} and {high}"),
                    "choose a number in this range, or delete the line to have the default",
                );
            }
        }
        if self.fraud.block_points < self.fraud.review_points {
            problems.add(
                format!("{path}, fraud.block_points"),
                "it is less than fraud.review_points",
                "raise the former or lower the latter: what is refused is suspicious too",
            );
        }
        let http = &self.http;
        let ascending = [
            ("http.body_timeout_ms", http.body_timeout_ms),
            ("http.first_byte_timeout_ms", http.first_byte_timeout_ms),
            ("http.handler_timeout_ms", http.handler_timeout_ms),
        ];
        for pair in ascending.windows(2) {
            let [(low_key, low), (high_key, high)] = [pair[0], pair[1]];
            if high < low {
                problems.add(
                    format!("{path}, {high_key}"),
                    format!("{high} is less than {low_key} = {low}"),
                    "raise the former or lower the latter",
                );
            }
        }
    }

    /// Every number, by its key, with the range it must be in.
    fn numbers(&self) -> Vec<(&'static str, u64, RangeInclusive<u64>)> {
        let Self {
            lanes,
            http,
            database,
            worker,
            limits,
            mail,
            invoice,
            refunds,
            adjustments,
            checkout: _,
            fraud,
            breaker,
            notify: _,
        } = self;
        let mut numbers = vec![
            ("lanes.events", lanes.events as u64, 1..=256),
            ("lanes.money", lanes.money as u64, 1..=256),
            ("lanes.mail", lanes.mail as u64, 1..=256),
            ("lanes.upkeep", lanes.upkeep as u64, 1..=256),
            (
                "http.webhook_body_limit_bytes",
                http.webhook_body_limit_bytes as u64,
                1_024..=LARGE_BYTES,
            ),
            ("http.body_timeout_ms", http.body_timeout_ms, 100..=LONG_MS),
            ("http.max_connections", http.max_connections as u64, 16..=MANY),
            ("http.max_connections_per_address", http.max_connections_per_address as u64, 0..=MANY),
            ("http.first_byte_timeout_ms", http.first_byte_timeout_ms, 100..=LONG_MS),
            ("http.handler_timeout_ms", http.handler_timeout_ms, 1_000..=LONG_MS),
            ("http.keep_alive_timeout_ms", http.keep_alive_timeout_ms, 100..=LONG_MS),
            ("http.drain_seconds", http.drain_seconds, 1..=600),
            ("database.max_connections", database.max_connections.into(), 2..=1_000),
            ("database.statement_timeout_ms", database.statement_timeout_ms, 100..=LONG_MS),
            ("worker.drain_seconds", worker.drain_seconds, 1..=600),
            ("worker.sweep_interval_ms", worker.sweep_interval_ms, 100..=60_000),
            (
                "limits.api_requests_per_minute_per_user",
                limits.api_requests_per_minute_per_user.into(),
                1..=MANY,
            ),
            (
                "limits.api_requests_per_minute_per_address",
                limits.api_requests_per_minute_per_address.into(),
                1..=MANY,
            ),
            (
                "limits.sign_ins_per_minute_per_address",
                limits.sign_ins_per_minute_per_address.into(),
                1..=1_000_000,
            ),
            (
                "limits.signature_failures_per_minute_per_address",
                limits.signature_failures_per_minute_per_address.into(),
                1..=MANY,
            ),
            ("mail.per_recipient_per_hour", mail.per_recipient_per_hour.into(), 1..=1_000),
            ("mail.timeout_ms", mail.timeout_ms, 1_000..=LONG_MS),
            ("refunds.days", refunds.days.into(), 1..=3_650),
            ("refunds.appeal_days", refunds.appeal_days.into(), 1..=3_650),
            ("refunds.two_people_above", refunds.two_people_above, 0..=999_999_999),
            ("adjustments.two_people_above", adjustments.two_people_above, 0..=999_999_999),
            ("invoice.tax_basis_points", invoice.tax_basis_points.into(), 0..=10_000),
        ];
        numbers.extend(fraud.numbers());
        numbers.extend(breaker.numbers());
        numbers
    }
}
