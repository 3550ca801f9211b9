//! The load: requests made beforehand, over connections that are kept.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How requests follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection sends its next one when it has its answer.
    AsFastAsAnswered,
    /// So many in a second, whether answers come or not; latency counts from when one was due.
    PerSecond(f64),
}

/// What came of a load.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    latencies: Vec<Duration>,
}

impl Answers {
    /// The latency that `share` of the answers did not exceed, in milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        percentile(&self.latencies, share)
    }

    /// Answers in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// The value that `share` of the sorted `durations` do not exceed, in milliseconds.
pub(crate) fn percentile(durations: &[Duration], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is an index"
    )]
    let index = (durations.len() as f64 * share) as usize;
    let index = index.min(durations.len().saturating_sub(1));
    durations.get(index).map_or(0.0, |duration| duration.as_secs_f64() * 1_000.0)
}

/// Sends `requests` to `target` over so many `connections`; anything but 200 is an error.
pub(crate) async fn send(
    target: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
    pace: Pace,
) -> anyhow::Result<Answers> {
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(target).await.context("nobody listens")?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for stream in streams {
        let sender =
            Sender { stream, requests: Arc::clone(&requests), next: Arc::clone(&next), pace };
        senders.spawn(sender.run(started));
    }
    let mut latencies = Vec::with_capacity(requests.len());
    while let Some(sent) = senders.join_next().await {
        latencies.extend(sent??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    ensure!(latencies.len() == requests.len(), "some requests were not answered");
    Ok(Answers { elapsed, latencies })
}

struct Sender {
    stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    pace: Pace,
}

impl Sender {
    async fn run(mut self, started: Instant) -> anyhow::Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        let mut buffer = Vec::with_capacity(1_024);
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let requests = Arc::clone(&self.requests);
            let Some(request) = requests.get(index) else { return Ok(latencies) };
            let due = match self.pace {
                Pace::AsFastAsAnswered => Instant::now(),
                Pace::PerSecond(rate) => {
                    let due = started + Duration::from_secs_f64(index as f64 / rate);
                    tokio::time::sleep_until(due).await;
                    due
                }
            };
            let answered = tokio::time::timeout(PATIENCE, self.ask(request, &mut buffer)).await;
            answered.context("no answer in time")??;
            latencies.push(due.elapsed());
        }
    }

    async fn ask(&mut self, request: &[u8], buffer: &mut Vec<u8>) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        buffer.clear();
        loop {
            let read = self.stream.read_buf(buffer).await?;
            ensure!(read > 0, "the connection was closed instead of an answer");
            if is_whole(buffer)? {
                break;
            }
        }
        if !buffer.starts_with(b"HTTP/1.1 200") {
            bail!("refused: {}", String::from_utf8_lossy(buffer));
        }
        Ok(())
    }
}

/// Whether `answer` has arrived with all of its body.
fn is_whole(answer: &[u8]) -> anyhow::Result<bool> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(false);
    };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.context("an answer without a length")?.trim().parse()?;
    Ok(answer.len() >= end + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_with_its_body() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert!(is_whole(answer).unwrap());
        assert!(!is_whole(&answer[..answer.len() - 1]).unwrap());
        assert!(!is_whole(&answer[..20]).unwrap());
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert!((percentile(&values, 0.5) - 51.0).abs() < 1e-9);
        assert!((percentile(&values, 0.99) - 100.0).abs() < 1e-9);
        assert!(percentile(&[], 0.5).abs() < 1e-9);
    }
}
