use entities::{
    PaymentId, Provider, Timestamp,
    fact::{CardMark, Evidence, Fact, Failure, MethodSummary, Receipt, RiskLevel},
};
use serde_json::{Value, json};

use super::*;

const OURS: &str = "txn_0199a3c5d2e87b3c8f0a1b2c3d4e5f60";

/// A payment intent as the 2026 API sends it: `latest_charge` is an id.
fn intent() -> Value {
    json!({
        "id": "pi_3Qx", "object": "payment_intent", "amount": 16_000, "amount_capturable": 0,
        "amount_details": {"tip": {}}, "amount_received": 0, "application": null,
        "automatic_payment_methods": {"allow_redirects": "never", "enabled": true},
        "canceled_at": null, "capture_method": "automatic_async",
        "client_secret": "pi_3Qx_secret_s3cret", "confirmation_method": "automatic",
        "created": 1_767_225_000, "currency": "usd", "customer": null, "description": "Pro",
        "last_payment_error": null, "latest_charge": null, "livemode": false,
        "metadata": {"payment_id": OURS}, "next_action": null, "payment_method": null,
        "payment_method_types": ["card", "link"], "receipt_email": null,
        "status": "requires_payment_method", "transfer_data": null
    })
}

fn event(kind: &str, changes: &Value) -> Value {
    let mut object = intent();
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
    json!({
        "id": "evt_1", "object": "event", "api_version": "2026-09-30.endive",
        "created": 1_767_225_600, "data": {"object": object}, "livemode": false,
        "pending_webhooks": 1, "request": {"id": "req_1", "idempotency_key": null}, "type": kind
    })
}

fn read_value(event: &Value) -> Result<Reading, ReadError> {
    read(event.to_string().as_bytes())
}

fn fact(kind: &str, changes: &Value) -> Fact {
    match read_value(&event(kind, changes)).unwrap() {
        Reading::Fact(fact) => *fact,
        other => panic!("{kind} is a fact, not {other:?}"),
    }
}

fn expected(news: News) -> Fact {
    Fact {
        provider: Provider::Stripe,
        reference: "pi_3Qx".into(),
        claimed: Some(OURS.parse().unwrap()),
        livemode: false,
        account: None,
        asked: entities::Money::new(16_000, "usd".parse().unwrap()),
        occurred_at: Timestamp::from_seconds(1_767_225_600),
        news,
    }
}

fn receipt(changes: &Value) -> Receipt {
    let mut changes = changes.clone();
    changes["status"] = "succeeded".into();
    if changes.get("amount_received").is_none() {
        changes["amount_received"] = 16_000.into();
    }
    match fact("payment_intent.succeeded", &changes).news {
        News::Succeeded(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_kind_is_read() {
    for (kind, status, news) in [
        ("created", "requires_payment_method", News::Created),
        ("requires_action", "requires_action", News::RequiresAction),
        ("processing", "processing", News::Processing),
        ("canceled", "canceled", News::Canceled),
    ] {
        let fact = fact(&format!("payment_intent.{kind}"), &json!({"status": status}));
        assert_eq!(fact, expected(news), "{kind}");
    }
}

#[test]
fn a_success_says_what_was_collected() {
    let short = receipt(&json!({"amount_received": 9, "latest_charge": "ch_1"}));
    assert_eq!(short.collected.minor, 9);
    assert_eq!(short.method, MethodSummary::default(), "the payer had a choice");
    assert_eq!(short.receipt_url, None);

    let only = receipt(&json!({"payment_method_types": ["us_bank_account"]}));
    assert_eq!(only.method.kind.as_deref(), Some("us_bank_account"));
}

#[test]
fn a_success_with_its_charge_says_how_it_was_paid() {
    let details = json!({"type": "card", "card": {"brand": "visa", "last4": "4242", "exp_year": 30,
               "wallet": {"type": "google_pay", "google_pay": {}}}});
    let method = MethodSummary {
        kind: Some("card".into()),
        brand: Some("visa".into()),
        last4: Some("4242".into()),
        wallet: Some("google_pay".into()),
    };
    let charge = json!({
        "id": "ch_1", "created": 1_767_225_590, "payment_method_details": details,
        "receipt_url": "https://pay.stripe.com/receipts/1"
    });
    let receipt_of_charge = receipt(&json!({"latest_charge": charge}));
    assert_eq!(receipt_of_charge.method, method);
    assert_eq!(receipt_of_charge.receipt_url.as_deref(), Some("https://pay.stripe.com/receipts/1"));
    let mut expanded = details;
    expanded["id"] = "pm_1".into();
    assert_eq!(receipt(&json!({"payment_method": expanded})).method, method);
}

#[test]
fn what_may_not_be_stored_or_shown_is_dropped() {
    let receipt = receipt(&json!({"latest_charge": {
        "payment_method_details": {"type": "card", "card": {
            "brand": "<script>", "last4": "4242424242424242", "number": "4242424242424242"
        }},
        "receipt_url": "javascript:alert(1)"
    }}));
    let kind = Some("card".to_owned());
    assert_eq!(receipt.method, MethodSummary { kind, ..MethodSummary::default() });
    assert_eq!(receipt.receipt_url, None);
}

#[test]
fn a_failure_says_why() {
    for (error, code, decline_code) in [
        (
            json!({"code": "card_declined", "decline_code": "insufficient_funds", "type": "card_error"}),
            "card_declined",
            Some("insufficient_funds"),
        ),
        (json!({"code": "expired_card"}), "expired_card", None),
        (json!({"code": null, "type": "api_error"}), "unknown", None),
        (json!({"code": "<b>&</b>"}), "unknown", None),
        (json!("odd"), "unknown", None),
        (Value::Null, "unknown", None),
    ] {
        let decline_code = decline_code.map(str::to_owned);
        let news = News::Failed(Failure { code: code.to_owned(), decline_code });
        let fact = fact("payment_intent.payment_failed", &json!({"last_payment_error": error}));
        assert_eq!(fact, expected(news));
    }
}

#[test]
fn other_kinds_are_irrelevant_whatever_they_hold() {
    for kind in ["charge.pending", "payment_intent.amount_capturable_updated", "a.new.kind"] {
        let odd = event(kind, &json!({"object": 7, "amount": "x"}));
        assert_eq!(read_value(&odd).unwrap(), Reading::Irrelevant, "{kind}");
    }
}

// Spoof classes 25 and 26: they are read as they are, so that they can be compared.
#[test]
fn amounts_and_currencies_are_passed_on_as_they_are() {
    let fact = fact("payment_intent.created", &json!({"amount": 100, "currency": "eur"}));
    assert_eq!(fact.asked.to_string(), "1.00 EUR");
    let yen = receipt(&json!({"amount": 500, "amount_received": 500, "currency": "jpy"}));
    assert_eq!(yen.collected.to_string(), "500 JPY");
}

#[test]
fn class_27_the_mode_is_the_events_and_must_be_the_objects() {
    let mut live = event("payment_intent.created", &json!({"livemode": true}));
    assert!(matches!(read_value(&live), Err(ReadError::Contradiction("mode"))));
    live["livemode"] = true.into();
    assert!(matches!(read_value(&live), Ok(Reading::Fact(fact)) if fact.livemode));
}

#[test]
fn class_28_the_account_is_the_events() {
    let mut connected = event("payment_intent.created", &json!({"account": "acct_object"}));
    connected["account"] = "acct_event".into();
    let read = read_value(&connected);
    assert!(
        matches!(read, Ok(Reading::Fact(fact)) if fact.account.as_deref() == Some("acct_event"))
    );
}

#[test]
fn class_30_a_claim_that_is_no_id_of_ours_is_none() {
    let claims = [
        json!({}),
        Value::Null,
        json!([]),
        json!({"payment_id": ""}),
        json!({"payment_id": 7}),
        json!({"payment_id": "cust_0199a3c5d2e87b3c8f0a1b2c3d4e5f60"}),
        json!({"payment_id": "txn_' OR 1=1"}),
    ];
    for metadata in claims {
        let fact = fact("payment_intent.created", &json!({"metadata": metadata}));
        assert_eq!(fact.claimed, None::<PaymentId>, "{metadata}");
    }
}

#[test]
fn what_lacks_a_part_that_we_need_is_an_error() {
    for (kind, changes) in [
        ("created", json!({"object": "charge"})),
        ("created", json!({"id": ""})),
        ("created", json!({"id": null})),
        ("created", json!({"amount": -1})),
        ("created", json!({"amount": 1.5})),
        ("created", json!({"amount": "16000"})),
        ("created", json!({"amount": 9_223_372_036_854_775_808_u64})),
        ("created", json!({"currency": "zzz"})),
        ("created", json!({"currency": null})),
        ("created", json!({"livemode": null})),
        ("succeeded", json!({"status": "succeeded", "amount_received": null})),
        ("succeeded", json!({"status": "succeeded", "amount_received": -1})),
        ("succeeded", json!({"status": "processing", "amount_received": 16_000})),
    ] {
        let odd = event(&format!("payment_intent.{kind}"), &changes);
        assert!(read_value(&odd).is_err(), "{kind} {changes}");
    }
}

fn about(kind: &str, object: &Value, before: &Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "created": 1_767_225_600, "livemode": false, "type": kind,
        "data": {"object": object, "previous_attributes": before}
    })
}

fn charge() -> Value {
    json!({
        "id": "ch_1", "object": "charge", "amount": 16_000, "currency": "usd", "livemode": false,
        "status": "succeeded", "payment_intent": "pi_3Qx", "metadata": {"payment_id": OURS},
        "outcome": {"risk_level": "elevated", "risk_score": 66, "type": "authorized"},
        "payment_method_details": {"type": "card", "card": {
            "brand": "visa", "country": "US", "fingerprint": "Xt5EWLLDS7FJjR1c", "last4": "4242"
        }},
        "receipt_url": "https://pay.stripe.com/receipts/1"
    })
}

// AC9.4.1
#[test]
fn a_charge_tells_how_its_payment_was_paid() {
    let event = about("charge.succeeded", &charge(), &Value::Null);
    let Reading::Fact(fact) = read_value(&event).unwrap() else { panic!("it is news") };
    let receipt = Receipt {
        collected: entities::Money::new(16_000, "usd".parse().unwrap()),
        method: MethodSummary {
            kind: Some("card".into()),
            brand: Some("visa".into()),
            last4: Some("4242".into()),
            wallet: None,
        },
        receipt_url: Some("https://pay.stripe.com/receipts/1".into()),
        evidence: Evidence {
            card: Some(CardMark("Xt5EWLLDS7FJjR1c".into())),
            card_country: Some("US".into()),
            risk: Some(RiskLevel::Elevated),
            risk_score: Some(66),
        },
    };
    assert_eq!(*fact, expected(News::Charged(receipt)));
}

#[test]
fn a_charge_that_failed_or_stands_alone_says_nothing() {
    for (name, value) in [("status", json!("failed")), ("payment_intent", Value::Null)] {
        let mut charge = charge();
        charge[name] = value;
        let event = about("charge.updated", &charge, &Value::Null);
        assert_eq!(read_value(&event).unwrap(), Reading::Irrelevant, "{name}");
    }
    let mut live = charge();
    live["livemode"] = json!(true);
    assert!(read_value(&about("charge.succeeded", &live, &Value::Null)).is_err());
}

// 000-FR3
#[test]
fn a_checkout_session_speaks_of_its_payment_intent() {
    let session = |status: &str| {
        json!({
            "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "livemode": false,
            "payment_status": status, "amount_total": 16_000, "currency": "usd",
            "payment_intent": "pi_3Qx", "client_reference_id": OURS
        })
    };
    let news =
        |kind: &str, status: &str| match read_value(&about(kind, &session(status), &Value::Null))
            .unwrap()
        {
            Reading::Fact(fact) => fact.news,
            other => panic!("{kind} is news, not {other:?}"),
        };
    let completed = "checkout.session.completed";
    assert!(matches!(news(completed, "paid"), News::Succeeded(_)));
    assert_eq!(news(completed, "unpaid"), News::Processing);
    let late = "checkout.session.async_payment_succeeded";
    assert!(matches!(news(late, "paid"), News::Succeeded(_)));
    assert!(read_value(&about(late, &session("unpaid"), &Value::Null)).is_err());
    assert!(matches!(news("checkout.session.async_payment_failed", "unpaid"), News::Failed(_)));
    let mut setup = session("no_payment_required");
    (setup["mode"], setup["payment_intent"]) = (json!("setup"), Value::Null);
    let event = about(completed, &setup, &Value::Null);
    assert_eq!(read_value(&event).unwrap(), Reading::Irrelevant);
}

// 002-WE5
#[test]
fn events_about_methods_name_the_customer_to_ask_for() {
    let method =
        |customer: Value| json!({"id": "pm_1", "object": "payment_method", "customer": customer});
    let read = |kind: &str, object: &Value, before: &Value| {
        read_value(&about(kind, object, before)).unwrap()
    };
    let theirs = Reading::Methods("cus_1".to_owned());
    let kept = method(json!("cus_1"));
    assert_eq!(read("payment_method.attached", &kept, &Value::Null), theirs);
    let gone = method(Value::Null);
    assert_eq!(read("payment_method.detached", &gone, &json!({"customer": "cus_1"})), theirs);
    assert_eq!(read("payment_method.detached", &gone, &Value::Null), Reading::Irrelevant);
    let setup = json!({"id": "seti_1", "object": "setup_intent", "customer": "cus_1"});
    assert_eq!(read("setup_intent.succeeded", &setup, &Value::Null), theirs);
}
