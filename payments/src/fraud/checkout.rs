use entities::{Timestamp, customer, package};

use super::{Suspect, Visit, gather};
use crate::{
    Error, Store,
    core::fraud::{Rules, Verdict, judge},
};

/// Whether `customer`, whose mail goes to `email`, coming from `visit`, may begin to buy `package`.
///
/// Fails with [`Error::NotSold`] if not, and closed: what cannot be read refuses too.
pub(crate) async fn admit(
    store: &Store,
    rules: &Rules,
    (customer, email): (&customer::Model, Option<&str>),
    package: &package::Model,
    visit: &Visit,
    now: Timestamp,
) -> Result<(), Error> {
    let suspect = Suspect {
        payment_id: None,
        customer_id: customer.id,
        amount: package.amount,
        currency: package.currency.clone(),
        card_blind: None,
        card_country: None,
        risk: None,
        risk_score: None,
        address_blind: visit.address_blind(&store.vault),
        device_blind: visit.device_blind(&store.vault),
        email_domain: email.and_then(domain),
        address: visit.digits(),
    };
    let facts = gather(store.db.reader(), &store.vault, rules, &[suspect], now).await?;
    let judgement = judge(facts.first().ok_or(Error::Invalid("nobody buys"))?, rules);
    if judgement.verdict == Verdict::Block {
        let rules: Vec<&str> = judgement.hits.iter().map(|hit| hit.rule.as_str()).collect();
        tracing::warn!(customer.id = %customer.id, rules = rules.join(","), "refused a purchase");
        metrics::counter!("quittance_purchases_refused_total").increment(1);
    }
    judgement.refusal().map_or(Ok(()), |refused| Err(Error::NotSold(refused)))
}

/// What follows the @, as it is compared.
pub(crate) fn domain(email: &str) -> Option<String> {
    let (_, domain) = email.rsplit_once('@')?;
    let domain = domain.trim().trim_end_matches('.').to_lowercase();
    (!domain.is_empty()).then_some(domain)
}
