//! A page that is drawn on, and the file that is made of it (PDF/A-2b).

use std::collections::BTreeMap;

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::{
    InvoiceError,
    about::About,
    fonts::{Fonts, Glyph, Run},
    page::{HEIGHT, WIDTH},
    subset::{Subset, font_ref},
};

/// Red, green and blue.
pub(super) type Colour = (u8, u8, u8);

/// The one space of colours: it needs no profile that would have to be embedded.
const COLOURS: Name<'static> = Name(b"Rgb");

/// What was used of a font.
#[derive(Default)]
struct Used {
    /// The highest number of a glyph.
    last: usize,
    /// Glyphs beyond those that are ready.
    more: Vec<(u16, String)>,
}

/// A page that is drawn on. Lengths are points; y grows downwards.
pub(super) struct Canvas<'a> {
    pub(super) fonts: &'a Fonts,
    content: Content,
    /// What was used of each font.
    used: BTreeMap<usize, Used>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(fonts: &'a Fonts) -> Self {
        let mut content = Content::new();
        content.set_fill_color_space(COLOURS).set_stroke_color_space(COLOURS);
        Self { fonts, content, used: BTreeMap::new() }
    }

    /// Writes `text` from `x` on, on the line at `y`.
    pub(super) fn write(
        &mut self,
        (mut x, y): (f32, f32),
        text: &str,
        (size, bold, colour): (f32, bool, Colour),
    ) {
        self.content.set_fill_color(parts(colour));
        for run in self.fonts.runs(text, bold) {
            self.run((x, HEIGHT - y), &run, size);
            x += run.width * size;
        }
    }

    /// Draws a line from one point to another.
    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, colour: Colour) {
        self.content
            .set_stroke_color(parts(colour))
            .set_line_width(width)
            .move_to(from.0, HEIGHT - from.1)
            .line_to(to.0, HEIGHT - to.1)
            .stroke();
    }

    fn run(&mut self, (x, y): (f32, f32), run: &Run, size: f32) {
        let mut faithful = !run.shaped;
        let mut numbers = Vec::with_capacity(run.glyphs.len());
        for glyph in &run.glyphs {
            let text = &run.text[glyph.text.clone()];
            let (number, writes) = self.number(run.slot, glyph.id, text);
            numbers.push(number);
            faithful &= writes;
        }
        if !faithful {
            let mut marked = self.content.begin_marked_content_with_properties(Name(b"Span"));
            marked.properties().actual_text(TextStr(&run.text));
        }
        self.content.begin_text();
        self.content.set_font(Name(font_name(run.slot).as_bytes()), size);
        if run.shaped {
            self.placed((x, y), &run.glyphs, &numbers, size);
        } else {
            let letters: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
            self.content.next_line(x, y).show(Str(&letters));
        }
        self.content.end_text();
        if !faithful {
            self.content.end_marked_content();
        }
    }

    /// Each glyph where it belongs.
    fn placed(&mut self, (mut x, y): (f32, f32), glyphs: &[Glyph], numbers: &[u16], size: f32) {
        for (glyph, number) in glyphs.iter().zip(numbers) {
            let (right, up) = glyph.moved;
            let at = [1.0, 0.0, 0.0, 1.0, x + right * size, y + up * size];
            self.content.set_text_matrix(at).show(Str(&number.to_be_bytes()));
            x += glyph.advance * size;
        }
    }

    /// The number in this document of glyph `id` of the font at `slot`, and whether it says `text`
    /// by itself.
    fn number(&mut self, slot: usize, id: u16, text: &str) -> (u16, bool) {
        let used = self.used.entry(slot).or_default();
        let ready = self.fonts.face(slot).ready.last();
        if let Some((number, writes)) = ready.and_then(|ready| ready.find(id)) {
            used.last = used.last.max(number.into());
            return (number, writes == text);
        }
        let place = used.more.iter().position(|(other, _)| *other == id).unwrap_or_else(|| {
            used.more.push((id, text.to_owned()));
            used.more.len() - 1
        });
        let number = ready.map_or(0, |ready| ready.glyphs.len()) + place + 1;
        used.last = used.last.max(number);
        (u16::try_from(number).unwrap_or_default(), used.more[place].1 == text)
    }

    /// The file: this page, and what it says of itself.
    pub(super) fn finish(self, about: &About) -> Result<Vec<u8>, InvoiceError> {
        let [catalog, pages, page, content, info, metadata] =
            std::array::from_fn(|index| Ref::new(i32::try_from(index).unwrap_or_default() + 1));
        let mut pdf = Pdf::with_capacity(64 * 1024);
        about.write(&mut pdf, info, metadata);
        let mut root = pdf.catalog(catalog);
        root.pages(pages).metadata(metadata).lang(TextStr("en"));
        root.viewer_preferences().display_doc_title(true);
        root.finish();
        pdf.pages(pages).kids([page]).count(1);
        let slots = self.embed(&mut pdf)?;
        let mut sheet = pdf.page(page);
        sheet.parent(pages).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(content);
        let mut resources = sheet.resources();
        resources
            .color_spaces()
            .insert(COLOURS)
            .start::<pdf_writer::writers::ColorSpace<'_>>()
            .srgb();
        let mut fonts = resources.fonts();
        for slot in slots {
            fonts.pair(Name(font_name(slot).as_bytes()), font_ref(slot));
        }
        fonts.finish();
        resources.finish();
        sheet.finish();
        // Not packed: it is small, and packing would take as long as drawing.
        pdf.stream(content, &self.content.finish());
        Ok(pdf.finish())
    }

    /// Embeds what is used of the fonts, and returns which these are.
    fn embed(&self, pdf: &mut Pdf) -> Result<Vec<usize>, InvoiceError> {
        for (slot, used) in &self.used {
            let face = self.fonts.face(*slot);
            let ready = face.ready.iter().find(|ready| ready.glyphs.len() >= used.last);
            if let Some(ready) = ready {
                pdf.extend(&ready.objects);
                continue;
            }
            let ready = face.ready.last().map_or(&[][..], |ready| &ready.glyphs);
            let glyphs = [ready, &used.more].concat();
            pdf.extend(&Subset::new(face.data(), *slot, glyphs)?.objects);
        }
        Ok(self.used.keys().copied().collect())
    }
}

fn font_name(slot: usize) -> String {
    format!("F{slot}")
}

fn parts((red, green, blue): Colour) -> [f32; 3] {
    [red, green, blue].map(|part| f32::from(part) / 255.0)
}
