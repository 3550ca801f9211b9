//! What each test card comes to.

use serde_json::Value;

use crate::stage::{SALE, Stage};

#[tokio::test]
async fn good_cards_pay() {
    let stage = Stage::new().await;
    for (token, brand, last4) in [
        ("pm_card_visa", "visa", "4242"),
        ("pm_card_mastercard", "mastercard", "4444"),
        ("pm_card_amex", "amex", "0005"),
    ] {
        let paid = stage.pay(token, &[("expand[]", "latest_charge")]).await;
        assert_eq!((paid.status, paid.text("/status")), (200, "succeeded"), "{token}");
        let charge = &paid.body["latest_charge"];
        let card = &charge["payment_method_details"]["card"];
        assert_eq!((card["brand"].as_str(), card["last4"].as_str()), (Some(brand), Some(last4)));
        assert_eq!(charge["outcome"]["type"], "authorized");
        assert_eq!(paid.body["amount_received"], 2000);
        assert!(
            charge["receipt_url"].as_str().unwrap().starts_with("http://sandbox.test/sandbox/")
        );
    }
}

#[tokio::test]
async fn bad_cards_are_refused_in_stripes_words() {
    let stage = Stage::new().await;
    for (method, code, reason) in [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ] {
        let refused = stage.pay(method, &[]).await;
        assert_eq!(refused.status, 402, "{method}");
        assert_eq!(refused.text("/error/type"), "card_error");
        assert_eq!(refused.text("/error/code"), code);
        assert_eq!(refused.text("/error/decline_code"), reason);
        let intent = &refused.body["error"]["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method");
        assert_eq!(intent["payment_method"], Value::Null);
        assert_eq!(intent["last_payment_error"]["decline_code"], reason);
        assert_eq!(intent["latest_charge"], refused.body["error"]["charge"]);
        let charge = stage.get(&format!("/v1/charges/{}", refused.text("/error/charge"))).await;
        assert_eq!((charge.text("/status"), charge.text("/failure_code")), ("failed", code));
        assert_eq!(charge.text("/outcome/reason"), reason);
    }
}

#[tokio::test]
async fn numbers_work_like_tokens() {
    let stage = Stage::new().await;
    for (number, status) in [
        ("4242 4242 4242 4242", 200),
        ("4000000000000002", 402),
        ("4000000000009995", 402),
        ("4000000000000069", 402),
        ("4000000000000127", 402),
        ("4000000000000119", 402),
        ("4000000000003184", 200),
        ("4242424242424241", 402),
        ("4111111111111111", 402),
    ] {
        let card = [
            ("confirm", "true"),
            ("payment_method_data[type]", "card"),
            ("payment_method_data[card][number]", number),
        ];
        let answer = stage.post("/v1/payment_intents", &[&SALE[..], &card].concat()).await;
        assert_eq!(answer.status, status, "{number}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_card_is_checked_before_it_is_taken() {
    let stage = Stage::new().await;
    for (field, value, code) in [
        ("card[number]", "4242424242424241", "incorrect_number"),
        ("card[exp_month]", "13", "invalid_expiry_month"),
        ("card[exp_year]", "1999", "invalid_expiry_year"),
        ("card[cvc]", "12", "invalid_cvc"),
    ] {
        let mut params = vec![("type", "card")];
        if field != "card[number]" {
            params.push(("card[number]", "4242424242424242"));
        }
        params.push((field, value));
        let refused = stage.post("/v1/payment_methods", &params).await;
        assert_eq!((refused.status, refused.text("/error/code")), (402, code));
    }
}

#[tokio::test]
async fn a_challenge_must_be_passed_on_session_only() {
    let stage = Stage::new().await;
    let asked = stage.pay("pm_card_authenticationRequired", &[]).await;
    assert_eq!(asked.text("/status"), "requires_action");
    assert_eq!(asked.text("/next_action/type"), "redirect_to_url");
    let url = asked.text("/next_action/redirect_to_url/url");
    assert!(url.starts_with("http://sandbox.test/sandbox/3ds/pi_"), "{url}");

    let away = [("off_session", "true")];
    let refused = stage.pay("pm_card_authenticationRequired", &away).await;
    assert_eq!(refused.text("/error/code"), "authentication_required");

    let refused =
        stage.pay("pm_card_authenticationRequired", &[("error_on_requires_action", "true")]).await;
    assert_eq!(refused.text("/error/code"), "authentication_required");

    let in_page = [("use_stripe_sdk", "true")];
    let asked = stage.pay("pm_card_authenticationRequired", &in_page).await;
    assert_eq!(asked.text("/next_action/type"), "use_stripe_sdk");
}
