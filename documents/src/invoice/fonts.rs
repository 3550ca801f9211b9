use std::sync::{Arc, LazyLock};

use krilla::text::{Font, GlyphId, KrillaGlyph};
use ttf_parser::Face;

static REGULAR: &[u8] = include_bytes!("../../fonts/NotoSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/NotoSans-SemiBold.ttf");

static BUILTIN: LazyLock<Fonts> = LazyLock::new(|| {
    let load = |data: &'static [u8]| Typeface::load(data.to_vec()).expect("the font is sound");
    Fonts { regular: vec![load(REGULAR)], bold: vec![load(BOLD)] }
});

/// The letters invoices are written with: Latin, Greek and Cyrillic come along, others can be
/// added.
#[derive(Clone)]
pub struct Fonts {
    regular: Vec<Typeface>,
    bold: Vec<Typeface>,
}

/// A file that is not a font.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a TrueType or OpenType font; write .ttf or .otf files into the folder")]
pub struct FontError;

#[derive(Clone)]
struct Typeface {
    data: Arc<Vec<u8>>,
    font: Font,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("faces", &(self.regular.len() + self.bold.len())).finish()
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
        let face = Typeface::load(data).ok_or(FontError)?;
        self.regular.push(face.clone());
        self.bold.push(face);
        Ok(())
    }

    /// `text` in pieces that one font each can write, with their widths at size 1.
    ///
    /// What no font can write becomes a question mark: an invoice with a mark is of more use than
    /// none.
    pub(super) fn runs(&self, text: &str, bold: bool) -> Vec<Run> {
        let faces = if bold { &self.bold } else { &self.regular };
        let parsed: Vec<Option<Face<'_>>> =
            faces.iter().map(|face| Face::parse(&face.data, 0).ok()).collect();
        let writes = |c: char| {
            parsed.iter().position(|face| face.as_ref().is_some_and(|f| f.glyph_index(c).is_some()))
        };
        let mut runs: Vec<(usize, Run)> = Vec::new();
        for c in text.chars() {
            let (index, c) = writes(c).map_or((0, '?'), |index| (index, c));
            if runs.last().is_none_or(|(last, _)| *last != index) {
                runs.push((index, Run::new(faces[index].font.clone())));
            }
            if let (Some((_, run)), Some(face)) = (runs.last_mut(), &parsed[index]) {
                run.push(c, face);
            }
        }
        runs.into_iter().map(|(_, run)| run).collect()
    }
}

/// A piece of text in one font.
pub(super) struct Run {
    pub(super) font: Font,
    pub(super) text: String,
    /// At size 1.
    pub(super) width: f32,
    /// A glyph for each letter, if that is how it is written.
    pub(super) glyphs: Option<Vec<KrillaGlyph>>,
}

impl Run {
    fn new(font: Font) -> Self {
        Self { font, text: String::new(), width: 0.0, glyphs: Some(Vec::new()) }
    }

    fn push(&mut self, c: char, face: &Face<'_>) {
        let glyph = face.glyph_index(c).unwrap_or_default();
        let advance = f32::from(face.glyph_hor_advance(glyph).unwrap_or(0));
        let advance = advance / f32::from(face.units_per_em());
        let start = self.text.len();
        self.text.push(c);
        self.width += advance;
        if !stands_alone(c) {
            self.glyphs = None;
        }
        if let Some(glyphs) = &mut self.glyphs {
            let (id, place) = (GlyphId::new(glyph.0.into()), start..self.text.len());
            glyphs.push(KrillaGlyph::new(id, advance, 0.0, 0.0, 0.0, place, None));
        }
    }
}

/// Whether a letter looks the same whatever stands beside it: Latin, Greek and Cyrillic ones do, and
/// what is written between them. Anything else has to be shaped, which takes longer than all the
/// rest of an invoice.
const fn stands_alone(c: char) -> bool {
    matches!(c, ' '..='\u{24f}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
        | '\u{1e00}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' | '\u{20a0}'..='\u{20c0}')
}

impl Typeface {
    fn load(data: Vec<u8>) -> Option<Self> {
        Face::parse(&data, 0).ok()?;
        let data = Arc::new(data);
        let font = Font::new(Arc::clone(&data).into(), 0)?;
        Some(Self { data, font })
    }
}
