//! What stands before every page of the desk: who is asking, and whether they may.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use ingress::Role;
use payments::core::refunds::Reviewer;
use poem::{
    Endpoint, EndpointExt, FromRequest, IntoResponse, Request, RequestBody, Response, Result,
    endpoint::BoxEndpoint,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    kept::{Again, Kept, Typed},
    list::parsed,
    pages::DeskPage,
};
use crate::{
    Portal,
    message::Failure,
    visitor::{self, Guest, Visitor},
};

/// How long after signing in somebody may do what cannot be taken back: long enough for a case, too
/// short for a screen that was left alone over lunch.
pub(super) const FRESH: Duration = Duration::from_mins(15);

/// A page, behind its row's roles.
pub(super) struct Guard {
    page: &'static DeskPage,
    inner: BoxEndpoint<'static>,
}

/// Somebody who may see the page that is served. Nobody else can make one.
#[derive(Clone)]
pub(super) struct Staff {
    visitor: Arc<Visitor>,
    /// The page they see.
    pub(super) page: &'static DeskPage,
    /// What they filled in; empty until its form is proven to be of this session.
    typed: Arc<OnceLock<Typed>>,
    /// The form that was refused, if that is why they see the page.
    pub(super) kept: Option<Arc<Kept>>,
}

/// Which version was looked at: what a form with nothing but a button sends.
#[derive(Deserialize)]
pub(super) struct Looked {
    pub(super) version: String,
}

/// A form that one of the seller's own people has sent.
pub(super) struct Deed<T>(pub(super) Staff, pub(super) T);

impl Guard {
    pub(super) fn new(page: &'static DeskPage) -> Self {
        Self { page, inner: (page.serve)().boxed() }
    }

    /// Who sent `request`, if they may.
    pub(super) async fn admit(&self, request: &Request, portal: &Portal) -> Result<Staff> {
        let staff = match request.data::<Again>() {
            Some(Again(staff, kept)) => {
                Staff { page: self.page, kept: Some(Arc::clone(kept)), ..staff.clone() }
            }
            None => Staff::find(request, portal, self.page).await?,
        };
        if staff.has(self.page.roles) { Ok(staff) } else { Err(Failure::Forbidden.into()) }
    }

    /// The page, for whom it was [admitted](Self::admit).
    pub(super) async fn serve(&self, request: Request) -> Result<Response> {
        self.inner.call(request).await.map(IntoResponse::into_response)
    }
}

impl Endpoint for Guard {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let staff = self.admit(&request, visitor::portal(&request)?).await?;
        request.set_data(staff);
        self.serve(request).await
    }
}

/// Where to go on after signing in: to the page itself, or from a form to the one above it.
fn home(request: &Request) -> String {
    let path = request.uri().path();
    if request.method().is_safe() {
        return visitor::next(request);
    }
    path.rsplit_once('/').map_or("/desk", |(above, _)| above).to_owned()
}

impl Staff {
    async fn find(request: &Request, portal: &Portal, page: &'static DeskPage) -> Result<Self> {
        let Guest(visitor) = Guest::find(request, portal).await.map_err(Failure::from)?;
        let visitor = visitor.ok_or_else(|| Failure::SignedOut { next: home(request) })?;
        let typed = OnceLock::new();
        if request.method().is_safe() {
            let asked = request.uri().query().unwrap_or_default();
            let _ = typed.set(Typed::read(asked.as_bytes()));
        }
        Ok(Self { visitor: Arc::new(visitor), page, typed: Arc::new(typed), kept: None })
    }

    /// Notes what they filled in, in a form that is proven to be of this session.
    pub(super) fn note(&self, typed: Typed) {
        // A request has one form.
        let _ = self.typed.set(typed);
    }

    /// What they filled in.
    pub(super) fn typed(&self) -> Typed {
        self.typed.get().cloned().unwrap_or_default()
    }

    /// The host application's id of them.
    pub(super) fn user_ref(&self) -> &str {
        &self.visitor.user().user_ref
    }

    /// Who they are in the audit log.
    pub(super) fn actor(&self) -> String {
        format!("user:{}", self.user_ref())
    }

    /// Whether they have any of `roles`.
    pub(super) fn has(&self, roles: &[Role]) -> bool {
        self.visitor.has(roles)
    }

    /// The highest of their roles.
    pub(super) fn role(&self) -> &'static str {
        let roles = [Role::Admin, Role::Finance, Role::Support];
        roles.into_iter().find(|role| self.has(&[*role])).map_or("", Role::as_str)
    }

    /// Them, as who decides about what they looked at in `version`.
    pub(super) fn reviewer(&self, version: &str) -> Result<Reviewer<'_>, Failure> {
        let version = parsed(version).ok_or(Failure::NotFound)?;
        Ok(Reviewer { user_ref: self.user_ref(), version })
    }

    /// What every form of their session carries.
    pub(super) fn csrf(&self) -> String {
        self.visitor.csrf()
    }

    /// Refuses a form that carries something else than [`csrf`](Self::csrf).
    pub(super) fn prove(&self, csrf: &str) -> Result<(), Failure> {
        self.visitor.prove(csrf)
    }

    /// Refuses who signed in too long ago for what cannot be taken back; they go on at `back`.
    pub(super) fn just_signed_in(&self, portal: &Portal, back: &str) -> Result<(), Failure> {
        let age = portal.store.clock.now().since(self.visitor.opened_at());
        if age <= FRESH { Ok(()) } else { Err(Failure::SignInAgain { next: back.to_owned() }) }
    }
}

impl<'a> FromRequest<'a> for Staff {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        // Without a guard there is nobody: a page that is in no row is not there.
        Ok(request.data::<Self>().cloned().ok_or(Failure::NotFound)?)
    }
}

impl<'a, T: DeserializeOwned + Send> FromRequest<'a> for Deed<T> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let staff = Staff::from_request(request, body).await?;
        let bytes = body.take()?.into_bytes_limit(staff.page.limit).await?;
        *body = RequestBody::new(bytes.clone().into());
        let form = visitor::sealed(&staff.visitor, request, body).await?;
        staff.note(Typed::read(&bytes));
        Ok(Self(staff, form))
    }
}

/// What `error` is to whoever pressed a button: a refusal says why and leads `back`.
pub(super) fn told(error: payments::Error, back: &str) -> Failure {
    use payments::Error;
    match error {
        Error::Refused(_)
        | Error::Unanswerable(_)
        | Error::NotAdjusted(_)
        | Error::SpentDifferently { .. }
        | Error::NotRefundable(_)
        | Error::Invalid(_)
        | Error::NotEnoughCredits { .. }
        | Error::Closed
        | Error::NotSold(_)
        | Error::Stale(_) => {
            Failure::Refused { text: sentence(&error.to_string()), back: back.to_owned() }
        }
        error => error.into(),
    }
}

/// `text` as a sentence of its own.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>());
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.unwrap_or_default(), chars.as_str())
}
