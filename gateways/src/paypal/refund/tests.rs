use serde_json::json;

use super::*;

const OURS: &str = "rfd_0199a3c5d2e87b3c8f0a1b2c3d4e5f60";

fn refund(status: &str, more: &serde_json::Value) -> String {
    let mut refund = json!({
        "id": "1JU08902781691411", "status": status,
        "amount": {"currency_code": "USD", "value": "10.99"},
        "create_time": "2026-01-02T00:00:00Z", "update_time": "2026-01-02T00:05:00Z",
        "links": [
            {"href": "https://api-m.paypal.com/v2/payments/refunds/1JU08902781691411", "rel": "self"},
            {"href": "https://api-m.paypal.com/v2/payments/captures/2GG279541U471931P", "rel": "up"},
        ],
    });
    for (name, value) in more.as_object().unwrap() {
        refund[name] = value.clone();
    }
    refund.to_string()
}

fn told(amount: i64, day: i64) -> Told {
    Told {
        reference: format!("R{day}"),
        is_named: true,
        claimed: None,
        amount: Money::new(amount, "usd".parse().unwrap()),
        made_at: Some(Timestamp::from_seconds(day * 86_400)),
        changed_at: None,
        news: RefundNews::Succeeded,
    }
}

#[test]
fn each_status_is_news() {
    let read = |status: &str, more| Told::parse(&refund(status, &more)).unwrap().news;
    assert_eq!(read("COMPLETED", json!({})), RefundNews::Succeeded);
    assert_eq!(
        read("PENDING", json!({"status_details": {"reason": "ECHECK"}})),
        RefundNews::Pending
    );
    assert_eq!(read("CANCELLED", json!({})), RefundNews::Canceled);
    let failed = read("FAILED", json!({"status_details": {"reason": "ECHECK"}}));
    assert_eq!(failed, RefundNews::Failed("echeck".to_owned()));
    assert_eq!(read("FAILED", json!({})), RefundNews::Failed("unknown".to_owned()));
    assert!(Told::parse(&refund("SAILED", &json!({}))).is_err());
}

#[test]
fn a_refund_of_ours_says_so_by_either_name() {
    for name in ["custom_id", "invoice_id"] {
        let told = Told::parse(&refund("COMPLETED", &json!({ name: OURS }))).unwrap();
        assert_eq!(told.claimed.map(|id| id.to_string()).as_deref(), Some(OURS));
        assert_eq!(told.changed_at.unwrap().seconds(), 1_767_312_300);
    }
    // One made in PayPal's pages has the names of the payment.
    let elsewhere = json!({"custom_id": "txn_0199a3c5d2e87b3c8f0a1b2c3d4e5f60"});
    let told = Told::parse(&refund("COMPLETED", &elsewhere)).unwrap();
    assert!(told.is_named && told.claimed.is_none());
    assert!(!Told::parse(&refund("COMPLETED", &json!({}))).unwrap().is_named);
}

#[test]
fn a_refund_leads_to_its_capture_and_nowhere_else() {
    let body = refund("COMPLETED", &json!({}));
    assert_eq!(capture_of(body.as_bytes()).unwrap(), "2GG279541U471931P");
    let links = json!([{"href": "https://x/v2/payments/captures/..%2f", "rel": "up"}]);
    let body = refund("COMPLETED", &json!({ "links": links }));
    assert!(capture_of(body.as_bytes()).is_err());
}

#[test]
fn what_a_dispute_took_is_no_refund() {
    let taken = |amount, day: i64| Taken {
        amount: Money::new(amount, "usd".parse().unwrap()),
        opened_at: Some(Timestamp::from_seconds(day * 86_400)),
    };
    let refunds = vec![told(800, 1), told(800, 5), told(800, 6), told(300, 7)];
    let left = without_disputes(refunds.clone(), vec![taken(800, 4)]);
    assert_eq!(left, [told(800, 1), told(800, 6), told(300, 7)]);
    assert_eq!(without_disputes(refunds.clone(), Vec::new()), refunds);
    let ours = Told { claimed: Some(RefundId::new()), ..told(800, 5) };
    assert_eq!(without_disputes(vec![ours.clone()], vec![taken(800, 4)]), [ours]);
}
