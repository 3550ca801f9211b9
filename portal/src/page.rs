//! What every page has: a frame, and headers that let a browser do nothing more than the page needs.

use std::{fmt::Write, sync::Arc};

use askama::Template;
use ingress::Role;
use payments::{customers, ledger};
use poem::{
    Endpoint, IntoResponse, Request, Response, Result,
    http::{HeaderValue, StatusCode, header},
};
use rand::{TryRngCore, rngs::OsRng};

use crate::{Portal, assets, visitor::Visitor};

/// For answers that are no page: nothing at all may be loaded or sent from them.
const NOTHING: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Which page it is, as far as the navigation is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Here {
    Home,
    Billing,
    Methods,
    Elsewhere,
}

/// What a page may use of a provider's, besides our own: sources of each kind.
#[derive(Debug)]
struct Allowed {
    scripts: &'static str,
    frames: &'static str,
    calls: &'static str,
    images: &'static str,
    styles: &'static str,
    forms: &'static str,
}

const STRIPE: Allowed = Allowed {
    scripts: " https://js.stripe.com https://*.js.stripe.com",
    frames: " https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    calls: " https://api.stripe.com",
    images: " https://*.stripe.com",
    styles: "",
    forms: "",
};

/// A form of ours leads to Stripe's page, and no script runs here.
const STRIPE_PAGE: Allowed = Allowed {
    scripts: "",
    frames: "",
    calls: "",
    images: "",
    styles: "",
    forms: " https://checkout.stripe.com",
};

/// Its script brings its own styles, by our nonce; our form leads to its pages.
const PAYPAL: Allowed = Allowed {
    scripts: " https://*.paypal.com https://*.paypalobjects.com https://*.venmo.com",
    frames: " https://*.paypal.com https://*.paypalobjects.com https://*.venmo.com",
    calls: " https://*.paypal.com https://*.paypalobjects.com https://*.venmo.com",
    images: " https://*.paypal.com https://*.paypalobjects.com https://*.venmo.com",
    styles: " https://*.paypal.com https://*.paypalobjects.com https://*.venmo.com",
    forms: " https://www.paypal.com https://www.sandbox.paypal.com",
};

/// The sandbox plays every provider at our own address.
const SANDBOX: Allowed =
    Allowed { scripts: "", frames: " 'self'", calls: "", images: "", styles: "", forms: "" };

/// The frame of a page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) css: &'static str,
    pub(crate) font: &'static str,
    /// The mark's own address.
    pub(crate) mark: &'static str,
    /// The mark itself.
    pub(crate) mark_svg: &'static str,
    pub(crate) version: &'static str,
    pub(crate) sandbox: bool,
    here: Here,
    pub(crate) who: Option<Who>,
    /// Proves to the browser that a script tag is ours; new for each answer.
    pub(crate) nonce: String,
    allowed: Vec<&'static Allowed>,
}

/// Who is looking, as the frame shows it.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) csrf: String,
    pub(crate) credits: i64,
    /// Whether they work at the desk.
    pub(crate) staff: bool,
}

impl Who {
    pub(crate) fn initial(&self) -> &str {
        first_letter(&self.name)
    }
}

/// What stands for `name` where there is room for one letter.
pub(crate) fn first_letter(name: &str) -> &str {
    let end = name.char_indices().nth(1).map_or(name.len(), |(end, _)| end);
    &name[..end]
}

impl Page {
    /// The frame for somebody unknown.
    pub(crate) fn plain(sandbox: bool) -> Self {
        let mut nonce = [0_u8; 16];
        // Without randomness the nonce is known to all; then nothing is allowed by it: see `policy`.
        let nonce = match OsRng.try_fill_bytes(&mut nonce) {
            Ok(()) => hex::encode(nonce),
            Err(_) => String::new(),
        };
        Self {
            css: &assets::CSS_URL,
            font: assets::FONT_URL,
            mark: &assets::MARK_URL,
            mark_svg: assets::MARK_SVG,
            version: env!("CARGO_PKG_VERSION"),
            sandbox,
            here: Here::Elsewhere,
            who: None,
            nonce,
            allowed: Vec::new(),
        }
    }

    /// The frame for `visitor`.
    pub(crate) async fn of(portal: &Portal, visitor: &Visitor) -> Result<Self, payments::Error> {
        let customer = customers::find(&portal.store, &visitor.user().user_ref).await?;
        let credits = match customer {
            Some(customer) => ledger::balance(&portal.store, customer.id).await?.available,
            None => 0,
        };
        let staff = visitor.has(&[Role::Support, Role::Finance, Role::Admin]);
        let who = Who { name: visitor.name().to_owned(), csrf: visitor.csrf(), credits, staff };
        Ok(Self { who: Some(who), ..Self::plain(portal.sandbox) })
    }

    pub(crate) fn is_home(&self) -> bool {
        self.here == Here::Home
    }

    pub(crate) fn is_billing(&self) -> bool {
        self.here == Here::Billing
    }

    pub(crate) fn is_methods(&self) -> bool {
        self.here == Here::Methods
    }

    pub(crate) fn at(self, here: Here) -> Self {
        Self { here, ..self }
    }

    /// Lets Stripe's script run here, and its frames be shown.
    pub(crate) fn with_stripe(self) -> Self {
        self.with(&STRIPE)
    }

    /// Lets a form lead to a page of Stripe's.
    pub(crate) fn with_stripe_page(self) -> Self {
        self.with(&STRIPE_PAGE)
    }

    /// Lets PayPal's script run here, its frames be shown, and a form lead to its pages.
    pub(crate) fn with_paypal(self) -> Self {
        self.with(&PAYPAL)
    }

    fn with(mut self, provider: &'static Allowed) -> Self {
        self.allowed.push(if self.sandbox { &SANDBOX } else { provider });
        self
    }

    /// What a browser may do with the page.
    pub(crate) fn policy(&self) -> String {
        let sources = |kind: fn(&Allowed) -> &'static str| -> String {
            let mut sources: Vec<&str> = self.allowed.iter().map(|it| kind(it)).collect();
            sources.dedup();
            sources.concat()
        };
        let nonce =
            if self.nonce.is_empty() { String::new() } else { format!(" 'nonce-{}'", self.nonce) };
        let (scripts, frames) = (sources(|it| it.scripts), sources(|it| it.frames));
        let (styles, forms) = (sources(|it| it.styles), sources(|it| it.forms));
        // What a provider's script writes into the page is proven to be its by the same nonce.
        let style_nonce = if styles.is_empty() { "" } else { &nonce };
        let mut policy = format!(
            "default-src 'none'; style-src 'self'{style_nonce}{styles}; font-src 'self'; \
             form-action 'self'{forms}; base-uri 'none'; frame-ancestors 'none'"
        );
        // Writing to a `String` cannot fail.
        if !nonce.is_empty() || !scripts.is_empty() {
            let _ = write!(policy, "; script-src{nonce}{scripts}");
        }
        if !frames.is_empty() {
            let _ = write!(policy, "; frame-src{frames}");
        }
        let (calls, images) = (sources(|it| it.calls), sources(|it| it.images));
        let _ = write!(policy, "; connect-src 'self'{calls}; img-src 'self' data:{images}");
        policy
    }
}

/// A page, with its status.
#[derive(Debug)]
pub(crate) struct View<T> {
    status: StatusCode,
    policy: String,
    template: T,
}

impl<T> View<T> {
    pub(crate) fn new(status: StatusCode, policy: String, template: T) -> Self {
        Self { status, policy, template }
    }

    pub(crate) fn ok(policy: String, template: T) -> Self {
        Self::new(StatusCode::OK, policy, template)
    }
}

impl<T: Template + Send> IntoResponse for View<T> {
    fn into_response(self) -> Response {
        let html = match self.template.render() {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(%error, "a page cannot be rendered");
                return StatusCode::INTERNAL_SERVER_ERROR.into();
            }
        };
        Response::builder()
            .status(self.status)
            .content_type("text/html; charset=utf-8")
            .header(header::CACHE_CONTROL, "no-store")
            .header(header::CONTENT_SECURITY_POLICY, self.policy)
            .body(html)
    }
}

/// Adds the headers of every answer.
pub(crate) async fn headers<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let mut answer = endpoint.call(request).await?.into_response();
    let headers = answer.headers_mut();
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        // A provider's window of its own has to be able to report back.
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = headers.entry(header::CONTENT_SECURITY_POLICY);
    policy.or_insert(HeaderValue::from_static(NOTHING));
    Ok(answer)
}
