//! Requests that are nearly what they should be: all of them follow from a seed.

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value, json};

use crate::mutate::mutate;

/// What a change of bytes may put in.
const WORDS: [&[u8]; 16] = [
    b"\\u0000",
    b"\\ud800",
    b"\0",
    b"\r\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"[[[[[[[[",
    b"\"id\":\"x\",",
    b"\"amount\":1,",
    b"\"livemode\":true,",
    b"\"version\":0,",
];

/// Longer than any column, and than what an index of PostgreSQL's takes.
const LONG: usize = 3_000;

/// Where all that is random comes from.
pub(crate) struct Luck(pub(crate) StdRng);

impl Luck {
    /// Another one every time, unless `QUITTANCE_TEST_SEED` asks for one again.
    pub(crate) fn new() -> Self {
        let wish = std::env::var("QUITTANCE_TEST_SEED").ok();
        let read = |text: String| {
            let digits = text.trim_start_matches("0x");
            u64::from_str_radix(digits, 16).expect("QUITTANCE_TEST_SEED is a hexadecimal number")
        };
        let seed = wish.map_or_else(rand::random, read);
        eprintln!("repeat it: QUITTANCE_TEST_SEED={seed:#x}");
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whether something happens that does so in `percent` of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// One of `all`.
    pub(crate) fn one<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.0.random_range(0..all.len())].clone()
    }

    /// `bytes` with a change or three.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        mutate(&mut self.0, &WORDS, bytes)
    }

    /// `text` with a change or three, as a header can still carry it.
    pub(crate) fn header(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = self.bytes(text.as_bytes());
        bytes.retain(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 127));
        bytes
    }

    /// `json` as it is sent: as it is, with other values in it, or with other bytes.
    pub(crate) fn sent(&mut self, mut json: Value) -> Vec<u8> {
        let kind = self.0.random_range(0..10);
        if kind >= 3 {
            for _ in 0..self.0.random_range(1..=2) {
                self.change(&mut json);
            }
        }
        let bytes = json.to_string().into_bytes();
        if kind == 9 { self.bytes(&bytes) } else { bytes }
    }

    /// Replaces, adds, doubles or removes something anywhere in `json`.
    fn change(&mut self, json: &mut Value) {
        let place = self.0.random_range(0..nodes(json));
        let node = nth(json, place).expect("there are as many");
        match (self.0.random_range(0..8), node) {
            (0, Value::Object(fields)) => {
                fields.insert("unknown".to_owned(), self.odd());
            }
            (1 | 2, Value::Object(fields)) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                if !names.is_empty() {
                    fields.remove(&self.one(&names));
                }
            }
            (3, node) => *node = json!([node.take()]),
            (_, Value::Object(fields)) if !fields.is_empty() => self.spoil(fields),
            (_, node) => *node = self.odd(),
        }
    }

    fn spoil(&mut self, fields: &mut Map<String, Value>) {
        let names: Vec<String> = fields.keys().cloned().collect();
        let odd = self.odd();
        fields.insert(self.one(&names), odd);
    }

    /// What nobody should send.
    pub(crate) fn odd(&mut self) -> Value {
        match self.0.random_range(0..9) {
            0 => json!(null),
            1 => json!(self.percent(50)),
            2 => json!([]),
            3 => json!({ "a": null }),
            4 => (0..100).fold(json!(1), |inner, _| json!([inner])),
            5 => json!(self.one(&[1e300, -0.5, 1.0])),
            6 => json!(self.one(&[0, 1, -1, 2, 16_000, i64::MAX, i64::MIN, 253_402_300_800])),
            _ => json!(self.text()),
        }
    }

    /// A text that nobody should send.
    pub(crate) fn text(&mut self) -> String {
        let texts = [
            "",
            " ",
            "\0",
            "a\0b",
            "0",
            "-1",
            "%00",
            "%",
            "../..",
            "'; DROP TABLE payments; --",
            "🦀é\u{202e}\u{feff}",
            "\u{7f}\u{1b}[2J\r\n",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "txn_ffffffffffffffffffffffffffffffff",
            "https://a/\0",
        ];
        match self.0.random_range(0..8) {
            0 => (0..LONG).map(|_| self.0.random_range('a'..='z')).collect(),
            1 => (0..200).map(|_| self.0.random::<char>()).collect(),
            _ => self.one(&texts).to_owned(),
        }
    }
}

/// How many values there are in `json`, itself among them.
fn nodes(json: &Value) -> usize {
    match json {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

/// Value number `place` of those in `json`.
fn nth(json: &mut Value, place: usize) -> Option<&mut Value> {
    if place == 0 {
        return Some(json);
    }
    let mut before = 1;
    let children: Vec<&mut Value> = match json {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => return None,
    };
    for child in children {
        let inside = nodes(child);
        if place < before + inside {
            return nth(child, place - before);
        }
        before += inside;
    }
    None
}
