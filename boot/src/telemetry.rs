//! Logs and metrics.

#[cfg(test)]
mod tests;

use std::{
    io::IsTerminal,
    panic::{self, PanicHookInfo},
    sync::OnceLock,
    thread,
    time::Duration,
};

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

/// Upper ends of the histograms' buckets in seconds, around our promises: 50 ms and 2 s for a
/// webhook, 5 and 10 min for credits and receipts.
const BUCKETS: [f64; 18] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
    120.0, 300.0, 600.0,
];

/// How often samples are sorted into buckets when nobody fetches the metrics.
const UPKEEP: Duration = Duration::from_secs(5);

/// What to log, and how.
#[derive(Args, Clone, Debug, Default)]
pub struct LogOptions {
    /// What to log: error, warn, info, debug, trace, or per module [default: info]
    #[arg(long, env = "RUST_LOG", value_name = "FILTER")]
    pub rust_log: Option<String>,
    /// How to write the log: for people or for machines
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// How to write the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text for each event.
    #[default]
    #[value(alias = "")]
    Text,
    /// A line of JSON for each event.
    Json,
}

/// Starts logging to standard error, panics included. The second call changes nothing.
pub fn init(options: &LogOptions) -> Result<(), ParseError> {
    let filter = options.rust_log.as_deref().map(str::trim).filter(|filter| !filter.is_empty());
    let filter = EnvFilter::try_new(filter.unwrap_or("info"))?;
    // Colours are for people who watch, and noise in a file.
    let colours = std::io::stderr().is_terminal();
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    // The only error is that there is a subscriber already.
    let installed = match options.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if installed.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// Logs where it happened. Of the message only what is in our source: the rest may hold a secret,
/// as `unwrap` prints whatever the error printed.
fn log_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload().downcast_ref::<&'static str>().copied();
    let location = info.location().map(ToString::to_string);
    tracing::error!(
        panic.location = location.unwrap_or_default(),
        panic.thread = thread::current().name().unwrap_or_default(),
        panic.message = message.unwrap_or("(withheld)"),
        "panicked"
    );
}

/// The process's metrics.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// All of them in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Starts to collect metrics. A second call returns the same.
///
/// Should somebody else have installed a recorder, ours stays empty.
pub fn install_metrics() -> Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(install).clone()
}

fn install() -> Metrics {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS);
    let recorder = builder.expect("there is at least one bucket").build_recorder();
    let metrics = Metrics(recorder.handle());
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another recorder is installed; our metrics will stay empty");
        return metrics;
    }
    let handle = metrics.0.clone();
    let upkeep = move || loop {
        thread::sleep(UPKEEP);
        handle.run_upkeep();
    };
    if let Err(error) = thread::Builder::new().name("metrics".to_owned()).spawn(upkeep) {
        tracing::warn!(error = %error, "metrics take more memory while nobody fetches them");
    }
    metrics
}
