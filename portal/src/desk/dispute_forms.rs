//! What is filled in about a dispute, and what an answer is called.

use entities::{
    dispute::Model,
    dispute_answer::{self, State},
};
use payments::disputes::MEDIA;

use super::{
    disputes::{PATH, provider_name},
    form::{Field, Form},
    guard::Staff,
};
use crate::words;

/// Parts of evidence that can be a file, in the provider's words and in people's.
const FILES: [(&str, &str); 4] = [
    ("receipt", "Receipt or invoice"),
    ("customer_communication", "What they wrote to you"),
    ("service_documentation", "What they got, and used"),
    ("uncategorized_file", "Something else"),
];

/// Asks for words and files.
pub(super) fn evidence_form(staff: &Staff, row: &Model) -> Form {
    let once = match row.provider {
        entities::Provider::Stripe => "once: it cannot be changed or added to",
        entities::Provider::Paypal => "until PayPal asks for more",
    };
    let form = Form::post(staff, format!("{PATH}/{}/evidence", row.id), "Send the evidence")
        .titled("Send evidence")
        .about(format!(
            "It goes to {}, {once}. Files are PDF, JPEG or PNG, and 4 MiB together at most.",
            provider_name(row.provider)
        ))
        .anew("version", row.version.to_string())
        .field(
            Field::lines("text", "What speaks for you", "")
                .required()
                .hint("What was bought, and how it was used. At most 1900 characters."),
        );
    FILES.iter().fold(form, |form, (name, label)| form.field(Field::file(name, label, &MEDIA)))
}

/// Asks once more.
pub(super) fn acceptance(staff: &Staff, row: &Model) -> Form {
    let money = words::money(&row.money());
    Form::post(staff, format!("{PATH}/{}/accept", row.id), "Accept the dispute")
        .titled(format!("Give up {money}?"))
        .about(format!(
            "The payer keeps the {money}, and the credits that are set aside are taken. This cannot \
             be taken back, and the provider's fee is not returned."
        ))
        .anew("version", row.version.to_string())
        .tone("danger")
        .or_back_to(format!("{PATH}/{}", row.id))
}

/// What an answer's state is called, and its tone.
pub(super) const fn answer_tag(answer: &dispute_answer::Model) -> (&'static str, &'static str) {
    match answer.state {
        State::Asked => ("wait", "On its way"),
        State::Submitting => ("wait", "Being sent"),
        State::Unknown => ("wait", "Sent, not confirmed yet"),
        State::Sent => ("good", "The provider has it"),
        State::Failed => ("bad", "Not taken"),
    }
}
