//! The letters invoices are written with, and which font writes which of them.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, LazyLock},
};

use rustc_hash::FxHashMap;
use rustybuzz::{
    UnicodeBuffer, shape,
    ttf_parser::{Face, GlyphId, Permissions, cmap::Subtable},
};

use super::subset::Subset;

static REGULAR: &[u8] = include_bytes!("../../fonts/NotoSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/NotoSans-SemiBold.ttf");

/// Where the two that come along stand among the faces; those that were added come after.
const REGULAR_FACE: usize = 0;
const BOLD_FACE: usize = 1;

static BUILTIN: LazyLock<Fonts> = LazyLock::new(|| {
    let load = |data, slot| {
        let face = Typeface::load(Cow::Borrowed(data), slot, &ordinary()).ok();
        Arc::new(face.expect("the font is sound"))
    };
    Fonts { faces: vec![load(REGULAR, REGULAR_FACE), load(BOLD, BOLD_FACE)] }
});

/// What most invoices are written with: English, and what the other languages of western Europe need
/// besides. Made ready once, where the letters of a document by themselves would have to be made for
/// each.
fn ordinary() -> [Vec<char>; 2] {
    let marks = ['–', '—', '‘', '’', '“', '”', '…', '€'];
    let english: Vec<char> = (' '..='~').collect();
    let more = ('\u{a1}'..='\u{ff}').chain(marks);
    [english.clone(), english.into_iter().chain(more).collect()]
}

/// The letters invoices are written with: Latin, Greek and Cyrillic come along, others can be
/// added.
#[derive(Clone)]
pub struct Fonts {
    faces: Vec<Arc<Typeface>>,
}

/// A file that is not a font that can be embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a TrueType or OpenType font that may be embedded in documents; write such .ttf or \
     .otf files into the folder"
)]
pub struct FontError;

/// A font, and what it takes to write with it.
pub(super) struct Typeface {
    data: Cow<'static, [u8]>,
    letters: FxHashMap<char, Letter>,
    /// What is ready to be embedded: each has what the one before it has, and more.
    pub(super) ready: Vec<Subset>,
}

#[derive(Clone, Copy)]
struct Letter {
    glyph: u16,
    /// At size 1.
    advance: f32,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("faces", &self.faces.len()).finish()
    }
}

impl Default for Fonts {
    /// The letters that come along.
    fn default() -> Self {
        BUILTIN.clone()
    }
}

impl Fonts {
    /// Adds the font `data` for what the others cannot write.
    pub fn add(&mut self, data: Vec<u8>) -> Result<(), FontError> {
        let face = Typeface::load(Cow::Owned(data), self.faces.len(), &[])?;
        self.faces.push(Arc::new(face));
        Ok(())
    }

    /// The font at `slot`.
    pub(super) fn face(&self, slot: usize) -> &Typeface {
        &self.faces[slot]
    }

    /// How wide `text` is at size 1.
    pub(super) fn width(&self, text: &str, bold: bool) -> f32 {
        text.chars().map(|c| self.find(c, bold).2.advance).sum()
    }

    /// `text` in pieces that one font each can write.
    pub(super) fn runs(&self, text: &str, bold: bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for c in text.chars() {
            let (slot, c, letter) = self.find(c, bold);
            if runs.last().is_none_or(|run| run.slot != slot) {
                runs.push(Run::new(slot));
            }
            if let Some(run) = runs.last_mut() {
                run.push(c, letter);
            }
        }
        for run in runs.iter_mut().filter(|run| run.shaped) {
            run.shape(&self.faces[run.slot].data);
        }
        runs
    }

    /// Which font writes `c`, and how.
    ///
    /// What no font can write becomes a question mark: an invoice with a mark is of more use than
    /// none.
    fn find(&self, c: char, bold: bool) -> (usize, char, Letter) {
        let first = if bold { BOLD_FACE } else { REGULAR_FACE };
        let added = BOLD_FACE + 1..self.faces.len();
        let letter = |slot: usize, c: char| self.faces[slot].letters.get(&c).copied();
        std::iter::once(first)
            .chain(added)
            .find_map(|slot| Some((slot, c, letter(slot, c)?)))
            .or_else(|| Some((first, '?', letter(first, '?')?)))
            .unwrap_or((first, '?', Letter { glyph: 0, advance: 0.0 }))
    }
}

impl Typeface {
    fn load(data: Cow<'static, [u8]>, slot: usize, ready: &[Vec<char>]) -> Result<Self, FontError> {
        let face = Face::parse(&data, 0).map_err(|_| FontError)?;
        if face.permissions() == Some(Permissions::Restricted) || !face.is_subsetting_allowed() {
            return Err(FontError);
        }
        let letters = letters(&face);
        let glyph = |c: &char| Some((letters.get(c)?.glyph, c.to_string()));
        let subset = |letters: &Vec<char>| {
            Subset::new(&data, slot, letters.iter().filter_map(glyph).collect())
        };
        // A font that cannot be embedded is to be known before the first invoice.
        subset(&Vec::new()).map_err(|_| FontError)?;
        let ready: Result<_, _> = ready.iter().map(subset).collect();
        Ok(Self { ready: ready.map_err(|_| FontError)?, data, letters })
    }

    /// What the font file holds.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }
}

/// Every letter that `face` can write.
fn letters(face: &Face<'_>) -> FxHashMap<char, Letter> {
    let mut letters = FxHashMap::default();
    let tables = face.tables().cmap.into_iter().flat_map(|cmap| cmap.subtables);
    for table in tables.filter(Subtable::is_unicode) {
        table.codepoints(|code| {
            let glyph = table.glyph_index(code).filter(|glyph| glyph.0 != 0);
            if let Some((c, glyph)) = char::from_u32(code).zip(glyph) {
                let advance = advance(face, glyph);
                letters.insert(c, Letter { glyph: glyph.0, advance });
            }
        });
    }
    letters
}

fn advance(face: &Face<'_>, glyph: GlyphId) -> f32 {
    f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / f32::from(face.units_per_em())
}

/// A piece of text in one font.
pub(super) struct Run {
    pub(super) slot: usize,
    pub(super) text: String,
    /// At size 1.
    pub(super) width: f32,
    pub(super) glyphs: Vec<Glyph>,
    /// Whether a glyph's place and text are its own rather than its neighbours'.
    pub(super) shaped: bool,
}

/// What is drawn for a letter or a few. Lengths are at size 1.
pub(super) struct Glyph {
    pub(super) id: u16,
    pub(super) advance: f32,
    /// How far it is moved to the right, and up.
    pub(super) moved: (f32, f32),
    /// What it writes of the run's text.
    pub(super) text: Range<usize>,
}

impl Run {
    fn new(slot: usize) -> Self {
        Self { slot, text: String::new(), width: 0.0, glyphs: Vec::new(), shaped: false }
    }

    fn push(&mut self, c: char, Letter { glyph, advance }: Letter) {
        let start = self.text.len();
        self.text.push(c);
        self.width += advance;
        self.shaped |= !stands_alone(c);
        let text = start..self.text.len();
        self.glyphs.push(Glyph { id: glyph, advance, moved: (0.0, 0.0), text });
    }

    /// Puts the glyphs in the order and the forms that the script asks for.
    fn shape(&mut self, font: &[u8]) {
        let Some(face) = rustybuzz::Face::from_slice(font, 0) else { return };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&self.text);
        buffer.guess_segment_properties();
        let shaped = shape(&face, &[], buffer);
        #[expect(clippy::cast_precision_loss, reason = "fonts count in thousands")]
        let length = |units: i32| units as f32 / face.units_per_em() as f32;
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions());
        self.glyphs = glyphs
            .map(|(info, place)| {
                let start = usize::try_from(info.cluster).unwrap_or_default();
                let next = self.text[start..].chars().next().map_or(0, char::len_utf8);
                Glyph {
                    id: u16::try_from(info.glyph_id).unwrap_or_default(),
                    advance: length(place.x_advance),
                    moved: (length(place.x_offset), length(place.y_offset)),
                    text: start..start + next,
                }
            })
            .collect();
        self.width = self.glyphs.iter().map(|glyph| glyph.advance).sum();
    }
}

/// Whether a letter looks the same whatever stands beside it: Latin, Greek and Cyrillic ones do, and
/// what is written between them. Anything else has to be shaped, which takes longer than all the
/// rest of an invoice.
const fn stands_alone(c: char) -> bool {
    matches!(c, ' '..='\u{24f}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
        | '\u{1e00}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' | '\u{20a0}'..='\u{20c0}')
}
