//! Where notifications go, and what they are signed with.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::Url;

use super::{
    File,
    checks::is_loopback,
    error::{Problem, Problems, problem},
};

/// What a secret begins with, by Standard Webhooks.
const PREFIX: &str = "whsec_";

/// How many bytes a secret may have, by Standard Webhooks.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

const SECRET: &str = "NOTIFY_SECRET";

impl File {
    /// The addresses of `[notify]`; what is no address was a problem at the start.
    pub fn notify_urls(&self) -> Vec<Url> {
        self.notify.urls.iter().filter_map(|url| Url::parse(url).ok()).collect()
    }
}

/// Judges the addresses of `file` and the secrets beside them.
pub(super) fn check(
    file: &File,
    given: Option<&SecretString>,
    problems: &mut Problems,
) -> Vec<SecretSlice<u8>> {
    for url in &file.notify.urls {
        problems.keep(address(url));
    }
    let secrets = problems.keep(secrets(given)).unwrap_or_default();
    if !file.notify.urls.is_empty() && given.is_none() {
        let wrong = "it is missing, and a receiver could not tell us from anybody else";
        problems.add(SECRET, wrong, ADVICE);
    }
    secrets
}

const ADVICE: &str = "make one with: echo whsec_$(openssl rand -base64 32)";

fn address(text: &str) -> Result<(), Problem> {
    let advice = "write https://host/path, or http:// for this machine alone";
    let Ok(url) = Url::parse(text) else {
        return problem("notify.urls", "one of them is not an address", advice);
    };
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !secure {
        return problem("notify.urls", "one of them is not encrypted", advice);
    }
    if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() {
        return problem("notify.urls", "one of them holds a user name or no host", advice);
    }
    Ok(())
}

fn secrets(given: Option<&SecretString>) -> Result<Vec<SecretSlice<u8>>, Problem> {
    let Some(given) = given else { return Ok(Vec::new()) };
    given.expose_secret().split(',').map(|secret| one(secret.trim())).collect()
}

fn one(secret: &str) -> Result<SecretSlice<u8>, Problem> {
    let key = secret.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    match key.filter(|key| BYTES.contains(&key.len())) {
        Some(key) => Ok(key.into()),
        None => problem(SECRET, "it is not whsec_ and 24 to 64 bytes in base64", ADVICE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(urls: &[&str], secret: Option<&str>) -> String {
        let mut file = File::default();
        file.notify.urls = urls.iter().map(|url| (*url).to_owned()).collect();
        let mut problems = Problems::default();
        let secret = secret.map(SecretString::from);
        check(&file, secret.as_ref(), &mut problems);
        problems.into_result().err().map(|error| format!("{error:?}")).unwrap_or_default()
    }

    const GOOD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

    #[test]
    fn only_what_is_encrypted_or_on_this_machine_is_notified() {
        for url in ["https://hooks.shop.com/q?x=1", "http://127.0.0.1:9000/", "http://localhost/x"]
        {
            assert_eq!(problems(&[url], Some(GOOD)), "", "{url}");
        }
        for url in ["http://shop.com/", "ftp://shop.com/", "https://a:b@shop.com/", "x"] {
            assert!(problems(&[url], Some(GOOD)).contains("notify.urls"), "{url}");
        }
    }

    #[test]
    fn a_secret_is_needed_and_has_the_standard_s_form() {
        assert!(problems(&["https://shop.com/"], None).contains(SECRET));
        assert_eq!(problems(&[], None), "");
        let two = format!("{GOOD}, {GOOD}");
        assert_eq!(problems(&["https://shop.com/"], Some(&two)), "");
        for secret in ["x", "whsec_x", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let told = problems(&[], Some(secret));
            assert!(told.contains(SECRET) && !told.contains(secret), "{told}");
        }
    }
}
