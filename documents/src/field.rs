use crate::text;

/// Where values begin, so that they stand below each other.
const COLUMN: usize = 12;

/// Most characters of a value that is one line.
const VALUE: usize = 200;

/// A line of a table: what, and which.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

impl Field {
    pub(crate) fn new(label: &'static str, value: &str) -> Self {
        Self { label, value: text::line(value, VALUE) }
    }

    /// The field as plain text, a long value hanging from its column.
    pub(crate) fn text(&self) -> String {
        let row = format!("{:<COLUMN$}{}", self.label, self.value);
        text::hang(&row, COLUMN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_hangs_from_its_column() {
        let text = Field::new("Package", &"word ".repeat(30)).text();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("Package     word"));
        assert!(lines.all(|line| line.starts_with("            word")), "{text}");
    }
}
