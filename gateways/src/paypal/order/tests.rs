use serde_json::json;

use super::*;

const OURS: &str = "txn_0199a3c5d2e87b3c8f0a1b2c3d4e5f60";
const ORDER: &str = "5O190127TN364715T";

fn order(status: &str, captures: &Value) -> Value {
    json!({
        "id": ORDER, "intent": "CAPTURE", "status": status,
        "payment_source": {"paypal": {"email_address": "zoë@example.com"}},
        "purchase_units": [{
            "reference_id": "default", "custom_id": OURS, "invoice_id": OURS,
            "amount": {"currency_code": "USD", "value": "160.00"},
            "payee": {"email_address": "shop@example.com", "merchant_id": "7XTZQK3G5JX5S"},
            "payments": {"captures": captures},
        }],
        "create_time": "2026-01-01T00:00:00Z", "update_time": "2026-01-01T00:01:00Z",
        "links": [
            {"href": "https://api-m.paypal.com/v2/checkout/orders/1", "rel": "self", "method": "GET"},
            {"href": "https://www.paypal.com/checkoutnow?token=1", "rel": "payer-action", "method": "GET"},
        ],
    })
}

fn capture(status: &str, value: &str) -> Value {
    json!({
        "id": "3C679366HH908993F", "status": status, "final_capture": true,
        "amount": {"currency_code": "USD", "value": value},
        "status_details": {"reason": "ECHECK"},
        "create_time": "2026-01-01T00:02:00Z", "update_time": "2026-01-01T00:03:00Z",
    })
}

fn read(order: &Value) -> Result<ProviderPayment, Unreadable> {
    let page = "https://www.paypal.com/checkoutnow".parse().unwrap();
    let context = Context {
        livemode: false,
        merchant_id: Some("7XTZQK3G5JX5S"),
        answered_at: None,
        approval: &page,
    };
    let text = order.to_string();
    Order::parse(text.as_bytes())?.payment(None, &context)
}

fn news(order: &Value) -> News {
    read(order).unwrap().fact.news
}

#[test]
fn an_order_tells_whose_payment_it_is_and_who_is_paid() {
    let payment = read(&order("PAYER_ACTION_REQUIRED", &json!([]))).unwrap();
    assert_eq!(payment.fact.reference, ORDER);
    assert_eq!(payment.fact.claimed, Some(OURS.parse().unwrap()));
    assert_eq!(payment.fact.account.as_deref(), Some("7XTZQK3G5JX5S"));
    assert_eq!(payment.fact.asked, Money::new(16_000, "usd".parse().unwrap()));
    assert_eq!(payment.fact.news, News::RequiresAction);
    let approval = "https://www.paypal.com/checkoutnow?token=1";
    assert_eq!(payment.next_action_url.as_deref(), Some(approval));
    assert!(!payment.needs_confirmation);
}

#[test]
fn an_open_order_leads_back_to_paypal_even_if_it_names_no_page() {
    let mut told = order("APPROVED", &json!([]));
    told["links"] = json!([{"href": "https://api-m.paypal.com/x", "rel": "capture"}]);
    let page = format!("https://www.paypal.com/checkoutnow?token={ORDER}");
    assert_eq!(read(&told).unwrap().next_action_url, Some(page));
    let done = order("COMPLETED", &json!([capture("COMPLETED", "160.00")]));
    assert_eq!(read(&done).unwrap().next_action_url, None);
}

#[test]
fn an_approved_order_waits_for_us() {
    let payment = read(&order("APPROVED", &json!([]))).unwrap();
    assert!(payment.needs_confirmation);
    assert_eq!(payment.fact.news, News::Created);
}

#[test]
fn the_capture_and_not_the_order_says_whether_money_arrived() {
    let completed = news(&order("COMPLETED", &json!([capture("COMPLETED", "160.00")])));
    let News::Succeeded(receipt) = completed else { panic!("{completed:?}") };
    assert_eq!(receipt.collected.minor, 16_000);
    assert_eq!(receipt.method.kind.as_deref(), Some("paypal"));

    assert_eq!(news(&order("COMPLETED", &json!([capture("PENDING", "160.00")]))), News::Processing);
    let failure = Failure { code: "capture_denied".into(), decline_code: Some("echeck".into()) };
    let denied = order("COMPLETED", &json!([capture("DECLINED", "160.00")]));
    assert_eq!(news(&denied), News::Failed(failure));
    assert_eq!(news(&order("VOIDED", &json!([]))), News::Canceled);
}

#[test]
fn what_was_refunded_since_had_arrived() {
    for status in ["REFUNDED", "PARTIALLY_REFUNDED"] {
        let told = news(&order("COMPLETED", &json!([capture(status, "160.00")])));
        assert!(matches!(told, News::Succeeded(_)), "{status}");
    }
}

#[test]
fn what_was_collected_is_told_as_it_is() {
    let twice = json!([capture("COMPLETED", "160.00"), capture("COMPLETED", "160.00")]);
    let News::Succeeded(receipt) = news(&order("COMPLETED", &twice)) else { panic!("collected") };
    assert_eq!(receipt.collected.minor, 32_000);
    let less = json!([capture("DECLINED", "160.00"), capture("COMPLETED", "1.00")]);
    let News::Succeeded(receipt) = news(&order("COMPLETED", &less)) else { panic!("collected") };
    assert_eq!(receipt.collected.minor, 100);
}

#[test]
fn what_means_nothing_is_not_guessed_at() {
    assert!(read(&order("COMPLETED", &json!([]))).is_err());
    assert!(read(&order("COMPLETED", &json!([capture("NEW_STATUS", "160.00")]))).is_err());
    assert!(read(&order("NEW_STATUS", &json!([]))).is_err());
    let mut two = order("APPROVED", &json!([]));
    two["purchase_units"] = json!([two["purchase_units"][0], two["purchase_units"][0]]);
    assert!(read(&two).is_err());
    let mut other = order("APPROVED", &json!([]));
    other["id"] = json!("../x");
    assert!(read(&other).is_err());
}

#[test]
fn a_part_that_we_can_do_without_spoils_nothing() {
    let mut odd = order("APPROVED", &json!([]));
    odd["payment_source"] = json!(5);
    odd["links"] = json!({});
    odd["purchase_units"][0]["custom_id"] = json!(["x"]);
    odd["purchase_units"][0]["payee"] = json!(null);
    let payment = read(&odd).unwrap();
    assert_eq!(payment.fact.claimed, None);
    assert_eq!(payment.fact.account.as_deref(), Some("unknown"));
    assert!(payment.next_action_url.unwrap().starts_with("https://www.paypal.com/checkoutnow"));
}

#[test]
fn a_capture_names_its_order() {
    let named = json!({"id": "1", "supplementary_data": {"related_ids": {"order_id": ORDER}}});
    assert_eq!(Captured::parse(named.to_string().as_bytes()).unwrap().order, ORDER);
    let href = format!("https://api-m.paypal.com/v2/checkout/orders/{ORDER}");
    let linked = json!({"id": "1", "links": [{"rel": "up", "href": href}]});
    assert_eq!(Captured::parse(linked.to_string().as_bytes()).unwrap().order, ORDER);
    assert!(Captured::parse(b"{}").is_err());
}
