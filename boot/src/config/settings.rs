//! The command line and the environment, exactly as they were given.
#![expect(clippy::doc_markdown, reason = "`--help` shows these sentences as they are")]

use clap::Args;
use secrecy::SecretString;

/// What the environment or the flags say. An empty text counts as not said.
///
/// Everything is text here, so that [`Settings::resolve`](Self::resolve) can report all that is
/// wrong at once, and `clap` never prints a value in an error of its own.
#[derive(Args, Clone, Debug, Default)]
pub struct Settings {
    /// Address and port to listen on [default: 127.0.0.1:5000; in a container: 0.0.0.0:5000]
    #[arg(long, env = "LISTEN_ADDR", hide_env_values = true, value_name = "ADDRESS:PORT")]
    pub listen_addr: Option<String>,
    /// Where `quittance worker` shows /metrics and /health; nowhere by default. Keep strangers away
    /// from it: 127.0.0.1:9100, or an address of a network that is yours
    #[arg(long, env = "WORKER_LISTEN_ADDR", hide_env_values = true, value_name = "ADDRESS:PORT")]
    pub worker_listen_addr: Option<String>,
    /// How browsers and providers reach us, without a path [default: http://127.0.0.1:PORT]
    #[arg(long, env = "PUBLIC_URL", hide_env_values = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: quittance.db in the data
    /// directory]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<SecretString>,
    /// redis://HOST:6379; needed as soon as there is more than one process
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<SecretString>,
    /// Directory for the embedded database and the sandbox's secrets [default: ./data]
    #[arg(long, env = "DATA_DIR", hide_env_values = true, value_name = "PATH")]
    pub data_dir: Option<String>,

    /// Stripe's secret key, sk_test_… or sk_live_…; without any provider's keys the sandbox answers
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true, value_name = "KEY")]
    pub stripe_secret_key: Option<SecretString>,
    /// Stripe's publishable key, pk_test_… or pk_live_…
    #[arg(long, env = "STRIPE_PUBLISHABLE_KEY", hide_env_values = true, value_name = "KEY")]
    pub stripe_publishable_key: Option<String>,
    /// Webhook signing secret, whsec_…; several, separated by commas, while rolling
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", hide_env_values = true, value_name = "SECRETS")]
    pub stripe_webhook_secret: Option<SecretString>,
    /// Where Stripe's API is [default: Stripe's own; in the sandbox: the sandbox]
    #[arg(long, env = "STRIPE_API_BASE", hide_env_values = true, value_name = "URL")]
    pub stripe_api_base: Option<String>,
    /// How old a webhook's signature may be, in seconds, 1 to 3600 [default: 300]
    #[arg(long, env = "STRIPE_WEBHOOK_TOLERANCE", hide_env_values = true, value_name = "SECONDS")]
    pub stripe_webhook_tolerance: Option<String>,
    /// The connected account to act for, acct_…
    #[arg(long, env = "STRIPE_ACCOUNT", hide_env_values = true, value_name = "ID")]
    pub stripe_account: Option<String>,

    /// PayPal's client id; without any provider's keys the sandbox answers
    #[arg(long, env = "PAYPAL_CLIENT_ID", hide_env_values = true, value_name = "ID")]
    pub paypal_client_id: Option<String>,
    /// PayPal's client secret
    #[arg(long, env = "PAYPAL_CLIENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub paypal_client_secret: Option<SecretString>,
    /// The id of the webhook at PayPal
    #[arg(long, env = "PAYPAL_WEBHOOK_ID", hide_env_values = true, value_name = "ID")]
    pub paypal_webhook_id: Option<String>,
    /// <https://api-m.paypal.com> for real money or <https://api-m.sandbox.paypal.com> for tests
    #[arg(long, env = "PAYPAL_API_BASE", hide_env_values = true, value_name = "URL")]
    pub paypal_api_base: Option<String>,
    /// The merchant id of your PayPal account, to be compared with every order
    #[arg(long, env = "PAYPAL_MERCHANT_ID", hide_env_values = true, value_name = "ID")]
    pub paypal_merchant_id: Option<String>,
    /// certificate, to check PayPal's webhooks here, or postback, to ask PayPal about each
    /// [default: certificate]
    #[arg(long, env = "PAYPAL_WEBHOOK_VERIFICATION", hide_env_values = true, value_name = "HOW")]
    pub paypal_webhook_verification: Option<String>,
    /// The name on the certificates of PayPal's webhooks, should PayPal change it
    #[arg(long, env = "PAYPAL_CERTIFICATE_NAME", hide_env_values = true, value_name = "HOST")]
    pub paypal_certificate_name: Option<String>,

    /// smtp://HOST:PORT or smtps://USER:PASSWORD@HOST; without it mails go to the local mailbox
    #[arg(long, env = "SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub smtp_url: Option<SecretString>,
    /// Sender of our mails, a name and an address in angle brackets; needed with a mail server
    #[arg(long, env = "MAIL_FROM", hide_env_values = true, value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Who is told when a person must act
    #[arg(long, env = "ADMIN_EMAIL", hide_env_values = true, value_name = "ADDRESS")]
    pub admin_email: Option<String>,

    /// What notifications to your own systems are signed with, whsec_…; several, separated by
    /// commas, while rolling
    #[arg(long, env = "NOTIFY_SECRET", hide_env_values = true, value_name = "SECRETS")]
    pub notify_secret: Option<SecretString>,

    /// Secret the host application signs its users' tokens with (HS256), at least 32 bytes
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub jwt_secret: Option<SecretString>,
    /// Key for encryption at rest: 32 bytes in hex or base64, as from `openssl rand -hex 32`
    #[arg(long, env = "QUITTANCE_MASTER_KEY", hide_env_values = true, value_name = "KEY")]
    pub quittance_master_key: Option<SecretString>,
    /// Origins whose scripts may call the API, separated by commas; none by default
    #[arg(long, env = "CORS_ALLOWED_ORIGINS", hide_env_values = true, value_name = "ORIGINS")]
    pub cors_allowed_origins: Option<String>,

    /// Path of the settings file [default: ./quittance.toml, if there is one]
    #[arg(long, env = "CONFIG", hide_env_values = true, value_name = "PATH")]
    pub config: Option<String>,
    /// Path of the package catalogue [default: the one compiled in]
    #[arg(long, env = "CATALOG", hide_env_values = true, value_name = "PATH")]
    pub catalog: Option<String>,

    /// Secrets that are in files.
    #[command(flatten)]
    pub files: SecretFiles,
}

/// Where secrets are kept in files, as Docker and Kubernetes mount them.
///
/// A final line break is not part of the secret.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Secrets from files, instead of the options of the same name")]
pub struct SecretFiles {
    /// File that holds DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE", hide_env_values = true, value_name = "PATH")]
    pub database_url_file: Option<String>,
    /// File that holds REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE", hide_env_values = true, value_name = "PATH")]
    pub redis_url_file: Option<String>,
    /// File that holds STRIPE_SECRET_KEY
    #[arg(long, env = "STRIPE_SECRET_KEY_FILE", hide_env_values = true, value_name = "PATH")]
    pub stripe_secret_key_file: Option<String>,
    /// File that holds STRIPE_WEBHOOK_SECRET
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET_FILE", hide_env_values = true, value_name = "PATH")]
    pub stripe_webhook_secret_file: Option<String>,
    /// File that holds PAYPAL_CLIENT_SECRET
    #[arg(long, env = "PAYPAL_CLIENT_SECRET_FILE", hide_env_values = true, value_name = "PATH")]
    pub paypal_client_secret_file: Option<String>,
    /// File that holds SMTP_URL
    #[arg(long, env = "SMTP_URL_FILE", hide_env_values = true, value_name = "PATH")]
    pub smtp_url_file: Option<String>,
    /// File that holds NOTIFY_SECRET
    #[arg(long, env = "NOTIFY_SECRET_FILE", hide_env_values = true, value_name = "PATH")]
    pub notify_secret_file: Option<String>,
    /// File that holds JWT_SECRET
    #[arg(long, env = "JWT_SECRET_FILE", hide_env_values = true, value_name = "PATH")]
    pub jwt_secret_file: Option<String>,
    /// File that holds QUITTANCE_MASTER_KEY
    #[arg(long, env = "QUITTANCE_MASTER_KEY_FILE", hide_env_values = true, value_name = "PATH")]
    pub quittance_master_key_file: Option<String>,
}
