//! A bar chart, drawn on the server. What it shows stands in the table below it too.

use askama::Template;

/// Its size, in its own units; it is as wide as its place.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 220;
/// Room for the amounts at its left, and for the days under it.
const LEFT: i64 = 64;
const BOTTOM: i64 = 24;
const TOP: i64 = 8;
/// How wide a name is.
const ROOM: i64 = 72;
/// Most names under it that do not touch.
const NAMES: usize = 6;

/// One bar.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: i64,
    /// The value, for people.
    pub(super) text: String,
}

/// The chart.
#[derive(Template)]
#[template(path = "desk/chart.html")]
pub(super) struct Chart {
    title: String,
    summary: String,
    bars: Vec<Drawn>,
    lines: Vec<Line>,
    names: Vec<Name>,
}

struct Drawn {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
    title: String,
}

struct Line {
    y: i64,
    text: String,
}

struct Name {
    x: i64,
    text: String,
}

impl Chart {
    /// `bars` under `title`, with lines for amounts that `money` writes.
    pub(super) fn new(title: String, bars: &[Bar], money: impl Fn(i64) -> String) -> Self {
        let top = ceiling(bars.iter().map(|bar| bar.value).max().unwrap_or(0));
        let count = i64::try_from(bars.len()).unwrap_or(i64::MAX).max(1);
        let room = WIDTH - LEFT;
        let tall = HEIGHT - BOTTOM - TOP;
        let left = |index: usize| LEFT + i64::try_from(index).unwrap_or(0) * room / count;
        let height = |value: i64| scaled(value, tall, top);
        let every = bars.len().div_ceil(NAMES).max(1);
        let names = bars.iter().enumerate().step_by(every);
        let names = names
            .map(|(index, bar)| Name { x: left(index), text: bar.name.clone() })
            .filter(|name| bars.len() == 1 || name.x + ROOM <= WIDTH);
        let lines = [0, top / 2, top];
        Self {
            summary: summary(bars),
            names: names.collect(),
            lines: lines.map(|at| Line { y: TOP + tall - height(at), text: money(at) }).into(),
            bars: bars
                .iter()
                .enumerate()
                .map(|(index, bar)| Drawn {
                    x: left(index),
                    y: TOP + tall - height(bar.value),
                    width: (left(index + 1) - left(index) - 2).clamp(1, 40),
                    height: height(bar.value),
                    title: format!("{}: {}", bar.name, bar.text),
                })
                .collect(),
            title,
        }
    }
}

/// `value` of `whole` as a part of `length`.
fn scaled(value: i64, length: i64, whole: i64) -> i64 {
    let part = i128::from(value.max(0)) * i128::from(length) / i128::from(whole.max(1));
    i64::try_from(part).unwrap_or(length).min(length)
}

/// The least of 1, 2, 5, 10, 20, 50, … that is no less than `value`.
fn ceiling(value: i64) -> i64 {
    let mut step = 1_i64;
    loop {
        for of in [1, 2, 5] {
            if step.saturating_mul(of) >= value {
                return step.saturating_mul(of).max(1);
            }
        }
        step = step.saturating_mul(10);
    }
}

/// What the chart shows, for who cannot see it.
fn summary(bars: &[Bar]) -> String {
    let best = bars.iter().max_by_key(|bar| bar.value).filter(|bar| bar.value > 0);
    best.map_or_else(
        || "Nothing was earned.".to_owned(),
        |best| format!("{} bars; the highest is {}: {}.", bars.len(), best.name, best.text),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_tall_as_what_they_stand_for() {
        let bar =
            |name: &str, value: i64| Bar { name: name.to_owned(), value, text: value.to_string() };
        let chart = Chart::new("t".to_owned(), &[bar("a", 0), bar("b", 50), bar("c", 100)], |at| {
            at.to_string()
        });
        let heights: Vec<i64> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 94, 188]);
        assert!(chart.bars.iter().all(|bar| bar.y + bar.height == HEIGHT - BOTTOM));
        assert_eq!(chart.summary, "3 bars; the highest is c: 100.");
        for (value, top) in [(0, 1), (3, 5), (16_000, 20_000), (i64::MAX, i64::MAX)] {
            assert_eq!(ceiling(value), top, "{value}");
        }
        let none = Chart::new("t".to_owned(), &[], |at| at.to_string());
        assert!(none.render().unwrap().contains("Nothing was earned"));
    }
}
