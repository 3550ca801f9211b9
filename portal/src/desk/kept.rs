//! A form that was refused comes back: the page it stood on says why, with what was typed.
//!
//! Every page is served behind [`Keeping`], and every [`Form`](super::form::Form) finds out by
//! itself whether it is the one; a new form has nothing to do for it. What proves the session is
//! never sent back, and files cannot be: a browser lets nobody choose them but the person.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use poem::{
    Endpoint, IntoResponse, PathPattern, Request, Response, Result, Route,
    http::{StatusCode, Uri},
};
use url::form_urlencoded;

use super::guard::{Guard, Staff};
use crate::{Portal, message::Failure, visitor};

/// The field that proves that a page of the session sent the form.
const CSRF: &str = "csrf";

/// What somebody filled in.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// Names and values.
    texts: Vec<(String, String)>,
    /// Names of the files that were chosen.
    files: Vec<String>,
}

impl Typed {
    pub(super) fn new(
        texts: impl IntoIterator<Item = (String, String)>,
        files: Vec<String>,
    ) -> Self {
        Self { texts: texts.into_iter().filter(|(name, _)| name != CSRF).collect(), files }
    }

    /// What an address or a body says, `encoded` as a form is.
    pub(super) fn read(encoded: &[u8]) -> Self {
        Self::new(form_urlencoded::parse(encoded).into_owned(), Vec::new())
    }
}

/// A form that was refused.
pub(super) struct Kept {
    /// Where it was sent.
    action: String,
    /// Why it was refused.
    text: String,
    typed: Typed,
    /// Whether a form has said so.
    told: AtomicBool,
}

impl Kept {
    fn new(action: String, mut text: String, typed: Typed) -> Self {
        if !typed.files.is_empty() {
            text = format!("{text} Choose the files again: {}.", typed.files.join(", "));
        }
        Self { action, text, typed, told: AtomicBool::new(false) }
    }

    /// Whether it is the form that is sent to `action`, of which everything that was sent `may` be:
    /// names and values.
    pub(super) fn is(&self, action: &str, may: impl Fn(&str, &str) -> bool) -> bool {
        self.action == action && self.typed.texts.iter().all(|(name, value)| may(name, value))
    }

    /// What was typed as `name`.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut texts = self.typed.texts.iter();
        texts.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Why it was refused, for the form itself to say.
    pub(super) fn tell(&self) -> &str {
        self.told.store(true, Ordering::Relaxed);
        &self.text
    }

    /// Why it was refused, if no form of the page has said so.
    pub(super) fn untold(&self) -> Option<&str> {
        (!self.told.load(Ordering::Relaxed)).then_some(&self.text)
    }
}

/// A page, or what a form does; if that is refused, the page where it can be mended.
pub(super) struct Keeping {
    guard: Guard,
    /// Every page that is looked at.
    looks: Arc<Route>,
}

/// Who is shown a page again, and why.
#[derive(Clone)]
pub(super) struct Again(pub(super) Staff, pub(super) Arc<Kept>);

impl Keeping {
    pub(super) fn new(guard: Guard, looks: &Arc<Route>) -> Self {
        Self { guard, looks: Arc::clone(looks) }
    }

    /// The page at `back`, for `staff`, whose form was refused.
    async fn again(
        &self,
        portal: Arc<Portal>,
        staff: Staff,
        back: Uri,
        kept: Kept,
    ) -> Option<Response> {
        let mut request = Request::builder().uri(back).finish();
        request.set_data(portal);
        request.set_data(Again(staff, Arc::new(kept)));
        let mut page = self.looks.call(request).await.ok()?.into_response();
        page.set_status(StatusCode::CONFLICT);
        // Figures count where the form was sent.
        page.extensions_mut().remove::<PathPattern>();
        Some(page)
    }
}

impl Endpoint for Keeping {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let portal = Arc::clone(visitor::portal(&request)?);
        let action = request.uri().path().to_owned();
        let staff = self.guard.admit(&request, &portal).await?;
        request.set_data(staff.clone());
        let error = match self.guard.serve(request).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let refused: Option<&Failure> = error.downcast_ref();
        let Some(Failure::Refused { text, back }) = refused else { return Err(error) };
        let Ok(uri) = back.parse() else { return Err(error) };
        let kept = Kept::new(action, text.clone(), staff.typed());
        // If that page cannot be shown either, it is said why on one of its own.
        self.again(portal, staff, uri, kept).await.ok_or(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(body: &str) -> Kept {
        Kept::new("/here".to_owned(), "No.".to_owned(), Typed::read(body.as_bytes()))
    }

    #[test]
    fn a_form_knows_itself_by_where_it_leads_and_what_it_asks() {
        let sent = kept("csrf=x&scope=mail&reason=a%26b");
        let scope = |is: &'static str| {
            move |name: &str, value: &str| name == "reason" || (name == "scope" && value == is)
        };
        assert!(sent.is("/here", scope("mail")));
        assert!(!sent.is("/there", scope("mail")));
        assert!(!sent.is("/here", scope("money")));
        assert_eq!(sent.value("reason"), Some("a&b"));
        assert_eq!(sent.value(CSRF), None);
    }

    #[test]
    fn why_it_was_refused_is_said_once_and_files_are_asked_for_again() {
        let files = vec!["a.pdf".to_owned(), "b.png".to_owned()];
        let sent = Kept::new("/".to_owned(), "Too large.".to_owned(), Typed::new([], files));
        let text = "Too large. Choose the files again: a.pdf, b.png.";
        assert_eq!(sent.untold(), Some(text));
        assert_eq!((sent.tell(), sent.untold()), (text, None));
    }
}
