//! From what was given to what is valid.

use std::{fs, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::{
    Config, ConfigError, File, Settings,
    checks::{self, JWT_SECRET, MASTER_KEY},
    draft::Draft,
    error::{Problem, Problems, problem},
    notify, paypal, stripe,
};

/// Schemes the Redis client knows.
const REDIS_SCHEMES: [&str; 4] = ["redis", "rediss", "redis+unix", "unix"];

/// Schemes the mail client knows.
const SMTP_SCHEMES: [&str; 2] = ["smtp", "smtps"];

impl Settings {
    /// Judges everything, and in the sandbox makes the secrets that were not given.
    ///
    /// Nothing is written unless all is well. No message repeats a secret.
    pub fn resolve(mut self) -> Result<Config, ConfigError> {
        let mut problems = Problems::default();
        self.read_secret_files(&mut problems);
        let draft = self.check(&mut problems);
        problems.into_result()?;
        draft.complete().map_err(ConfigError::from)
    }

    /// Puts what the `…_FILE` options point to where it belongs.
    fn read_secret_files(&mut self, problems: &mut Problems) {
        let files = std::mem::take(&mut self.files);
        let each = [
            ("DATABASE_URL", &mut self.database_url, files.database_url_file),
            ("REDIS_URL", &mut self.redis_url, files.redis_url_file),
            ("STRIPE_SECRET_KEY", &mut self.stripe_secret_key, files.stripe_secret_key_file),
            (
                "STRIPE_WEBHOOK_SECRET",
                &mut self.stripe_webhook_secret,
                files.stripe_webhook_secret_file,
            ),
            (
                "PAYPAL_CLIENT_SECRET",
                &mut self.paypal_client_secret,
                files.paypal_client_secret_file,
            ),
            ("SMTP_URL", &mut self.smtp_url, files.smtp_url_file),
            ("NOTIFY_SECRET", &mut self.notify_secret, files.notify_secret_file),
            (JWT_SECRET, &mut self.jwt_secret, files.jwt_secret_file),
            (MASTER_KEY, &mut self.quittance_master_key, files.quittance_master_key_file),
        ];
        for (name, value, file) in each {
            let given = value.take().filter(|value| !value.expose_secret().is_empty());
            *value = problems.keep(secret(name, given, filled(file))).flatten();
        }
    }

    /// Which of the secrets that may be made up nobody gave.
    fn missing(&self) -> Vec<&'static str> {
        let secrets = [(JWT_SECRET, &self.jwt_secret), (MASTER_KEY, &self.quittance_master_key)];
        secrets.iter().filter(|(_, given)| given.is_none()).map(|(name, _)| *name).collect()
    }

    fn check(self, problems: &mut Problems) -> Draft {
        let missing = self.missing();
        let file = File::load(filled(self.config).as_deref(), problems);
        let data_dir = PathBuf::from(filled(self.data_dir).unwrap_or_else(|| "data".to_owned()));
        let listen = problems.keep(checks::listen(filled(self.listen_addr).as_deref()));
        let listen = listen.unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
        let worker_listen = checks::worker_listen(filled(self.worker_listen_addr).as_deref());
        let public_url = checks::public_url(filled(self.public_url).as_deref(), listen);
        let embedded = self.database_url.is_none();
        let database_url = checks::database_url(self.database_url, &data_dir);
        let redis_url = checks::server_url("REDIS_URL", self.redis_url, &REDIS_SCHEMES);
        let smtp_url = checks::server_url("SMTP_URL", self.smtp_url, &SMTP_SCHEMES);
        let stripe = stripe::Given {
            secret_key: self.stripe_secret_key,
            publishable_key: filled(self.stripe_publishable_key),
            webhook_secret: self.stripe_webhook_secret,
            api_base: filled(self.stripe_api_base),
            tolerance: filled(self.stripe_webhook_tolerance),
            account: filled(self.stripe_account),
        };
        let paypal = paypal::Given {
            client_id: filled(self.paypal_client_id),
            client_secret: self.paypal_client_secret,
            webhook_id: filled(self.paypal_webhook_id),
            api_base: filled(self.paypal_api_base),
            merchant_id: filled(self.paypal_merchant_id),
            verification: filled(self.paypal_webhook_verification),
            certificate_name: filled(self.paypal_certificate_name),
        };
        let origins = checks::origins(filled(self.cors_allowed_origins).as_deref());
        let notify_secret =
            self.notify_secret.filter(|secret| !secret.expose_secret().trim().is_empty());
        let notify_secrets = notify::check(&file, notify_secret.as_ref(), problems);
        let draft = Draft {
            listen,
            worker_listen: problems.keep(worker_listen).flatten(),
            public_url: problems.keep(public_url),
            embedded,
            database_url: problems.keep(database_url).unwrap_or_default(),
            redis_url: problems.keep(redis_url).flatten(),
            stripe: stripe.check(problems),
            paypal: paypal.check(problems),
            smtp_url: problems.keep(smtp_url).flatten(),
            mail_from: address("MAIL_FROM", self.mail_from, problems),
            admin_email: address("ADMIN_EMAIL", self.admin_email, problems),
            notify_secrets,
            missing,
            jwt_secret: self.jwt_secret.and_then(|it| problems.keep(checks::jwt_secret(it))),
            master_key: self
                .quittance_master_key
                .and_then(|it| problems.keep(checks::master_key(&it))),
            cors_allowed_origins: problems.keep(origins).unwrap_or_default(),
            catalog: catalog(self.catalog, problems),
            data_dir,
            file,
        };
        draft.check_together(problems);
        draft
    }
}

/// An empty text is as good as none.
fn filled(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

/// A secret from the environment or from a file, but not from both.
fn secret(
    name: &str,
    value: Option<SecretString>,
    file: Option<String>,
) -> Result<Option<SecretString>, Problem> {
    let Some(path) = file else { return Ok(value) };
    if value.is_some() {
        let wrong = format!("both it and {name}_FILE are set");
        return problem(name, wrong, "set one of them");
    }
    let setting = format!("{name}_FILE");
    let text = match fs::read_to_string(&path) {
        Ok(text) => SecretString::from(text),
        Err(error) => {
            let wrong = format!("{path} cannot be read: {error}");
            return problem(setting, wrong, "name a file of text that this process may read");
        }
    };
    match text.expose_secret().trim_end_matches(['\r', '\n']) {
        "" => problem(setting, format!("{path} is empty"), "write the secret into it"),
        line => Ok(Some(line.into())),
    }
}

fn address(name: &str, value: Option<String>, problems: &mut Problems) -> Option<String> {
    filled(value).and_then(|value| problems.keep(checks::mail_address(name, &value)))
}

fn catalog(path: Option<String>, problems: &mut Problems) -> Option<PathBuf> {
    let path = PathBuf::from(filled(path)?);
    if !path.is_file() {
        let wrong = format!("{} is not a file", path.display());
        problems.add("CATALOG", wrong, "name a catalogue, or unset it for the one compiled in");
    }
    Some(path)
}
