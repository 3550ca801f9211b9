//! Signing in: with the host application's token, or in the sandbox as one of a few made-up people.

use std::sync::Arc;

use askama::Template;
use ingress::Role;
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
    page::{Page, View, first_letter},
    visitor::{self, Act},
};

/// Who anybody may be in a sandbox.
const PEOPLE: [Person; 8] = [
    Person {
        id: "mira",
        name: "Mira Okafor",
        email: "mira@example.com",
        about: "runs a bakery",
        role: None,
    },
    Person {
        id: "jonas",
        name: "Jonas Weber",
        email: "jonas@example.com",
        about: "buys for a team",
        role: None,
    },
    Person {
        id: "aiko",
        name: "Aiko Tanaka",
        email: "aiko@example.com",
        about: "has two cards",
        role: None,
    },
    Person {
        id: "demo",
        name: "Demo",
        email: "demo@example.com",
        about: "the user of the shell examples",
        role: None,
    },
    Person {
        id: "sana",
        name: "Sana Malik",
        email: "sana@example.com",
        about: "support: looks",
        role: Some(Role::Support),
    },
    Person {
        id: "felix",
        name: "Felix Brandt",
        email: "felix@example.com",
        about: "finance: decides about money",
        role: Some(Role::Finance),
    },
    Person {
        id: "nora",
        name: "Nora Lindqvist",
        email: "nora@example.com",
        about: "finance too, for what takes two",
        role: Some(Role::Finance),
    },
    Person {
        id: "omar",
        name: "Omar Haddad",
        email: "omar@example.com",
        about: "admin: does everything",
        role: Some(Role::Admin),
    },
];

/// Somebody made up.
struct Person {
    id: &'static str,
    name: &'static str,
    email: &'static str,
    about: &'static str,
    /// What they do at the desk; nothing, if they only buy.
    role: Option<Role>,
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
    /// There if they signed in too long ago for what they want to do.
    #[serde(default)]
    again: Option<String>,
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
    groups: [(&'static str, Vec<&'static Person>); 2],
    next: String,
    again: bool,
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
    let page = Page::plain(portal.sandbox);
    let next = inside(&whither.next).to_owned();
    // Who is on the way to the desk is one of those who work there.
    let at_desk = next == "/desk" || next.starts_with("/desk/") || next.starts_with("/desk?");
    let buyers = PEOPLE.iter().filter(|person| person.role.is_none() && !at_desk).collect();
    let staff = PEOPLE.iter().filter(|person| person.role.is_some()).collect();
    let groups = [("Buys credits", buyers), ("Works at the desk", staff)];
    let again = whither.again.is_some();
    Ok(View::ok(page.policy(), SignIn { page, groups, next, again }).into_response())
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
    let roles: Vec<String> = person.role.iter().map(|role| role.as_str().to_owned()).collect();
    let home = if person.role.is_some() { "/desk" } else { "/" };
    let next = if choice.next.len() > 1 { &choice.next } else { home };
    open(portal, &user, &roles, next).await
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
