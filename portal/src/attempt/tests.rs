use entities::{
    CustomerId,
    payment::{Kind, Model, Status},
};

use super::*;

fn payment(status: Status) -> Model {
    let at = Timestamp::from_seconds(1_700_000_000);
    let settled = status.rank() >= Status::Succeeded.rank();
    Model {
        id: PaymentId::new(),
        customer_id: CustomerId::new(),
        package_id: "pro-200".to_owned(),
        kind: Kind::OneTime,
        provider: Provider::Stripe,
        provider_reference: Some("pi_1".to_owned()),
        livemode: false,
        amount: 16_000,
        currency: "usd".parse().unwrap(),
        credits: 200,
        bonus_credits: 40,
        status,
        failure_code: Some("card_declined".to_owned()),
        decline_code: Some("<script>insufficient_funds".to_owned()),
        failed_at: Some(at),
        method_kind: Some("card".to_owned()),
        method_brand: Some("visa".to_owned()),
        method_last4: Some("4242".to_owned()),
        receipt_url: None,
        version: 0,
        created_at: at,
        updated_at: at,
        succeeded_at: settled.then_some(at),
    }
}

fn sample(status: Status, later: Duration) -> String {
    let now = Timestamp::from_seconds(1_700_000_000) + later;
    let balance = Balance { available: 240, held: 0 };
    Attempt::new(payment(status), balance, now).render().unwrap()
}

const REFRESH: &str = "http-equiv=\"refresh\"";

#[test]
fn the_page_looks_again_only_while_something_can_still_come() {
    for status in [Status::Pending, Status::RequiresAction, Status::Processing] {
        assert!(sample(status, Duration::ZERO).contains(REFRESH), "{status:?}");
        let later = sample(status, FOLLOW);
        assert!(!later.contains(REFRESH) && later.contains("Reload it"), "{status:?}");
    }
    for status in [Status::Failed, Status::Canceled, Status::Succeeded, Status::Refunded] {
        assert!(!sample(status, Duration::ZERO).contains(REFRESH), "{status:?}");
    }
}

#[test]
fn a_settled_payment_says_what_was_paid_and_granted() {
    let html = sample(Status::Succeeded, Duration::ZERO);
    for part in ["Paid, and settled", "160.00 USD by visa ending in 4242", "240 credits", "pi_1"] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn a_declined_payment_says_why_and_nothing_breaks_out() {
    let html = sample(Status::Failed, Duration::ZERO);
    assert!(html.contains("insufficient funds") && html.contains("Not credited"));
    assert!(!html.contains("<script"));
}
