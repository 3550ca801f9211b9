//! What pages of the desk are made of: notes, figures, tables, facts, a story, ways to go on.

use askama::Template;

/// A sentence that stands out.
#[derive(Template)]
#[template(path = "desk/note.html")]
pub(super) struct Note {
    tone: &'static str,
    text: String,
}

impl Note {
    /// That something went well.
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self { tone: "good", text: text.into() }
    }

    /// That something is not as it should be.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { tone: "bad", text: text.into() }
    }

    /// That something should be known before one goes on.
    pub(super) fn wait(text: impl Into<String>) -> Self {
        Self { tone: "wait", text: text.into() }
    }

    /// What is good to know.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { tone: "", text: text.into() }
    }
}

/// Figures beside each other.
#[derive(Default, Template)]
#[template(path = "desk/figures.html")]
pub(super) struct Figures {
    title: String,
    figures: Vec<Figure>,
}

/// One figure.
pub(super) struct Figure {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) more: String,
    /// `good`, `bad`, `wait` or nothing.
    pub(super) tone: &'static str,
    /// Where it leads.
    pub(super) href: Option<String>,
}

impl Figures {
    pub(super) fn new(title: impl Into<String>, figures: Vec<Figure>) -> Self {
        Self { title: title.into(), figures }
    }
}

/// What stands in one place of a table or a list of facts.
#[derive(Clone, Default, Template)]
#[template(path = "desk/cell.html")]
pub(super) struct Cell {
    text: String,
    /// Said softly after it.
    more: Option<String>,
    href: Option<String>,
    /// Said only to who cannot see what it belongs to.
    hidden: Option<String>,
    /// As a tag, in this tone.
    tag: Option<&'static str>,
    class: &'static str,
}

impl Cell {
    /// Words.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// An amount, a count, a time.
    pub(super) fn number(text: impl Into<String>) -> Self {
        Self { class: "number", ..Self::text(text) }
    }

    /// A name that machines gave.
    pub(super) fn code(text: impl Into<String>) -> Self {
        Self { class: "mono", ..Self::text(text) }
    }

    /// Words that may hold an id, or be many.
    pub(super) fn long(text: impl Into<String>) -> Self {
        Self { class: "long", ..Self::text(text) }
    }

    /// A state; `tone` is `good`, `bad`, `wait` or nothing.
    pub(super) fn tag(tone: &'static str, text: impl Into<String>) -> Self {
        Self { tag: Some(tone), ..Self::text(text) }
    }

    /// Leads to `href`.
    pub(super) fn to(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// With `more` said softly after it.
    pub(super) fn soft(self, more: impl Into<String>) -> Self {
        Self { more: Some(more.into()).filter(|more| !more.is_empty()), ..self }
    }

    /// With `hidden` for who only hears it: what a link like "Look" is about.
    pub(super) fn hear(self, hidden: impl Into<String>) -> Self {
        Self { hidden: Some(hidden.into()), ..self }
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn is_outside(&self) -> bool {
        self.href.as_deref().is_some_and(|href| !href.starts_with('/'))
    }
}

/// A table; on a phone each row is a card.
#[derive(Template)]
#[template(path = "desk/table.html")]
pub(super) struct Table {
    title: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    empty: String,
}

struct Column {
    name: &'static str,
    end: bool,
}

impl Table {
    /// A table with `columns`; those that begin with `>` stand at their end, as amounts do. `empty`
    /// is said if there is no row.
    pub(super) fn new(columns: &[&'static str], empty: impl Into<String>) -> Self {
        let column = |name: &&'static str| match name.strip_prefix('>') {
            Some(name) => Column { name, end: true },
            None => Column { name, end: false },
        };
        let columns = columns.iter().map(column).collect();
        Self { title: String::new(), columns, rows: Vec::new(), empty: empty.into() }
    }

    /// Under a heading.
    pub(super) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// With `rows`: a cell for each column.
    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        self.rows.extend(rows);
        self
    }

    fn cells<'a>(&'a self, row: &'a [Cell]) -> impl Iterator<Item = (&'a Column, &'a Cell)> {
        self.columns.iter().zip(row)
    }
}

/// Names and what belongs to them.
#[derive(Template)]
#[template(path = "desk/facts.html")]
pub(super) struct Facts {
    title: String,
    facts: Vec<(&'static str, Cell)>,
}

impl Facts {
    pub(super) fn new(title: impl Into<String>, facts: Vec<(&'static str, Cell)>) -> Self {
        Self { title: title.into(), facts }
    }
}

/// What happened, one thing after another.
#[derive(Template)]
#[template(path = "desk/story.html")]
pub(super) struct Story {
    title: String,
    moments: Vec<Moment>,
}

/// One thing that happened.
pub(super) struct Moment {
    /// When, for people.
    pub(super) at: String,
    /// What kind of thing.
    pub(super) kind: &'static str,
    /// `good`, `bad`, `wait` or nothing.
    pub(super) tone: &'static str,
    pub(super) what: Cell,
}

impl Story {
    pub(super) fn new(title: impl Into<String>, moments: Vec<Moment>) -> Self {
        Self { title: title.into(), moments }
    }
}

/// A text that machines wrote, as it is.
#[derive(Template)]
#[template(path = "desk/verbatim.html")]
pub(super) struct Verbatim {
    title: String,
    text: String,
}

impl Verbatim {
    pub(super) fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into() }
    }
}

/// How far something has come.
#[derive(Template)]
#[template(path = "desk/progress.html")]
pub(super) struct Progress {
    text: String,
    percent: u64,
}

impl Progress {
    /// `done` of `whole`, and what that means.
    pub(super) fn new(text: impl Into<String>, done: u64, whole: u64) -> Self {
        let percent = (done.saturating_mul(100) / whole.max(1)).min(100);
        Self { text: text.into(), percent }
    }
}

/// Ways to go on: links that look like buttons.
#[derive(Template)]
#[template(path = "desk/ways.html")]
pub(super) struct Ways {
    label: &'static str,
    ways: Vec<(String, String)>,
}

impl Ways {
    /// `ways` are names and addresses.
    pub(super) fn new(ways: Vec<(String, String)>) -> Self {
        Self { label: "Go on", ways }
    }

    /// The newest and the next page of a list at `path`, which is filtered by `query`. `None` if
    /// all of it is on one page.
    pub(super) fn pages(
        path: &str,
        query: &[(&str, &str)],
        after: &str,
        next: Option<String>,
    ) -> Option<Self> {
        let mut ways = Vec::new();
        if !after.is_empty() {
            ways.push(("Newest".to_owned(), address(path, query)));
        }
        if let Some(next) = next {
            let mut query = query.to_vec();
            query.push(("after", &next));
            ways.push(("Older".to_owned(), address(path, &query)));
        }
        (!ways.is_empty()).then_some(Self { label: "Pages", ways })
    }
}

/// `path` with what of `query` has a value.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    match written.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_what_is_asked_for_and_nothing_else() {
        assert_eq!(address("/desk", &[("a", ""), ("b", "")]), "/desk");
        assert_eq!(address("/desk", &[("a", "x&y"), ("b", "")]), "/desk?a=x%26y");
        assert!(Ways::pages("/desk", &[], "", None).is_none());
        let ways = Ways::pages("/desk", &[("a", "1")], "x", Some("y".to_owned())).unwrap();
        assert_eq!(ways.ways[0].1, "/desk?a=1");
        assert_eq!(ways.ways[1].1, "/desk?a=1&after=y");
    }

    #[test]
    fn what_people_wrote_is_no_markup() {
        let evil = "<script>alert(1)</script>";
        let cell = Cell::text(evil).soft(evil).to("/desk?x=\"><b>");
        let html = Table::new(&["One"], "").rows([vec![cell]]).render().unwrap();
        assert!(!html.contains("<script") && !html.contains("\"><b>"), "{html}");
    }
}
