//! A mail server that accepts everything and remembers which mails it got.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What was accepted so far.
#[derive(Debug, Default)]
struct Accepted {
    mails: usize,
    /// How often each.
    ids: HashMap<String, usize>,
    connections: usize,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct MailServer {
    address: SocketAddr,
    accepted: Arc<Mutex<Accepted>>,
}

impl MailServer {
    /// Starts to accept mails; each takes it so long from its last line to its answer.
    pub async fn start(takes: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let server = Self { address: listener.local_addr()?, accepted: Arc::default() };
        let accepted = Arc::clone(&server.accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.lock().unwrap_or_else(PoisonError::into_inner).connections += 1;
                // A client that goes away in the middle has sent no mail.
                tokio::spawn(serve(stream, Arc::clone(&accepted), takes));
            }
        });
        Ok(server)
    }

    /// Its address as `SMTP_URL` wants it.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// How many mails it accepted, and how many different ones.
    pub fn accepted(&self) -> (usize, usize) {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        (accepted.mails, accepted.ids.len())
    }

    /// How many connections were ever made.
    pub fn connections(&self) -> usize {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).connections
    }

    /// How often it accepted each mail, by its `Message-ID`.
    pub fn times(&self) -> HashMap<String, usize> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).ids.clone()
    }
}

async fn serve(
    stream: TcpStream,
    accepted: Arc<Mutex<Accepted>>,
    takes: Duration,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader);
    writer.write_all(b"220 bench ESMTP\r\n").await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let verb = String::from_utf8_lossy(&line[..line.len().min(4)]).to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => writer.write_all(b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n").await?,
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let id = read_mail(&mut lines).await?;
                if !takes.is_zero() {
                    tokio::time::sleep(takes).await;
                }
                note(&accepted, id);
                writer.write_all(b"250 accepted\r\n").await?;
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n").await,
            _ => writer.write_all(b"250 ok\r\n").await?,
        }
    }
}

fn note(accepted: &Mutex<Accepted>, id: String) {
    let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
    accepted.mails += 1;
    *accepted.ids.entry(id).or_default() += 1;
}

/// Reads a mail up to the line with a dot, and returns its `Message-ID`.
async fn read_mail<R: AsyncBufReadExt + Unpin>(lines: &mut R) -> std::io::Result<String> {
    let mut id = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(id);
        }
        if id.is_empty()
            && line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case(b"message-id:"))
        {
            String::from_utf8_lossy(&line[11..]).trim().clone_into(&mut id);
        }
    }
}
