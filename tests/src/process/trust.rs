use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Certificate, Client, ClientBuilder};
use sandbox::Authority;

/// A client of local servers. No test here speaks TLS, and reading all the authorities that a
/// machine trusts takes a debug build longer than most of them take to answer.
pub fn http() -> ClientBuilder {
    let authority = Certificate::from_der(authority()).unwrap();
    Client::builder().no_proxy().tls_certs_only([authority])
}

/// Writes the one authority that processes are to trust into `directory`, for the same reason.
pub(super) fn trusted(directory: &Path) -> PathBuf {
    let file = directory.join("trusted.pem");
    let certificate = BASE64_STANDARD.encode(authority());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    std::fs::write(&file, pem).unwrap();
    file
}

fn authority() -> &'static [u8] {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| Authority::new().unwrap().certificate())
}
