//! The program under measurement, as an operator starts it.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::{events::SECRET, seed::MASTER_KEY};

/// How long a process may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How a process is started: nothing of our own environment but what is set here.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    binary: PathBuf,
    directory: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// A process that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Where it listens, if it does.
    pub(crate) address: SocketAddr,
}

impl Program {
    /// `binary`, with its files in `directory`.
    pub(crate) fn new(binary: &Path, directory: &Path) -> Self {
        let fixed = [
            ("STRIPE_SECRET_KEY", "sk_test_51QuittanceBenchmark0000"),
            ("STRIPE_WEBHOOK_SECRET", SECRET),
            // Nobody is asked for anything; the discard port says so at once.
            ("STRIPE_API_BASE", "http://127.0.0.1:9/"),
            ("JWT_SECRET", "6f1c0ab3d2954e7788aa01bc23de45f6"),
            ("MAIL_FROM", "Shop <shop@example.com>"),
        ];
        let mut variables: Vec<_> =
            fixed.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        variables.push(("QUITTANCE_MASTER_KEY", hex::encode(MASTER_KEY)));
        variables.push(("DATA_DIR", directory.display().to_string()));
        Self { binary: binary.to_owned(), directory: directory.to_owned(), variables }
    }

    /// `binary` with its sandbox, which plays the providers.
    pub(crate) fn sandbox(binary: &Path, directory: &Path) -> Self {
        let variables = vec![("DATA_DIR", directory.display().to_string())];
        Self { binary: binary.to_owned(), directory: directory.to_owned(), variables }
    }

    /// With environment variable `name`.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs a command to its end.
    pub(crate) fn call(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(arguments).stdout(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "quittance {arguments:?} failed:\n{said}{complaint}");
        Ok(said)
    }

    /// Starts a process that answers HTTP, and waits until it does.
    pub(crate) async fn serve(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        let address = free_address().await?;
        let program = self.clone().with("LISTEN_ADDR", address.to_string());
        let process = program.spawn(arguments, address)?;
        process.await_answer("/health/ready").await?;
        Ok(process)
    }

    /// Starts a process that does not.
    pub(crate) async fn work(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        let address = free_address().await?;
        self.clone().with("LISTEN_ADDR", address.to_string()).spawn(arguments, address)
    }

    fn spawn(&self, arguments: &[&str], address: SocketAddr) -> anyhow::Result<Process> {
        let name = arguments.first().copied().unwrap_or("quittance");
        let log = File::create(self.directory.join(format!("{name}.log")))?;
        let child = self.command(arguments).stdout(Stdio::null()).stderr(log).spawn()?;
        Ok(Process { child, address })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.directory).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }
}

impl Process {
    /// The bare server of this very program.
    pub(crate) async fn bare() -> anyhow::Result<Self> {
        let address = free_address().await?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", "--listen", &address.to_string()]).stdin(Stdio::null());
        let process = Self { child: command.spawn()?, address };
        process.await_answer("/").await?;
        Ok(process)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The body of what it answers to `request`.
    pub(crate) async fn ask(&self, request: &str) -> anyhow::Result<String> {
        let closing = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let answer = exchanged(self.address, &closing).await?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "refused: {answer}");
        Ok(answer.split_once("\r\n\r\n").context("no body")?.1.to_owned())
    }

    /// Waits until it answers HTTP with anything but that it is not ready.
    async fn await_answer(&self, path: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while Instant::now() < deadline {
            if asked(self.address, path).await.is_ok_and(|status| status != "503") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("a process did not become ready")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It is measured, not needed: whatever it still holds is thrown away with its database.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn asked(address: SocketAddr, path: &str) -> anyhow::Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    let answer = exchanged(address, &request).await?;
    Ok(answer.split(' ').nth(1).context("no status")?.to_owned())
}

/// Everything that is answered to `request`, which closes the connection.
async fn exchanged(address: SocketAddr, request: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?)
}
