//! Webhooks, proved by certificates that a server of ours hands out.

use std::sync::OnceLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use entities::Timestamp;
use http::{HeaderMap, HeaderValue};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair,
    PKCS_RSA_SHA256, RsaKeySize, SigningKey, date_time_ymd,
};

use super::{WEBHOOK, paypal};
use crate::{
    Envelope, Gateway, WebhookError,
    test_server::{Reply, Server, error, ok},
};

const NAME: &str = "messageverificationcerts.sandbox.paypal.com";
const TIME: &str = "2026-02-14T21:50:07Z";
const BODY: &[u8] = br#"{"id":"WH-1","event_type":"CHECKOUT.ORDER.APPROVED","create_time":"2026-02-14T21:50:07Z","resource":{"id":"5O190127TN364715T"}}"#;

/// Who signs certificates in these tests.
pub(super) fn authority() -> &'static CertifiedIssuer<'static, KeyPair> {
    static AUTHORITY: OnceLock<CertifiedIssuer<'static, KeyPair>> = OnceLock::new();
    AUTHORITY.get_or_init(new_authority)
}

fn new_authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// The key of the webhooks; made once, since RSA keys take a while.
fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
}

fn certificate(
    name: &str,
    issuer: &CertifiedIssuer<'static, KeyPair>,
    change: impl FnOnce(&mut CertificateParams),
) -> Certificate {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    params.signed_by(key(), issuer).unwrap()
}

fn good() -> Reply {
    ok(certificate(NAME, authority(), |_| ()).pem())
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_771_105_807)
}

/// Headers as PayPal sends them with `body`, for `webhook` and a certificate called `name`.
fn headers(server: &Server, webhook: &str, name: &str, body: &[u8]) -> HeaderMap {
    let id = "103e3700-8b0c-11e6-8695-6b62a8a99ac4";
    let text = format!("{id}|{TIME}|{webhook}|{}", crc32fast::hash(body));
    let signature = BASE64_STANDARD.encode(key().sign(text.as_bytes()).unwrap());
    let address = format!("{}v1/notifications/certs/{name}", server.base);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("paypal-transmission-id", id),
        ("paypal-transmission-time", TIME),
        ("paypal-transmission-sig", &signature),
        ("paypal-cert-url", &address),
        ("paypal-auth-algo", "SHA256withRSA"),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// What becomes of a genuine webhook if the certificate is what `script` says.
async fn proved(script: Vec<Reply>) -> Result<Envelope, WebhookError> {
    let server = Server::start(script).await;
    let headers = headers(&server, WEBHOOK, "CERT-1", BODY);
    paypal(&server).open_webhook(&headers, BODY, now()).await
}

#[tokio::test]
async fn a_genuine_webhook_is_proved_offline_with_one_certificate() {
    let server = Server::start([good()]).await;
    let paypal = paypal(&server);
    let headers = headers(&server, WEBHOOK, "CERT-1", BODY);
    for _ in 0..3 {
        let envelope = paypal.open_webhook(&headers, BODY, now()).await.unwrap();
        assert_eq!((&*envelope.event_id, &*envelope.kind), ("WH-1", "CHECKOUT.ORDER.APPROVED"));
    }
    assert_eq!(server.seen().len(), 1, "the certificate is kept");
}

#[tokio::test]
async fn another_body_or_webhook_is_refused() {
    let server = Server::start([good()]).await;
    let paypal = paypal(&server);
    let genuine = headers(&server, WEBHOOK, "CERT-1", BODY);
    let refused = paypal.open_webhook(&genuine, b"{}", now()).await.unwrap_err();
    assert!(matches!(refused, WebhookError::Signature));
    let other = headers(&server, "8XX11111OTHER111X", "CERT-1", BODY);
    let refused = paypal.open_webhook(&other, BODY, now()).await.unwrap_err();
    assert!(matches!(refused, WebhookError::Signature));
}

// spoof classes 21 and 22
#[tokio::test]
async fn certificates_of_others_are_refused() {
    let foreign = certificate(NAME, &new_authority(), |_| ()).pem();
    let other_name = certificate("shop.example", authority(), |_| ()).pem();
    let expired = certificate(NAME, authority(), |params| {
        params.not_after = date_time_ymd(2026, 1, 1);
    });
    let early = certificate(NAME, authority(), |params| {
        params.not_before = date_time_ymd(2027, 1, 1);
    });
    let selfmade =
        CertificateParams::new(vec![NAME.to_owned()]).unwrap().self_signed(key()).unwrap();
    for pem in [foreign, other_name, expired.pem(), early.pem(), selfmade.pem()] {
        let refused = proved(vec![ok(pem)]).await.unwrap_err();
        assert!(matches!(refused, WebhookError::Signature));
    }
}

// spoof class 20
#[tokio::test]
async fn what_is_no_certificate_is_refused_and_a_redirect_is_not_followed() {
    let redirect = vec![("location", "http://169.254.169.254/".to_owned())];
    for reply in [
        ok("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ok("<html>"),
        ok(""),
        error(404, ""),
        Reply::Full(302, redirect, String::new()),
    ] {
        let refused = proved(vec![reply.clone()]).await.unwrap_err();
        assert!(matches!(refused, WebhookError::Signature), "{reply:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_had_now_refuses_nobody() {
    for reply in [error(503, ""), Reply::Close, ok("x".repeat(40_000))] {
        let refused = proved(vec![reply.clone()]).await.unwrap_err();
        assert!(matches!(refused, WebhookError::Unproven(_)), "{reply:?}");
    }
}

#[tokio::test]
async fn made_up_names_are_not_asked_for_without_end() {
    let server = Server::start(vec![error(404, ""); 64]).await;
    let paypal = paypal(&server);
    for n in 0..64 {
        let headers = headers(&server, WEBHOOK, &format!("CERT-{n}"), BODY);
        paypal.open_webhook(&headers, BODY, now()).await.unwrap_err();
    }
    assert!(server.seen().len() < 32, "{}", server.seen().len());
}

#[tokio::test]
async fn too_old_and_too_new_ones_are_refused() {
    let server = Server::start([good()]).await;
    let paypal = paypal(&server);
    let headers = headers(&server, WEBHOOK, "CERT-1", BODY);
    let at = |seconds: i64| Timestamp::from_seconds(now().seconds() + seconds);
    for (seconds, good) in
        [(-301, false), (-299, true), (86_400 * 3, true), (86_400 * 4 + 1, false)]
    {
        let result = paypal.open_webhook(&headers, BODY, at(seconds)).await;
        match result {
            Ok(_) => assert!(good, "{seconds}"),
            Err(error) => assert!(!good && matches!(error, WebhookError::Stale), "{seconds}"),
        }
    }
}
