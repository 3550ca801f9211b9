//! Where things stand on the sheet. Lengths are points, a 72nd of an inch; y grows downwards.

use super::canvas::{Canvas, Colour};

/// A4.
pub(super) const WIDTH: f32 = 595.28;
pub(super) const HEIGHT: f32 = 841.89;

const LEFT: f32 = 56.0;
const RIGHT: f32 = WIDTH - 56.0;
const MIDDLE: f32 = 312.0;
/// Where the column of credits ends.
const CREDITS: f32 = 410.0;
/// Where the labels of the sums begin.
const SUMS: f32 = 330.0;

const SMALL: f32 = 9.0;
const BODY: f32 = 10.5;
const LARGE: f32 = 26.0;
/// From one line to the next.
const LEADING: f32 = 15.5;

const INK: Colour = (23, 27, 38);
const SOFT: Colour = (91, 99, 114);
const LINE: Colour = (214, 218, 227);

#[derive(Clone, Copy)]
struct Style {
    size: f32,
    bold: bool,
    colour: Colour,
}

const LABEL: Style = Style { size: SMALL, bold: false, colour: SOFT };
const TEXT: Style = Style { size: BODY, bold: false, colour: INK };
const STRONG: Style = Style { size: BODY, bold: true, colour: INK };

/// A sheet that is filled from the top.
pub(super) struct Sheet<'a> {
    canvas: Canvas<'a>,
    y: f32,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(canvas: Canvas<'a>) -> Self {
        Self { canvas, y: 88.0 }
    }

    /// The page as it was filled.
    pub(super) fn finish(self) -> Canvas<'a> {
        self.canvas
    }

    pub(super) fn title(&mut self, text: &str) {
        self.write(LEFT, self.y, text, Style { size: LARGE, bold: true, colour: INK });
    }

    /// Labels and values at the right, beside the title.
    pub(super) fn heading(&mut self, fields: &[(&str, String)]) {
        let mut y = self.y - 12.0;
        for (label, value) in fields {
            self.write(MIDDLE, y, label, LABEL);
            self.write_to(RIGHT, y, value, STRONG);
            y += LEADING;
        }
        self.y = y + 34.0;
    }

    /// Two columns of lines, each under its label.
    pub(super) fn blocks(&mut self, left: (&str, &[String]), right: (&str, &[String])) {
        let top = self.y;
        let mut lowest = top;
        for (x, room, (label, lines)) in
            [(LEFT, MIDDLE - LEFT - 20.0, left), (MIDDLE, RIGHT - MIDDLE, right)]
        {
            self.write(x, top, label, LABEL);
            let mut y = top + 18.0;
            for (index, line) in lines.iter().enumerate() {
                let style = if index == 0 { STRONG } else { TEXT };
                for part in self.broken(line, room, style) {
                    self.write(x, y, &part, style);
                    y += LEADING;
                }
            }
            lowest = lowest.max(y);
        }
        self.y = lowest + 30.0;
    }

    /// A table of one row under its head.
    pub(super) fn table(&mut self, head: [&str; 3], row: [&str; 3]) {
        self.cells(head, LABEL);
        self.rule(self.y + 8.0);
        self.y += 28.0;
        let parts = self.broken(row[0], CREDITS - LEFT - 70.0, TEXT);
        let first = parts.first().map_or("", String::as_str).to_owned();
        self.cells([&first, row[1], row[2]], TEXT);
        for part in parts.iter().skip(1) {
            self.y += LEADING;
            self.write(LEFT, self.y, part, TEXT);
        }
        self.rule(self.y + 12.0);
        self.y += 38.0;
    }

    /// Lines of a sum, and the sum.
    pub(super) fn sums(&mut self, lines: &[(String, String)], total: (&str, &str)) {
        for (label, value) in lines {
            self.write(SUMS, self.y, label, Style { colour: SOFT, ..TEXT });
            self.write_to(RIGHT, self.y, value, TEXT);
            self.y += 18.0;
        }
        let style = Style { size: 13.0, ..STRONG };
        self.y += 4.0;
        self.write(SUMS, self.y, total.0, style);
        self.write_to(RIGHT, self.y, total.1, style);
        self.y += 56.0;
    }

    /// Lines at the end.
    pub(super) fn note(&mut self, lines: &[String]) {
        for line in lines {
            for part in self.broken(line, RIGHT - LEFT, LABEL) {
                self.write(LEFT, self.y, &part, LABEL);
                self.y += LEADING;
            }
        }
    }

    fn cells(&mut self, [first, second, third]: [&str; 3], style: Style) {
        self.write(LEFT, self.y, first, style);
        self.write_to(CREDITS, self.y, second, style);
        self.write_to(RIGHT, self.y, third, style);
    }

    fn write(&mut self, x: f32, y: f32, text: &str, style: Style) {
        self.canvas.write((x, y), text, (style.size, style.bold, style.colour));
    }

    /// Text that ends at `x`.
    fn write_to(&mut self, x: f32, y: f32, text: &str, style: Style) {
        let width = self.width(text, style);
        self.write(x - width, y, text, style);
    }

    fn rule(&mut self, y: f32) {
        self.canvas.line((LEFT, y), (RIGHT, y), 0.75, LINE);
    }

    fn width(&self, text: &str, style: Style) -> f32 {
        self.canvas.fonts.width(text, style.bold) * style.size
    }

    /// `text` in lines no wider than `room`, broken at spaces, or else anywhere.
    fn broken(&self, text: &str, room: f32, style: Style) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&longer, style) <= room {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                line.push(c);
                if self.width(&line, style) > room {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, c.to_string()));
                }
            }
        }
        lines.push(line);
        lines
    }
}
