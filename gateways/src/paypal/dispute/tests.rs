use serde_json::{Value, json};

use super::*;

const CAPTURE: &str = "2GG279541U471931P";

fn dispute(status: &str, more: &Value) -> Value {
    let mut dispute = json!({
        "dispute_id": "PP-D-4012", "status": status, "reason": "UNAUTHORISED",
        "disputed_transactions": [{"seller_transaction_id": CAPTURE}],
        "dispute_amount": {"currency_code": "USD", "value": "160.00"},
        "create_time": "2026-01-02T00:00:00Z", "update_time": "2026-01-03T00:00:00Z",
        "seller_response_due_date": "2026-01-12T00:00:00Z",
    });
    for (name, value) in more.as_object().unwrap() {
        dispute[name] = value.clone();
    }
    dispute
}

fn outcome(code: &str) -> Value {
    json!({ "dispute_outcome": { "outcome_code": code } })
}

fn fact(dispute: &Value) -> Result<DisputeFact, Unreadable> {
    let captured = Captured { order: "5O190127TN364715T".to_owned(), merchant: "M".to_owned() };
    let around = Around { livemode: false, compares_merchant: true, answered_at: None };
    let text = dispute.to_string();
    let dispute = Dispute::parse(text.as_bytes())?;
    assert_eq!(dispute.capture().unwrap(), CAPTURE);
    dispute.fact(&captured, &around)
}

#[test]
fn a_dispute_says_what_until_when_and_of_which_order() {
    let told = fact(&dispute("WAITING_FOR_SELLER_RESPONSE", &json!({}))).unwrap();
    assert_eq!(told.reference, "PP-D-4012");
    assert_eq!(told.payment_reference, "5O190127TN364715T");
    assert_eq!(told.reason, "unauthorised");
    assert_eq!(told.amount.minor, 16_000);
    assert_eq!(told.account.as_deref(), Some("M"));
    assert_eq!(told.evidence_due.unwrap().seconds(), 1_768_176_000);
    assert_eq!((told.stage, told.funds), (DisputeStage::NeedsResponse, None));
}

#[test]
fn each_status_and_outcome_has_a_stage() {
    for (status, stage) in [
        ("OPEN", DisputeStage::NeedsResponse),
        ("WAITING_FOR_BUYER_RESPONSE", DisputeStage::UnderReview),
        ("UNDER_REVIEW", DisputeStage::UnderReview),
    ] {
        assert_eq!(fact(&dispute(status, &json!({}))).unwrap().stage, stage);
    }
    for (code, stage, funds) in [
        ("RESOLVED_BUYER_FAVOUR", DisputeStage::Lost, Some(Funds::Withdrawn)),
        ("ACCEPTED", DisputeStage::Lost, Some(Funds::Withdrawn)),
        ("RESOLVED_SELLER_FAVOUR", DisputeStage::Won, None),
        ("DENIED", DisputeStage::Won, None),
        ("RESOLVED_WITH_PAYOUT", DisputeStage::Won, None),
        ("CANCELED_BY_BUYER", DisputeStage::Harmless, None),
        ("NONE", DisputeStage::Harmless, None),
    ] {
        let told = fact(&dispute("RESOLVED", &outcome(code))).unwrap();
        assert_eq!((told.stage, told.funds), (stage, funds), "{code}");
    }
    assert!(fact(&dispute("RESOLVED", &json!({}))).is_err());
    assert!(fact(&dispute("RESOLVED", &outcome("FLIPPED"))).is_err());
    assert!(fact(&dispute("LOST", &json!({}))).is_err());
}

#[test]
fn movements_of_the_sellers_money_are_told_and_fees_are_not() {
    let moved = |party: &str, kind: &str, reason: &str| json!({ "affected_party": party, "type": kind, "reason": reason });
    let taken = moved("SELLER", "DEBIT", "DISPUTE_SETTLEMENT");
    let returned = moved("SELLER", "CREDIT", "DISPUTE_SETTLEMENT");
    let with = |movements: Value| dispute("UNDER_REVIEW", &json!({ "money_movements": movements }));
    assert_eq!(fact(&with(json!([taken]))).unwrap().funds, Some(Funds::Withdrawn));
    assert_eq!(fact(&with(json!([taken, returned]))).unwrap().funds, Some(Funds::Reinstated));
    let fee = moved("SELLER", "DEBIT", "CHARGEBACK_FEE");
    let buyer = moved("BUYER", "CREDIT", "DISPUTE_SETTLEMENT");
    assert_eq!(fact(&with(json!([fee, buyer]))).unwrap().funds, None);
    let mut paid = dispute("RESOLVED", &outcome("RESOLVED_WITH_PAYOUT"));
    paid["money_movements"] = json!([taken]);
    assert_eq!(fact(&paid).unwrap().stage, DisputeStage::Lost);
}

#[test]
fn of_a_dispute_that_was_lost_in_part_the_part_is_told() {
    let mut lost = dispute("RESOLVED", &outcome("RESOLVED_BUYER_FAVOUR"));
    lost["dispute_outcome"]["amount_refunded"] = json!({"currency_code": "USD", "value": "40.00"});
    assert_eq!(fact(&lost).unwrap().amount.minor, 4_000);
}

#[test]
fn a_dispute_about_several_payments_is_for_a_person() {
    let two = json!([{"seller_transaction_id": "A"}, {"seller_transaction_id": "B"}]);
    let text = dispute("OPEN", &json!({ "disputed_transactions": two })).to_string();
    assert!(Dispute::parse(text.as_bytes()).unwrap().capture().is_err());
}
