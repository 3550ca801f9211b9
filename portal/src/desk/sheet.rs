//! A page of the desk: a heading, and parts from top to bottom.

use std::sync::Arc;

use askama::Template;
use poem::{IntoResponse, Response};
use serde::Deserialize;

use super::{
    guard::Staff,
    kept::Kept,
    pages::{Group, PAGES, Verb},
    parts::Note,
};
use crate::{
    Portal, assets,
    message::Failure,
    page::{Page, View, first_letter},
};

/// What has just been done, as the address says; for [`Sheet::said`].
#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    pub(super) done: String,
}

/// A page that is being filled.
pub(super) struct Sheet {
    frame: Frame,
    parts: Vec<String>,
    /// The form that was refused, if that is why the page is shown.
    kept: Option<Arc<Kept>>,
    broken: Option<askama::Error>,
}

#[derive(Template)]
#[template(path = "desk/sheet.html")]
struct Whole {
    frame: Frame,
    parts: Vec<String>,
}

/// What is around every page.
struct Frame {
    css: &'static str,
    title: String,
    lead: String,
    /// The list that this page belongs to.
    above: Option<(String, String)>,
    name: String,
    role: &'static str,
    csrf: String,
    groups: Vec<Links>,
    page: Page,
}

/// A heading of the navigation, and what is under it.
struct Links {
    title: &'static str,
    links: Vec<Entry>,
}

struct Entry {
    path: &'static str,
    title: &'static str,
    here: bool,
}

impl Frame {
    fn initial(&self) -> &str {
        first_letter(&self.name)
    }
}

impl Sheet {
    /// The page that `staff` sees, called as its row says.
    pub(super) fn new(portal: &Portal, staff: &Staff) -> Self {
        let entry = |group: Group| Links {
            title: group.title(),
            links: PAGES
                .iter()
                .filter(|page| page.nav == Some(group) && staff.has(page.roles))
                .map(|page| Entry {
                    path: page.path,
                    title: page.title,
                    here: is_at(staff.page.path, page.path),
                })
                .collect(),
        };
        let groups = Group::ALL.into_iter().map(entry).filter(|group| !group.links.is_empty());
        let frame = Frame {
            css: &assets::DESK_CSS_URL,
            title: staff.page.title.to_owned(),
            lead: String::new(),
            above: above(staff),
            name: staff.user_ref().to_owned(),
            role: staff.role(),
            csrf: staff.csrf(),
            groups: groups.collect(),
            page: Page::plain(portal.sandbox),
        };
        Self { frame, parts: Vec::new(), kept: staff.kept.clone(), broken: None }
    }

    /// Called `title` instead.
    pub(super) fn titled(mut self, title: impl Into<String>) -> Self {
        self.frame.title = title.into();
        self
    }

    /// With a sentence under the heading.
    pub(super) fn lead(mut self, lead: impl Into<String>) -> Self {
        self.frame.lead = lead.into();
        self
    }

    /// With `part` below what is there.
    pub(super) fn with(mut self, part: &impl Template) -> Self {
        match part.render() {
            Ok(html) => self.parts.push(html),
            Err(error) => self.broken = Some(error),
        }
        self
    }

    /// With `part`, if there is one.
    pub(super) fn with_some(self, part: Option<&impl Template>) -> Self {
        match part {
            Some(part) => self.with(part),
            None => self,
        }
    }

    /// With `left` and `right` beside each other, where there is room.
    pub(super) fn beside(
        mut self,
        left: &[&dyn askama::DynTemplate],
        right: &[&dyn askama::DynTemplate],
    ) -> Self {
        let mut html = String::from("<div class=\"desk-pair\">");
        for side in [left, right] {
            html.push_str("<div class=\"stack\">");
            for part in side {
                match part.dyn_render() {
                    Ok(part) => html.push_str(&part),
                    Err(error) => self.broken = Some(error),
                }
            }
            html.push_str("</div>");
        }
        html.push_str("</div>");
        self.parts.push(html);
        self
    }

    /// With a note of what has just been done: the sentence that `said`, of the address, stands for
    /// in `known`.
    pub(super) fn said(self, said: &str, known: &[(&str, &str)]) -> Self {
        match known.iter().find(|(word, _)| *word == said) {
            Some((_, sentence)) => self.with(&Note::good(*sentence)),
            None => self,
        }
    }

    /// The answer.
    pub(super) fn answer(mut self) -> Result<Response, Failure> {
        if let Some(why) = self.kept.as_deref().and_then(Kept::untold) {
            self.parts.insert(0, Note::bad(why).render()?);
        }
        if let Some(error) = self.broken {
            return Err(error.into());
        }
        let policy = self.frame.page.policy();
        let whole = Whole { frame: self.frame, parts: self.parts };
        Ok(View::ok(policy, whole).into_response())
    }
}

/// Whether a page at `path` belongs to the list at `list`.
fn is_at(path: &str, list: &str) -> bool {
    path == list
        || (list != "/desk" && path.strip_prefix(list).is_some_and(|rest| rest.starts_with('/')))
}

/// The list that the page of `staff` belongs to, if it is not one itself.
fn above(staff: &Staff) -> Option<(String, String)> {
    let page = staff.page;
    if page.nav.is_some() {
        return None;
    }
    let list = |row: &&super::pages::DeskPage| {
        row.nav.is_some()
            && row.verb == Verb::Get
            && row.path != page.path
            && is_at(page.path, row.path)
    };
    PAGES.iter().find(list).map(|row| (row.path.to_owned(), row.title.to_owned()))
}
