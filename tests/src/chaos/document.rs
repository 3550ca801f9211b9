//! `docs/reliability.md`, which is written section by section: one takes most of an hour, another a
//! minute, and what was not run again stays as it is.

use std::{collections::BTreeMap, fmt};

/// A part of the document, made by one kind of run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Processes that are killed.
    Kills,
    /// Clients that are slow.
    Slow,
    /// Redis that is away.
    Outage,
}

impl Section {
    /// In the order in which they stand.
    pub const ALL: [Self; 3] = [Self::Kills, Self::Slow, Self::Outage];

    /// The line before it.
    fn marker(self) -> &'static str {
        match self {
            Self::Kills => "<!-- kills -->",
            Self::Slow => "<!-- slow clients -->",
            Self::Outage => "<!-- Redis away -->",
        }
    }
}

/// The document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document(BTreeMap<Section, String>);

impl Document {
    /// Reads what an earlier run wrote; what stands before the first marker is written anew.
    pub fn read(text: &str) -> Self {
        let mut sections = BTreeMap::<Section, String>::new();
        let mut current = None;
        for line in text.lines() {
            if let Some(section) = Section::ALL.into_iter().find(|it| it.marker() == line) {
                current = Some(section);
            } else if let Some(section) = current {
                let text = sections.entry(section).or_default();
                text.push_str(line);
                text.push('\n');
            }
        }
        let trimmed = |(section, text): (_, String)| (section, text.trim().to_owned());
        Self(sections.into_iter().map(trimmed).collect())
    }

    /// Replaces a section.
    pub fn put(&mut self, section: Section, text: &str) {
        self.0.insert(section, text.trim().to_owned());
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for (section, text) in &self.0 {
            write!(f, "\n{}\n\n{text}\n", section.marker())?;
        }
        Ok(())
    }
}

const HEAD: &str = "\
# Reliability

Written by `scripts/chaos`, which anyone can run again; of a run in which something does not hold it \
writes nothing.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_others_stay_as_they_are() {
        let mut document = Document::default();
        document.put(Section::Outage, "## Redis away\n\n| a | b |\n");
        document.put(Section::Kills, "Two ingresses\n\n## embedded\n");
        let before = document.to_string();
        let mut again = Document::read(&before);
        assert_eq!(again, document);
        again.put(Section::Outage, "## Redis away\n\n| c | d |");
        assert_eq!(again.to_string(), before.replace("| a | b |", "| c | d |"));
        let (kills, outage) = (before.find("embedded").unwrap(), before.find("away\n").unwrap());
        assert!(kills < outage, "{before}");
    }
}
