use std::sync::{Arc, LazyLock};

use krilla::text::Font;
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
            let width = parsed[index].as_ref().map_or(0.0, |face| advance(face, c));
            match runs.last_mut() {
                Some((last, run)) if *last == index => {
                    run.text.push(c);
                    run.width += width;
                }
                _ => {
                    let font = faces[index].font.clone();
                    runs.push((index, Run { font, text: c.to_string(), width }));
                }
            }
        }
        runs.into_iter().map(|(_, run)| run).collect()
    }
}

/// A piece of text in one font.
pub(super) struct Run {
    pub(super) font: Font,
    pub(super) text: String,
    pub(super) width: f32,
}

impl Typeface {
    fn load(data: Vec<u8>) -> Option<Self> {
        Face::parse(&data, 0).ok()?;
        let data = Arc::new(data);
        let font = Font::new(Arc::clone(&data).into(), 0)?;
        Some(Self { data, font })
    }
}

fn advance(face: &Face<'_>, c: char) -> f32 {
    let glyph = face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph));
    f32::from(glyph.unwrap_or(0)) / f32::from(face.units_per_em())
}
