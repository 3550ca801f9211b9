//! Signing in: with the host application's token, or in the sandbox as one of a few made-up people.

use std::sync::Arc;

use askama::Template;
use payments::{customers::User, sessions};
use poem::{
    IntoResponse, Request, Response, handler,
    http::{StatusCode, header},
    web::{Data, Form, Query},
};
use serde::Deserialize;

use crate::{
    Portal,
    message::Failure,
    origin,
    page::{Here, Page, View, first_letter},
    visitor::{self, Act},
};

/// Who anybody may be in a sandbox.
const PEOPLE: [Person; 4] = [
    Person { id: "mira", name: "Mira Okafor", email: "mira@example.com", about: "runs a bakery" },
    Person {
        id: "jonas",
        name: "Jonas Weber",
        email: "jonas@example.com",
        about: "buys for a team",
    },
    Person { id: "aiko", name: "Aiko Tanaka", email: "aiko@example.com", about: "has two cards" },
    Person {
        id: "demo",
        name: "Demo",
        email: "demo@example.com",
        about: "the user of the shell examples",
    },
];

/// Somebody made up.
struct Person {
    id: &'static str,
    name: &'static str,
    email: &'static str,
    about: &'static str,
}

impl Person {
    fn initial(&self) -> &str {
        first_letter(self.name)
    }
}

#[derive(Deserialize)]
pub(crate) struct Whither {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    user: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(crate) struct Token {
    token: String,
    #[serde(default)]
    next: String,
}

/// A form without a field of its own.
#[derive(Deserialize)]
pub(crate) struct Nothing {}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    people: &'static [Person],
    next: String,
}

/// `GET /sign-in`.
#[handler]
pub(crate) fn show(
    Data(portal): Data<&Arc<Portal>>,
    Query(whither): Query<Whither>,
) -> Result<Response, Failure> {
    if !portal.sandbox {
        return Err(Failure::SignedOut { next: String::new() });
    }
    let page = Page::plain(portal.sandbox).at(Here::SignIn);
    let next = inside(&whither.next).to_owned();
    Ok(View::ok(page.policy(), SignIn { page, people: &PEOPLE, next }).into_response())
}

/// `POST /sign-in`: be one of the made-up people.
#[handler]
pub(crate) async fn choose(
    request: &Request,
    Data(portal): Data<&Arc<Portal>>,
    Form(choice): Form<Choice>,
) -> Result<Response, Failure> {
    portal.sign_ins.admit(request)?;
    let person = PEOPLE.iter().find(|person| portal.sandbox && person.id == choice.user);
    let person = person.ok_or(Failure::NotFound)?;
    let user = User { user_ref: person.id.to_owned(), email: Some(person.email.to_owned()) };
    open(portal, &user, &[], &choice.next).await
}

/// `POST /session`: the host application's page hands its user over, with a token it has signed.
#[handler]
pub(crate) async fn by_token(
    request: &Request,
    Data(portal): Data<&Arc<Portal>>,
    Form(form): Form<Token>,
) -> Result<Response, Failure> {
    portal.sign_ins.admit(request)?;
    if !origin::is_host(request, portal) {
        return Err(Failure::CrossSite);
    }
    let claims = portal.token_key.prove(&form.token, portal.store.clock.now());
    let claims = claims.map_err(|_| Failure::SignedOut { next: String::new() })?;
    let user = User { user_ref: claims.sub, email: claims.email };
    open(portal, &user, &claims.roles, &form.next).await
}

/// `POST /sign-out`.
#[handler]
pub(crate) async fn leave(
    request: &Request,
    Data(portal): Data<&Arc<Portal>>,
    Act(_, Nothing {}): Act<Nothing>,
) -> Result<Response, Failure> {
    if let Some(token) = visitor::token(request, portal) {
        sessions::close(&portal.store, token).await?;
    }
    Ok(visitor::hold(go("/"), portal, None))
}

async fn open(
    portal: &Portal,
    user: &User,
    roles: &[String],
    next: &str,
) -> Result<Response, Failure> {
    let token = sessions::open(&portal.store, user, roles).await?;
    Ok(visitor::hold(go(inside(next)), portal, Some(&token)))
}

/// Sends the browser on.
pub(crate) fn go(path: &str) -> Response {
    let answer = Response::builder().status(StatusCode::SEE_OTHER);
    answer.header(header::LOCATION, path).header(header::CACHE_CONTROL, "no-store").finish()
}

/// `path`, if it cannot lead out of these pages; browsers read `//` and `\` as another host.
fn inside(path: &str) -> &str {
    let plain = |c: char| c.is_ascii_graphic() && c != '\\';
    let sound = path.starts_with('/') && !path.starts_with("//") && path.chars().all(plain);
    if sound { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_leads_out() {
        for path in ["", "//evil.example", "/\\evil", "https://evil.example", "/a\nb", "x"] {
            assert_eq!(inside(path), "/", "{path:?}");
        }
        assert_eq!(inside("/checkout/pro-200?a=b"), "/checkout/pro-200?a=b");
    }
}
