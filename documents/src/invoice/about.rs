//! What a document says of itself.

use pdf_writer::{Date, Pdf, Ref, TextStr};
use time::OffsetDateTime;
use xmp_writer::{DateTime, LangId, Timezone, XmpWriter};

const CREATOR: &str = "Quittance";

/// What a document says of itself.
pub(super) struct About {
    pub(super) title: String,
    /// The same for the same document.
    pub(super) id: String,
    /// When it was made out.
    pub(super) at: OffsetDateTime,
}

impl About {
    /// Writes it twice, as readers of either age look for it.
    pub(super) fn write(&self, pdf: &mut Pdf, info: Ref, metadata: Ref) {
        let year = u16::try_from(self.at.year()).unwrap_or(1970);
        let (month, day) = (u8::from(self.at.month()), self.at.day());
        let (hour, minute, second) = self.at.to_hms();
        let date = Date::new(year).month(month).day(day).hour(hour).minute(minute).second(second);
        let date = date.utc_offset_hour(0).utc_offset_minute(0);
        pdf.document_info(info)
            .title(TextStr(&self.title))
            .creator(TextStr(CREATOR))
            .creation_date(date)
            .modified_date(date);
        let id = self.id.as_bytes().to_vec();
        pdf.set_file_id((id.clone(), id));

        let at = DateTime {
            year,
            month: Some(month),
            day: Some(day),
            hour: Some(hour),
            minute: Some(minute),
            second: Some(second),
            timezone: Some(Timezone::Utc),
        };
        let mut xmp = XmpWriter::new();
        xmp.title([(None, self.title.as_str())]).language([LangId("en")]).creator_tool(CREATOR);
        xmp.create_date(at).modify_date(at).document_id(&self.id).instance_id(&self.id);
        xmp.format("application/pdf");
        xmp.pdf_version("1.7").pdfa_part(2).pdfa_conformance("B");
        pdf.metadata(metadata, xmp.finish(None).as_bytes());
    }
}
