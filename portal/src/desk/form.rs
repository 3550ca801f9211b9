//! Forms of the desk: what narrows a list, and what does something.

use std::sync::Arc;

use askama::Template;

use super::{guard::Staff, kept::Kept};

/// What narrows a list.
#[derive(Template)]
#[template(path = "desk/filters.html")]
pub(super) struct Filters {
    path: &'static str,
    fields: Vec<Field>,
    /// Whether any is chosen.
    chosen: bool,
}

impl Filters {
    /// `fields` above the list at `path`.
    pub(super) fn new(path: &'static str, fields: Vec<Field>) -> Self {
        let chosen = fields.iter().any(|field| field.value != field.usual);
        Self { path, fields, chosen }
    }
}

/// What does something, or leads to a page that asks once more.
#[derive(Template)]
#[template(path = "desk/form.html")]
pub(super) struct Form {
    title: String,
    text: String,
    action: String,
    /// `post`, or `get` for a page that asks once more.
    method: &'static str,
    csrf: String,
    /// Whether files go with it.
    files: bool,
    hidden: Vec<Hidden>,
    fields: Vec<Field>,
    button: String,
    tone: &'static str,
    /// Where to go instead.
    cancel: Option<String>,
    /// The form that was refused, of whatever page.
    refused: Option<Arc<Kept>>,
}

impl Form {
    /// A form that does something at `action` when `button` is pressed.
    pub(super) fn post(
        staff: &Staff,
        action: impl Into<String>,
        button: impl Into<String>,
    ) -> Self {
        Self { method: "post", csrf: staff.csrf(), ..Self::get(staff, action, button) }
    }

    /// A form that leads to a page.
    pub(super) fn get(staff: &Staff, action: impl Into<String>, button: impl Into<String>) -> Self {
        Self {
            title: String::new(),
            text: String::new(),
            action: action.into(),
            method: "get",
            csrf: String::new(),
            files: false,
            hidden: Vec::new(),
            fields: Vec::new(),
            button: button.into(),
            tone: "",
            cancel: None,
            refused: staff.kept.clone(),
        }
    }

    /// Under a heading.
    pub(super) fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// With a sentence about what it does.
    pub(super) fn about(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self }
    }

    /// With a field.
    pub(super) fn field(mut self, field: Field) -> Self {
        self.files |= matches!(field.kind, Kind::File(_));
        self.fields.push(field);
        self
    }

    /// With a value that is not typed.
    pub(super) fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push(Hidden { name, value: value.into(), anew: false });
        self
    }

    /// With a value that is not typed, and is another one whenever the page is shown: a version, or
    /// a name for what is asked for.
    pub(super) fn anew(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push(Hidden { name, value: value.into(), anew: true });
        self
    }

    /// Its button is `quiet`, or warns as `danger`.
    pub(super) fn tone(self, tone: &'static str) -> Self {
        Self { tone, ..self }
    }

    /// With a way back.
    pub(super) fn or_back_to(self, path: impl Into<String>) -> Self {
        Self { cancel: Some(path.into()), ..self }
    }

    /// What was sent with this very form, if it was refused.
    fn kept(&self) -> Option<&Kept> {
        let may = |name: &str, value: &str| {
            let mut hidden = self.hidden.iter().filter(|hidden| hidden.name == name);
            self.fields.iter().any(|field| field.name == name)
                || hidden.any(|hidden| hidden.anew || hidden.value == value)
        };
        self.refused.as_deref().filter(|kept| kept.is(&self.action, may))
    }

    /// What stands in `field`: what was typed, if the form was refused.
    fn value<'a>(&'a self, field: &'a Field) -> &'a str {
        self.kept().and_then(|kept| kept.value(field.name)).unwrap_or(&field.value)
    }

    /// What sets its fields apart from those of other forms on the page.
    fn prefix(&self) -> String {
        let letters = self.button.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
        letters.collect()
    }
}

/// A value that is not typed.
struct Hidden {
    name: &'static str,
    value: String,
    /// Whether it is another one whenever the page is shown.
    anew: bool,
}

/// Something to fill in.
pub(super) struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    /// What it is if nobody chose.
    usual: &'static str,
    hint: String,
    required: bool,
    kind: Kind,
}

enum Kind {
    /// A line; the type of the input.
    Line(&'static str),
    /// Several lines.
    Lines,
    /// A file of one of these media types, divided by commas.
    File(String),
    /// One of these: values and their names.
    Choice(Vec<(String, String)>),
}

impl Field {
    fn of(name: &'static str, label: &'static str, value: impl Into<String>, kind: Kind) -> Self {
        let (value, hint) = (value.into(), String::new());
        Self { name, label, value, usual: "", hint, required: false, kind }
    }

    /// A line of text.
    pub(super) fn line(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self::of(name, label, value, Kind::Line("text"))
    }

    /// Something to look for.
    pub(super) fn search(
        name: &'static str,
        label: &'static str,
        value: impl Into<String>,
    ) -> Self {
        Self::of(name, label, value, Kind::Line("search"))
    }

    /// A day.
    pub(super) fn day(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self::of(name, label, value, Kind::Line("date"))
    }

    /// Several lines of text.
    pub(super) fn lines(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self::of(name, label, value, Kind::Lines)
    }

    /// A file of one of the types in `media`.
    pub(super) fn file(name: &'static str, label: &'static str, media: &[&str]) -> Self {
        Self::of(name, label, "", Kind::File(media.join(",")))
    }

    /// One of `choices`: values and their names. What is not among them is not chosen.
    pub(super) fn choice(
        name: &'static str,
        label: &'static str,
        value: &str,
        choices: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let choices: Vec<_> = choices.into_iter().collect();
        let known = choices.iter().any(|(choice, _)| choice == value);
        Self::of(name, label, if known { value } else { "" }, Kind::Choice(choices))
    }

    /// `usual` is what it is if nobody chose.
    pub(super) fn usually(self, usual: &'static str) -> Self {
        Self { usual, ..self }
    }

    /// With a sentence on what to write.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// Not to be left empty.
    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }
}
