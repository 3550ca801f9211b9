//! What of a font is embedded in a document, as the objects of the PDF.

use pdf_writer::{
    Chunk, Filter, Finish, Name, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use rustybuzz::ttf_parser::{Face, GlyphId, Tag, name_id};
use subsetter::GlyphRemapper;

use super::{InvoiceError, packed};

/// Objects of a font, from its first on; those of the document come before.
const OBJECTS: i32 = 8;

const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Glyphs of a font: their numbers in the document are 1, 2, 3 and so on.
pub(super) struct Subset {
    /// By their numbers in the font, with what they write.
    pub(super) glyphs: Vec<(u16, String)>,
    /// Their numbers in the document, at the places of those in the font; 0 for the others.
    numbers: Vec<u16>,
    /// The objects.
    pub(super) objects: Chunk,
}

/// The object that is the font at `slot`.
pub(super) fn font_ref(slot: usize) -> Ref {
    Ref::new(OBJECTS * (i32::try_from(slot).unwrap_or(i32::MAX / OBJECTS - 1) + 1))
}

impl Subset {
    /// Takes `glyphs`, the first of two that are the same, from the font `data` at `slot`.
    pub(super) fn new(
        data: &[u8],
        slot: usize,
        glyphs: Vec<(u16, String)>,
    ) -> Result<Self, InvoiceError> {
        let mut remapper = GlyphRemapper::new();
        let highest = glyphs.iter().map(|(id, _)| usize::from(*id)).max();
        let mut numbers = vec![0; highest.map_or(0, |highest| highest + 1)];
        let mut kept = Vec::with_capacity(glyphs.len());
        for (id, text) in glyphs {
            let number = &mut numbers[usize::from(id)];
            if *number == 0 {
                *number = remapper.remap(id);
                kept.push((id, text));
            }
        }
        let program = subsetter::subset(data, 0, &remapper).map_err(InvoiceError::pdf)?;
        let face = Face::parse(data, 0).map_err(InvoiceError::pdf)?;
        let objects = objects(&face, font_ref(slot), &kept, &program)?;
        Ok(Self { glyphs: kept, numbers, objects })
    }

    /// The number in the document of glyph `id` of the font, and what it writes.
    pub(super) fn find(&self, id: u16) -> Option<(u16, &str)> {
        let number = *self.numbers.get(usize::from(id))?;
        let (_, text) = self.glyphs.get(usize::from(number).checked_sub(1)?)?;
        Some((number, text))
    }
}

/// The font that begins at `first` (ISO 32000-1, 9.7), of which `program` is the file.
fn objects(
    face: &Face<'_>,
    first: Ref,
    glyphs: &[(u16, String)],
    program: &[u8],
) -> Result<Chunk, InvoiceError> {
    let mut next = first;
    let [font, letters, descriptor, unicode, file] = std::array::from_fn(|_| next.bump());
    let outlines = outlines(program)?;
    let name = name(face, glyphs);
    let mut chunk = Chunk::new();
    let full = if outlines.is_cff { format!("{name}-Identity-H") } else { name.clone() };
    chunk
        .type0_font(font)
        .base_font(Name(full.as_bytes()))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(letters)
        .to_unicode(unicode);

    let mut cid = chunk.cid_font(letters);
    let kind = if outlines.is_cff { CidFontType::Type0 } else { CidFontType::Type2 };
    cid.subtype(kind).base_font(Name(name.as_bytes())).system_info(SYSTEM);
    cid.font_descriptor(descriptor).default_width(0.0);
    if !outlines.is_cff {
        cid.cid_to_gid_map_predefined(Name(b"Identity"));
    }
    let ids = std::iter::once(0).chain(glyphs.iter().map(|(id, _)| *id));
    let widths = ids.map(|id| scaled(face, face.glyph_hor_advance(GlyphId(id)).unwrap_or(0)));
    cid.widths().consecutive(0, widths);
    cid.finish();

    describe(&mut chunk, descriptor, face, &name, (file, outlines.is_cff));
    let mut texts = UnicodeCmap::<u16>::new(Name(b"Custom"), SYSTEM);
    for (number, (_, text)) in (1..).zip(glyphs) {
        texts.pair_with_multiple(number, text.chars());
    }
    chunk.cmap(unicode, &packed(&texts.finish())?).filter(Filter::FlateDecode);
    let data = packed(outlines.data)?;
    let mut stream = chunk.stream(file, &data);
    stream.filter(Filter::FlateDecode);
    if outlines.is_cff {
        stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
    } else {
        let length = i32::try_from(outlines.data.len()).map_err(InvoiceError::pdf)?;
        stream.pair(Name(b"Length1"), length);
    }
    stream.finish();
    Ok(chunk)
}

/// What is embedded of a font's file.
struct Outlines<'a> {
    data: &'a [u8],
    is_cff: bool,
}

fn outlines(program: &[u8]) -> Result<Outlines<'_>, InvoiceError> {
    let raw = rustybuzz::ttf_parser::RawFace::parse(program, 0).map_err(InvoiceError::pdf)?;
    Ok(match raw.table(Tag::from_bytes(b"CFF ")) {
        Some(data) => Outlines { data, is_cff: true },
        None => Outlines { data: program, is_cff: false },
    })
}

fn describe(chunk: &mut Chunk, at: Ref, face: &Face<'_>, name: &str, (file, is_cff): (Ref, bool)) {
    let mut flags = FontFlags::SYMBOLIC;
    flags.set(FontFlags::FIXED_PITCH, face.is_monospaced());
    flags.set(FontFlags::ITALIC, face.is_italic());
    let bounds = face.global_bounding_box();
    let [left, bottom, right, top] =
        [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|units| scaled(face, units));
    let mut descriptor = chunk.font_descriptor(at);
    descriptor
        .name(Name(name.as_bytes()))
        .flags(flags)
        .bbox(Rect::new(left, bottom, right, top))
        .italic_angle(face.italic_angle())
        .ascent(scaled(face, face.ascender()))
        .descent(scaled(face, face.descender()))
        .cap_height(scaled(face, face.capital_height().unwrap_or(face.ascender())))
        // What other writers take, too: no font says how thick its stems are.
        .stem_v(10.0 + 0.244 * (f32::from(face.weight().to_number()) - 50.0));
    if is_cff {
        descriptor.font_file3(file);
    } else {
        descriptor.font_file2(file);
    }
}

/// A thousandth of the size is the unit of fonts in documents.
fn scaled(face: &Face<'_>, units: impl Into<f32>) -> f32 {
    units.into() * 1_000.0 / f32::from(face.units_per_em())
}

/// The font's name after a tag of six letters that says which of its glyphs are there.
fn name(face: &Face<'_>, glyphs: &[(u16, String)]) -> String {
    let ids: Vec<u8> = glyphs.iter().flat_map(|(id, _)| id.to_le_bytes()).collect();
    let mut hash = crc32fast::hash(&ids);
    let mut tag = String::with_capacity(6);
    for _ in 0..6 {
        tag.push(char::from(b'A' + u8::try_from(hash % 26).unwrap_or_default()));
        hash /= 26;
    }
    let mut names =
        face.names().into_iter().filter(|name| name.name_id == name_id::POST_SCRIPT_NAME);
    let known = names.find_map(|name| name.to_string());
    let plain = known.unwrap_or_default().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!("{tag}+{}", if plain.is_empty() { "Font" } else { &plain[..plain.len().min(60)] })
}
