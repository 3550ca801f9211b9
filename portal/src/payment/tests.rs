use entities::{
    CustomerId, Provider,
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
        decline_code: None,
        failed_at: Some(at),
        method_kind: Some("card".to_owned()),
        method_brand: Some("visa".to_owned()),
        method_last4: Some("4242".to_owned()),
        method_wallet: None,
        receipt_url: None,
        card_blind: None,
        card_country: None,
        risk: None,
        risk_score: None,
        address_blind: None,
        address: None,
        device_blind: None,
        refunded: 0,
        version: 0,
        created_at: at,
        updated_at: at,
        succeeded_at: settled.then_some(at),
    }
}

fn story(payment: &Model, usual: Option<u64>, later: u64) -> Story {
    let now = payment.created_at + Duration::from_secs(later);
    Story::of(payment, usual.map(Duration::from_secs), now)
}

// AC9.1.8
#[test]
fn the_estimate_is_what_others_waited_and_honest_when_it_is_exceeded() {
    let open = payment(Status::Pending);
    assert_eq!(story(&open, Some(3), 1).text, "This usually takes about 3 seconds.");
    assert_eq!(story(&open, None, 1).text, "This usually takes a few seconds.");
    assert!(story(&open, Some(3), 30).text.contains("longer than usual"));
    assert!(!story(&open, Some(60), 30).text.contains("longer than usual"));
    assert_eq!(story(&open, None, 3_600).title, "This was not paid");
    let mut bank = payment(Status::Processing);
    bank.method_kind = Some("us_bank_account".to_owned());
    assert!(story(&bank, Some(1), 60).text.contains("four business days"));
}

// AC9.1.4, 002-ER1, 002-ER2, 002-ER3, 002-ER4
#[test]
fn a_refusal_names_its_reason_and_the_next_step_and_tells_a_thief_nothing() {
    let told = |code: &str| {
        let mut failed = payment(Status::Failed);
        failed.decline_code = Some(code.to_owned());
        story(&failed, None, 1)
    };
    assert!(told("insufficient_funds").text.contains("insufficient funds"));
    assert!(told("insufficient_funds").next.contains("smaller package"));
    assert!(told("expired_card").text.contains("expired"));
    assert!(told("incorrect_cvc").next.contains("security code"));
    assert!(told("processing_error").next.contains("in a minute"));
    let plain = told("generic_decline").text;
    for code in ["lost_card", "stolen_card", "fraudulent", "<script>"] {
        assert_eq!(told(code).text, plain, "{code}");
    }
    assert!(told("expired_card").again && !story(&payment(Status::Succeeded), None, 1).again);
}

// AC9.2.3
#[test]
fn a_payment_of_paypals_speaks_of_paypal() {
    let at = |status, code: &str| Model {
        provider: Provider::Paypal,
        failure_code: Some(code.to_owned()),
        ..payment(status)
    };
    let waits = Model { failure_code: None, ..at(Status::RequiresAction, "") };
    assert!(story(&waits, None, 1).title.contains("PayPal") && story::goes_on_at_paypal(&waits));
    assert!(story(&at(Status::Processing, ""), None, 1).text.contains("six business days"));
    let declined = at(Status::RequiresAction, "instrument_declined");
    assert!(story::is_paypals_to_mend(&declined) && story::goes_on_at_paypal(&declined));
    assert!(story(&declined, None, 1).text.contains("PayPal could not take the money"));
    for code in ["payer_cannot_pay", "capture_denied", "compliance_violation"] {
        let failed = at(Status::Failed, code);
        assert!(!story::goes_on_at_paypal(&failed), "{code}");
        let text = story(&failed, None, 1).text;
        assert!(text.contains("PayPal") && text.contains("not been charged"), "{text}");
    }
    let paid = at(Status::Succeeded, "");
    assert!(!story::goes_on_at_paypal(&paid));
    assert_eq!(story::steps(&paid, 0, None, false)[1].title, "PayPal confirmed");
    assert!(!story::goes_on_at_paypal(&payment(Status::RequiresAction)));
    assert!(!is_open(&declined) && is_open(&waits));
}

#[test]
fn the_last_step_is_done_when_the_mail_is_out() {
    let paid = payment(Status::Succeeded);
    let last = |mailed| story::steps(&paid, 0, Some("a@example.com"), mailed).pop().unwrap();
    assert_eq!((last(false).tone, last(true).tone), ("now", "done"));
    assert_eq!(story::steps(&paid, 0, None, false).pop().unwrap().tone, "done");
    assert_eq!(story::steps(&payment(Status::Failed), 0, None, false).len(), 2);
}
