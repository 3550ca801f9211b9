//! Whoever signs certificates for the sandbox's webhooks, as a public authority does for PayPal's.

use std::sync::{Arc, OnceLock};

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SigningKey,
};

use crate::SandboxError;

/// What PayPal's sandbox has its certificates made out to.
const NAME: &str = "messageverificationcerts.sandbox.paypal.com";

/// An authority of its own for each sandbox; cheap to clone.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Made when the first webhook is signed: RSA keys take a while.
    signer: OnceLock<Result<Signer, rcgen::Error>>,
}

/// The key that webhooks are signed with, and the certificate that says so.
struct Signer {
    key: KeyPair,
    chain: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// An authority that nobody has heard of.
    pub fn new() -> Result<Self, SandboxError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Quittance sandbox authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, key)?;
        Ok(Self(Arc::new(Inner { issuer, signer: OnceLock::new() })))
    }

    /// Its own certificate (DER), for those who are to trust it.
    pub fn certificate(&self) -> Vec<u8> {
        self.0.issuer.as_ref().der().to_vec()
    }

    /// The certificate of webhooks and that of the authority, as PEM.
    pub(crate) fn chain(&self) -> Result<&str, SandboxError> {
        Ok(&self.signer()?.chain)
    }

    /// Signs `text` as a webhook is signed; empty if no key can be made here. For forgers.
    pub fn sign_text(&self, text: &str) -> String {
        self.sign(text).unwrap_or_default()
    }

    /// Signs `text` as a webhook is signed: RSA with SHA-256, in base64.
    pub(crate) fn sign(&self, text: &str) -> Result<String, SandboxError> {
        Ok(BASE64_STANDARD.encode(self.signer()?.key.sign(text.as_bytes())?))
    }

    /// The name of the certificate in its address.
    pub(crate) fn name(&self) -> String {
        let fingerprint = crate::ids::fingerprint(&hex::encode(self.certificate()));
        format!("CERT-{}-{}", &fingerprint[..8], &fingerprint[8..])
    }

    fn signer(&self) -> Result<&Signer, SandboxError> {
        let made = self.0.signer.get_or_init(|| self.make_signer());
        made.as_ref().map_err(|error| SandboxError::Certificates(error.clone()))
    }

    fn make_signer(&self) -> Result<Signer, rcgen::Error> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let mut params = CertificateParams::new(vec![NAME.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, NAME);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.0.issuer)?;
        Ok(Signer { key, chain: format!("{}{}", certificate.pem(), self.0.issuer.pem()) })
    }
}
