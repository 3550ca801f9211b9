//! Whence a certificate may be fetched: the header that says so was written by whoever sent it.

use url::Url;

/// Where PayPal keeps its certificates.
const PATH: &str = "/v1/notifications/certs/";

/// Longest name of a certificate; PayPal's have some 30 characters.
const MAX_NAME: usize = 100;

/// From where certificates are taken.
#[derive(Clone, Debug)]
pub(crate) enum Sources {
    /// PayPal's hosts, by https.
    Hosts(&'static [&'static str]),
    /// Below this base: a local server that plays PayPal.
    Below(Url),
}

impl Sources {
    /// The address that `text` stands for, put together anew from the parts that may vary: the
    /// host, out of a list, and the name of the certificate.
    pub(super) fn resolve(&self, text: &str) -> Option<String> {
        let url = Url::parse(text).ok()?;
        // What a parser would quietly drop or repair is not what PayPal writes.
        if url.as_str() != text
            || !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return None;
        }
        match self {
            Self::Hosts(hosts) => {
                let host = hosts.iter().find(|host| url.host_str() == Some(host))?;
                // `port` is `None` for the scheme's own.
                if url.scheme() != "https" || url.port().is_some() {
                    return None;
                }
                let name = name(url.path().strip_prefix(PATH)?)?;
                Some(format!("https://{host}{PATH}{name}"))
            }
            Self::Below(base) => {
                let prefix = format!("{}{PATH}", base.path().trim_end_matches('/'));
                let name = name(url.path().strip_prefix(&prefix)?)?;
                let origin = base.origin();
                (url.origin() == origin)
                    .then(|| format!("{}{prefix}{name}", origin.ascii_serialization()))
            }
        }
    }
}

fn name(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    ((1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Sources = Sources::Hosts(&["api.paypal.com", "api-m.paypal.com"]);

    #[test]
    fn paypals_own_addresses_are_taken() {
        let good = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270";
        assert_eq!(LIVE.resolve(good).as_deref(), Some(good));
    }

    // spoof classes 17, 18, 19
    #[test]
    fn hostile_addresses_are_refused() {
        for hostile in [
            "",
            "CERT-1",
            "http://api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
            "https://evil.example/api.paypal.com/v1/notifications/certs/CERT-1",
            "https://evilapi.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
            "https://user:secret@api.paypal.com/v1/notifications/certs/CERT-1",
            "https://evil.example#@api.paypal.com/v1/notifications/certs/CERT-1",
            "https://evil.example\\@api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com\\@evil.example/v1/notifications/certs/CERT-1",
            "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
            "https://api.paypal.com./v1/notifications/certs/CERT-1",
            "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
            "https://API.PayPal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com:443/v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/../certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
            "https://api.paypal.com/v1/notifications/certs/%2e%2e/x",
            "https://api.paypal.com/v1/notifications/certs/",
            "https://api.paypal.com/v1/notifications/certs/a/b",
            "https://api.paypal.com/v1/notifications/certs/CERT-1?next=https://evil.example",
            "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
            "https://api.paypal.com/redirect/v1/notifications/certs/CERT-1",
            "https://аpi.paypal.com/v1/notifications/certs/CERT-1",
            "https://127.0.0.1/v1/notifications/certs/CERT-1",
            "https://localhost/v1/notifications/certs/CERT-1",
            "http://169.254.169.254/v1/notifications/certs/CERT-1",
            "https://[::ffff:127.0.0.1]/v1/notifications/certs/CERT-1",
            "file:///v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
        ] {
            assert_eq!(LIVE.resolve(hostile), None, "{hostile}");
        }
        let long = format!("https://api.paypal.com/v1/notifications/certs/{}", "a".repeat(101));
        assert_eq!(LIVE.resolve(&long), None);
    }

    #[test]
    fn a_local_server_is_asked_below_its_own_base_only() {
        let sources = Sources::Below("http://127.0.0.1:5000/sandbox/paypal/".parse().unwrap());
        let good = "http://127.0.0.1:5000/sandbox/paypal/v1/notifications/certs/CERT-1";
        assert_eq!(sources.resolve(good).as_deref(), Some(good));
        for hostile in [
            "http://127.0.0.1:5001/sandbox/paypal/v1/notifications/certs/CERT-1",
            "http://localhost:5000/sandbox/paypal/v1/notifications/certs/CERT-1",
            "http://127.0.0.1:5000/v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/CERT-1",
        ] {
            assert_eq!(sources.resolve(hostile), None, "{hostile}");
        }
    }
}
