//! Settings that are valid one by one: whether they are together, and what is still missing.

use std::{fs::DirBuilder, net::SocketAddr, os::unix::fs::DirBuilderExt, path::PathBuf};
use std::{path::Path, time::Duration};

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::Url;

use super::{
    Config, File, MasterKey,
    checks::{self, JWT_SECRET, is_loopback, own_url},
    error::{Problem, Problems, problem},
    paypal,
    stripe::{self, Checked},
};
use crate::{db::DbOptions, secrets::Secrets};

/// The sender when nobody says; fit for the local mailbox only.
const DEFAULT_MAIL_FROM: &str = "Quittance <quittance@localhost>";

/// A [`Config`] in the making.
pub(super) struct Draft {
    pub(super) listen: SocketAddr,
    pub(super) worker_listen: Option<SocketAddr>,
    pub(super) public_url: Option<Url>,
    /// Whether the database is the one we keep in the data directory.
    pub(super) embedded: bool,
    pub(super) database_url: SecretString,
    pub(super) redis_url: Option<SecretString>,
    pub(super) data_dir: PathBuf,
    pub(super) stripe: Checked,
    pub(super) paypal: paypal::Checked,
    pub(super) smtp_url: Option<SecretString>,
    pub(super) mail_from: Option<String>,
    pub(super) admin_email: Option<String>,
    pub(super) notify_secrets: Vec<SecretSlice<u8>>,
    /// Which of the two secrets below nobody gave; one that is wrong is not missing.
    pub(super) missing: Vec<&'static str>,
    pub(super) jwt_secret: Option<SecretString>,
    pub(super) master_key: Option<MasterKey>,
    pub(super) cors_allowed_origins: Vec<String>,
    pub(super) catalog: Option<PathBuf>,
    pub(super) file: File,
}

impl Draft {
    /// Notes what must not go together.
    pub(super) fn check_together(&self, problems: &mut Problems) {
        self.check_public_url(problems);
        self.check_modes(problems);
        if self.smtp_url.is_some() && self.mail_from.is_none() {
            let wrong = "it is missing, and a mail server refuses mail from nobody";
            problems.add("MAIL_FROM", wrong, "set it like `Shop <billing@shop.com>`");
        }
        for name in &self.missing {
            self.check_may_generate(name, problems);
        }
    }

    fn check_public_url(&self, problems: &mut Problems) {
        let live = match (self.stripe_is_live(), self.paypal.is_live()) {
            (Some(true), _) => "STRIPE_SECRET_KEY",
            (_, true) => "PAYPAL_API_BASE",
            _ => return,
        };
        let Some(url) = &self.public_url else { return };
        if url.scheme() != "https" && !is_loopback(url) {
            problems.add(
                "PUBLIC_URL",
                format!("it is not https while {live} is live"),
                "set it to the https address that payers see, for instance of a proxy",
            );
        }
    }

    /// Credits paid with test money are worth as much as others.
    fn check_modes(&self, problems: &mut Problems) {
        let Some(stripe) = self.stripe_is_live() else { return };
        if self.paypal.keys.is_some() && stripe != self.paypal.is_live() {
            problems.add(
                "PAYPAL_API_BASE",
                "one of it and STRIPE_SECRET_KEY is live, the other is for tests",
                "take both from the same mode",
            );
        }
    }

    /// Whether Stripe's key is live, if there is one.
    fn stripe_is_live(&self) -> Option<bool> {
        self.stripe.secret_key.as_ref().map(|key| stripe::is_live(key.expose_secret()))
    }

    /// Whether a secret may be made up, which only holds on this machine.
    fn check_may_generate(&self, name: &str, problems: &mut Problems) {
        let advice = match name {
            JWT_SECRET => "set it to the secret of the host application, 32 bytes or more",
            _ => "make one with `openssl rand -hex 32`, and keep a copy in a safe place",
        };
        if !self.is_sandbox() {
            problems.add(name, "it is missing, and with provider keys none is made up", advice);
        } else if self.database_url.expose_secret().starts_with("postgres") {
            let wrong = "it is missing, and processes that share PostgreSQL must share it too";
            problems.add(name, wrong, format!("{advice}; the same for every process"));
        }
    }

    fn is_sandbox(&self) -> bool {
        self.stripe.secret_key.is_none() && !self.paypal.given
    }

    /// Makes what is missing, now that nothing is wrong.
    pub(super) fn complete(mut self) -> Result<Config, Problem> {
        let sandbox = self.is_sandbox();
        if self.embedded {
            create_private_dir(&self.data_dir)?;
        }
        let mut jwt_secret = self.jwt_secret.take();
        let mut master_key = self.master_key.take();
        if sandbox {
            self.generate(&mut jwt_secret, &mut master_key)?;
        }
        let (Some(jwt_secret), Some(master_key)) = (jwt_secret, master_key) else {
            return problem(JWT_SECRET, "it is missing", "set it and QUITTANCE_MASTER_KEY");
        };
        let own = own_url(self.listen);
        let (stripe, paypal) = if sandbox {
            (Some(self.stripe.sandbox(&own)), Some(self.paypal.sandbox(&own)))
        } else {
            let key = self.stripe.secret_key.clone();
            (key.map(|key| self.stripe.real(key)), self.paypal.keys)
        };
        let database = DbOptions {
            url: self.database_url,
            max_connections: self.file.database.max_connections,
            statement_timeout: Duration::from_millis(self.file.database.statement_timeout_ms),
        };
        Ok(Config {
            listen: self.listen,
            worker_listen: self.worker_listen,
            public_url: self.public_url.unwrap_or(own),
            database,
            redis_url: self.redis_url,
            data_dir: self.data_dir,
            stripe,
            paypal,
            sandbox,
            smtp_url: self.smtp_url,
            mail_from: self.mail_from.unwrap_or_else(|| DEFAULT_MAIL_FROM.to_owned()),
            admin_email: self.admin_email,
            notify_secrets: self.notify_secrets,
            jwt_secret,
            master_key,
            cors_allowed_origins: self.cors_allowed_origins,
            catalog: self.catalog,
            file: self.file,
        })
    }

    /// Fills in what was not given from the sandbox's own secrets.
    fn generate(
        &mut self,
        jwt_secret: &mut Option<SecretString>,
        master_key: &mut Option<MasterKey>,
    ) -> Result<(), Problem> {
        let webhook_secrets = &mut self.stripe.webhook_secrets;
        if jwt_secret.is_some() && master_key.is_some() && !webhook_secrets.is_empty() {
            return Ok(());
        }
        create_private_dir(&self.data_dir)?;
        let database = self.data_dir.join("quittance.db");
        let locked = (self.embedded && master_key.is_none()).then_some(database);
        let secrets =
            Secrets::load_or_create(&self.data_dir, locked.as_deref()).or_else(|error| {
                problem(error.path().display().to_string(), error.to_string(), error.advice())
            })?;
        jwt_secret.get_or_insert(secrets.jwt_secret);
        if master_key.is_none() {
            *master_key = Some(checks::master_key(&secrets.master_key)?);
        }
        if webhook_secrets.is_empty() {
            webhook_secrets.push(secrets.stripe_webhook_secret);
        }
        Ok(())
    }
}

/// Makes `path` for us alone; leaves it as it is if it is there.
fn create_private_dir(path: &Path) -> Result<(), Problem> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).or_else(|error| {
        let wrong = format!("{} cannot be made: {error}", path.display());
        problem("DATA_DIR", wrong, "name a directory that this process may write to")
    })
}
