//! The sandbox's own secrets: made once, kept in the data directory, the same for every process.

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rand::{TryRngCore, rngs::OsRng};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// What the secrets are kept in.
const FILE_NAME: &str = "secrets.toml";

/// What nobody configured because it is only a sandbox.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Stands in for `JWT_SECRET`.
    pub jwt_secret: SecretString,
    /// Stands in for `QUITTANCE_MASTER_KEY`.
    pub master_key: SecretString,
    /// Stands in for `STRIPE_WEBHOOK_SECRET`.
    pub stripe_webhook_secret: SecretString,
}

/// Why there are no secrets. No variant holds one.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file system says no.
    #[error("it cannot be {doing}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// Somebody else may read them.
    #[error("others than its owner may use it (mode {mode:03o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It was damaged.
    #[error("it is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The database was written with a key that is gone.
    #[error("it is missing, while {} was encrypted with the key in it", database.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// The database.
        database: PathBuf,
    },
}

impl SecretsError {
    /// The file of secrets.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::Exposed { path, .. }
            | Self::Damaged { path }
            | Self::Lost { path, .. } => path,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        let path = self.path().display();
        match self {
            Self::Io { .. } => "make the data directory writable for this process, or set \
                 JWT_SECRET, QUITTANCE_MASTER_KEY and STRIPE_WEBHOOK_SECRET"
                .to_owned(),
            Self::Exposed { .. } => format!("run `chmod 600 {path}`"),
            Self::Damaged { .. } => "restore it from a copy, or set JWT_SECRET, \
                 QUITTANCE_MASTER_KEY and STRIPE_WEBHOOK_SECRET"
                .to_owned(),
            Self::Lost { database, .. } => format!(
                "restore it from a copy, set QUITTANCE_MASTER_KEY, or delete {} to start afresh",
                database.display()
            ),
        }
    }
}

impl Secrets {
    /// The secrets kept in `dir`, which are made if there are none yet.
    ///
    /// If `locked` is a file, something was encrypted already and new secrets would be of no use.
    /// Processes that start at once agree: the first to put its file in place wins.
    pub fn load_or_create(dir: &Path, locked: Option<&Path>) -> Result<Self, SecretsError> {
        // Asked before the secrets are looked for: whoever made the database made them first.
        let locked = locked.filter(|path| path.exists());
        let path = dir.join(FILE_NAME);
        if let Some(secrets) = load(&path)? {
            return Ok(secrets);
        }
        if let Some(database) = locked {
            return Err(SecretsError::Lost { path, database: database.to_owned() });
        }
        create(dir, &path)?;
        load(&path)?.ok_or_else(|| {
            let error = io::Error::from(ErrorKind::NotFound);
            SecretsError::Io { path, doing: "read back", error }
        })
    }
}

fn load(path: &Path) -> Result<Option<Secrets>, SecretsError> {
    let failed = |error| SecretsError::Io { path: path.to_owned(), doing: "read", error };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretsError::Exposed { path: path.to_owned(), mode });
    }
    let text = SecretString::from(io::read_to_string(file).map_err(failed)?);
    // The parser's error would quote what it stumbled over.
    let secrets = toml::from_str(text.expose_secret()).ok().filter(Secrets::is_complete);
    secrets.map(Some).ok_or_else(|| SecretsError::Damaged { path: path.to_owned() })
}

impl Secrets {
    fn is_complete(&self) -> bool {
        let long = |secret: &SecretString| secret.expose_secret().len() >= 64;
        long(&self.jwt_secret) && long(&self.master_key) && long(&self.stripe_webhook_secret)
    }
}

/// Writes new secrets aside, and links them to `path` unless another process was first.
fn create(dir: &Path, path: &Path) -> Result<(), SecretsError> {
    let failed = |doing| move |error| SecretsError::Io { path: path.to_owned(), doing, error };
    let name = random_hex::<8>().map_err(failed("made up"))?;
    let aside = dir.join(format!(".{FILE_NAME}.{}", name.expose_secret()));
    let written = write_new(&aside).map_err(failed("written"));
    let linked = written.and_then(|()| match fs::hard_link(&aside, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(failed("put in place")(error))
        }
        _ => Ok(()),
    });
    let removed = fs::remove_file(&aside);
    linked?;
    removed.map_err(failed("tidied up"))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("kept"))
}

fn write_new(path: &Path) -> io::Result<()> {
    let text = SecretString::from(format!(
        "# Made by quittance for its sandbox. Who has this file has the data: keep it, and keep it \
         to yourself.\n\
         jwt_secret = \"{}\"\nmaster_key = \"{}\"\nstripe_webhook_secret = \"whsec_{}\"\n",
        random_hex::<32>()?.expose_secret(),
        random_hex::<32>()?.expose_secret(),
        random_hex::<32>()?.expose_secret(),
    ));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.expose_secret().as_bytes())?;
    file.sync_all()
}

fn random_hex<const BYTES: usize>() -> io::Result<SecretString> {
    let mut bytes = [0; BYTES];
    OsRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes).into())
}
