//! Figures, and what was promised of them.

use std::fmt::Write;

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// It is only told.
    None,
}

/// One figure.
#[derive(Clone, Debug)]
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    target: Target,
    note: String,
}

/// All figures of a run, in the order in which they were taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    /// Notes a figure, and says it at once.
    pub(crate) fn add(
        &mut self,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        target: Target,
        note: impl Into<String>,
    ) {
        let figure = Figure { what: what.into(), value, unit, target, note: note.into() };
        crate::report::say(&figure.line());
        self.0.push(figure);
    }

    /// All of them as a table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut table =
            "| what | measured | target | met | of it |\n|---|---:|---:|---|---|\n".to_owned();
        for figure in &self.0 {
            let _ = writeln!(
                table,
                "| {} | {} {} | {} | {} | {} |",
                figure.what,
                round(figure.value),
                figure.unit,
                figure.target(),
                figure.verdict(),
                figure.note,
            );
        }
        table
    }
}

impl Figure {
    fn target(&self) -> String {
        match self.target {
            Target::AtMost(limit) => format!("≤ {}", round(limit)),
            Target::AtLeast(limit) => format!("≥ {}", round(limit)),
            Target::None => String::new(),
        }
    }

    fn verdict(&self) -> &'static str {
        let met = match self.target {
            Target::AtMost(limit) => self.value <= limit,
            Target::AtLeast(limit) => self.value >= limit,
            Target::None => return "",
        };
        if met { "yes" } else { "**no**" }
    }

    fn line(&self) -> String {
        let (value, target, verdict) = (round(self.value), self.target(), self.verdict());
        format!("{}: {value} {} {target} {verdict} {}", self.what, self.unit, self.note)
    }
}

/// Three digits that count, but all of a large number.
fn round(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 1.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_it_keeps_its_promise() {
        let mut figures = Figures::default();
        figures.add("memory", 59.96, "MB", Target::AtMost(60.0), "ingress");
        figures.add("rate", 1_499.0, "/s", Target::AtLeast(1_500.0), "");
        figures.add("share", 0.1234, "s", Target::None, "");
        let table = figures.table();
        assert!(table.contains("| memory | 60.0 MB | ≤ 60.0 | yes | ingress |"), "{table}");
        assert!(table.contains("| rate | 1499 /s | ≥ 1500 | **no** |  |"), "{table}");
        assert!(table.contains("| share | 0.123 s |  |  |  |"), "{table}");
    }
}
