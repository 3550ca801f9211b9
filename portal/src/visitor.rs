//! Who is looking: the session behind a browser's cookie.

use std::sync::Arc;

use entities::Timestamp;
use ingress::{Role, Visit};
use payments::{
    customers::User,
    sessions::{self, Session},
};
use poem::{FromRequest, Request, RequestBody, Response, Result, http::header, web::Form};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Portal, message::Failure};

/// Somebody who has signed in.
pub(crate) struct Visitor {
    session: Session,
    token: String,
    visit: Visit,
}

/// Somebody who may have signed in.
pub(crate) struct Guest(pub(crate) Option<Visitor>);

/// A form that its sender's own page has sent.
pub(crate) struct Act<T>(pub(crate) Visitor, pub(crate) T);

impl Visitor {
    /// Who it is, in the host application's words.
    pub(crate) fn user(&self) -> &User {
        &self.session.user
    }

    /// Who it is, and where they come from.
    pub(crate) fn from(&self) -> (&User, &Visit) {
        (&self.session.user, &self.visit)
    }

    /// What a page calls them.
    pub(crate) fn name(&self) -> &str {
        &self.session.user.user_ref
    }

    /// Where receipts go.
    pub(crate) fn email(&self) -> Option<&str> {
        self.session.user.email.as_deref()
    }

    /// Whether they have any of `roles` of the seller's.
    pub(crate) fn has(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.session.roles.iter().any(|name| name == role.as_str()))
    }

    /// When they signed in.
    pub(crate) fn opened_at(&self) -> Timestamp {
        self.session.opened_at
    }

    /// What every form of this session carries. Another site can send the cookie along, but it
    /// cannot know this, nor work the cookie out from it.
    pub(crate) fn csrf(&self) -> String {
        hex::encode(Sha256::digest(format!("quittance form {}", self.token)))
    }

    pub(crate) fn prove(&self, csrf: &str) -> Result<(), Failure> {
        let equal = self.csrf().as_bytes().ct_eq(csrf.as_bytes());
        if equal.into() { Ok(()) } else { Err(Failure::CrossSite) }
    }
}

impl Guest {
    /// Looks who sent `request`.
    pub(crate) async fn find(request: &Request, portal: &Portal) -> Result<Self, payments::Error> {
        let Some(token) = token(request, portal) else { return Ok(Self(None)) };
        let session = sessions::find(&portal.store, token).await?;
        let visit = Visit::new(portal.sign_ins.address(request), None)?;
        let visitor = session.map(|session| Visitor { session, token: token.to_owned(), visit });
        Ok(Self(visitor))
    }
}

impl<'a> FromRequest<'a> for Visitor {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let portal = portal(request)?;
        let Guest(visitor) = Guest::find(request, portal).await.map_err(Failure::from)?;
        visitor.ok_or_else(|| Failure::SignedOut { next: next(request) }.into())
    }
}

impl<'a, T: DeserializeOwned + Send> FromRequest<'a> for Act<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let visitor = Visitor::from_request(request, body).await?;
        let form = sealed(&visitor, request, body).await?;
        Ok(Self(visitor, form))
    }
}

/// The form in `request`, if a page of `visitor`'s own session has sent it.
pub(crate) async fn sealed<T: DeserializeOwned + Send>(
    visitor: &Visitor,
    request: &Request,
    body: &mut RequestBody,
) -> Result<T> {
    #[derive(Deserialize)]
    struct Sealed<T> {
        csrf: String,
        #[serde(flatten)]
        form: T,
    }
    let Form(sealed) = Form::<Sealed<T>>::from_request(request, body).await?;
    visitor.prove(&sealed.csrf)?;
    Ok(sealed.form)
}

/// The portal that answers `request`.
pub(crate) fn portal(request: &Request) -> Result<&Arc<Portal>, Failure> {
    request.data::<Arc<Portal>>().ok_or(Failure::NotFound)
}

/// What the browser holds, if it holds anything of ours.
pub(crate) fn token<'a>(request: &'a Request, portal: &Portal) -> Option<&'a str> {
    let cookies = request.headers().get_all(header::COOKIE).iter();
    let mut pairs = cookies.filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    let name = cookie_name(portal);
    pairs.find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name))?.1.into()
}

/// `answer`, with which the browser holds `token` from now on; `None` takes it away.
pub(crate) fn hold(mut answer: Response, portal: &Portal, token: Option<&str>) -> Response {
    let (name, age) = (cookie_name(portal), token.map_or(0, |_| sessions::LIFETIME.as_secs()));
    let secure = if is_https(portal) { "; Secure" } else { "" };
    let token = token.unwrap_or_default();
    // Lax: a payer who comes back from their bank, by a link of its page, is still signed in.
    let cookie = format!("{name}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = cookie.parse() {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

/// With `__Host-`, a browser takes the cookie from this very host over HTTPS or not at all.
fn cookie_name(portal: &Portal) -> &'static str {
    if is_https(portal) { "__Host-quittance" } else { "quittance" }
}

fn is_https(portal: &Portal) -> bool {
    portal.public_url.scheme() == "https"
}

/// Where to go on after signing in: back, unless something was to be changed.
pub(crate) fn next(request: &Request) -> String {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method().is_safe() { path.to_owned() } else { "/".to_owned() }
}
