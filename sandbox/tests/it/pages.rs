//! Pages for people.

use std::fs;

use poem::http::Method;

use crate::stage::{Answer, SALE, Stage, paypal, send};

async fn form(stage: &Stage, path: &str, params: &[(&str, &str)]) -> Answer {
    send(stage.request(Method::POST, path).form(params)).await
}

async fn page(stage: &Stage, path: &str) -> Answer {
    send(stage.request(Method::GET, path)).await
}

#[tokio::test]
async fn the_dashboard_shows_what_happened() {
    let stage = Stage::new().await;
    let paid = stage.pay("pm_card_visa", &[]).await;
    stage.sandbox.settle().await;
    let shown = page(&stage, "/sandbox").await;
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains(paid.text("/id")));
    assert!(shown.text.contains("payment_intent.succeeded"));
    assert!(shown.header("content-security-policy").contains("default-src 'none'"));
    assert!(page(&stage, "/sandbox/style.css").await.text.contains("light-dark("));
    assert_eq!(page(&stage, "/sandbox/nowhere").await.status, 404);
}

#[tokio::test]
async fn the_dashboards_form_sets_faults() {
    let stage = Stage::new().await;
    let set = form(&stage, "/sandbox/faults", &[("drop_percent", "5"), ("reorder", "true")]).await;
    assert_eq!((set.status, set.header("location")), (303, "/sandbox"));
    let faults = page(&stage, "/sandbox/control/faults").await;
    assert_eq!((&faults.body["drop_percent"], &faults.body["reorder"]), (&5.into(), &true.into()));
    assert_eq!(form(&stage, "/sandbox/faults", &[("drop_percent", "500")]).await.status, 400);
    let foreign = stage.request(Method::POST, "/sandbox/faults");
    let foreign = foreign.header("sec-fetch-site", "cross-site").form(&[("drop_percent", "9")]);
    assert_eq!(send(foreign).await.status, 403);
}

#[tokio::test]
async fn a_person_pays_with_a_card() {
    let stage = Stage::new().await;
    let odd = [("description", "<script>alert(1)</script>")];
    let made = stage.post("/v1/payment_intents", &[&SALE[..], &odd].concat()).await;
    let path = format!("/sandbox/pay/{}", made.text("/id"));
    let secret = ("client_secret", made.text("/client_secret"));
    let shown = page(&stage, &format!("{path}?client_secret={}", secret.1)).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains("$20.00"));
    assert!(!shown.text.contains("<script>"));
    assert_eq!(page(&stage, &path).await.status, 400);

    let declined = form(&stage, &path, &[secret, ("card", "4000000000000002")]).await;
    assert_eq!(declined.status, 402);
    assert!(declined.text.contains("Your card was declined."));
    let back = ("return_url", "https://shop.test/done?a=b");
    let paid = form(&stage, &path, &[secret, ("card", "4242424242424242"), back]).await;
    assert_eq!(paid.status, 303);
    let location = paid.header("location");
    assert!(location.starts_with("https://shop.test/done?a=b&payment_intent=pi_"), "{location}");
    assert!(location.ends_with("redirect_status=succeeded"), "{location}");
    let shown = page(&stage, &format!("{path}?client_secret={}", secret.1)).await;
    assert!(shown.text.contains("This payment is succeeded."));
}

#[tokio::test]
async fn a_person_is_never_sent_to_a_script() {
    let stage = Stage::new().await;
    let made = stage.post("/v1/payment_intents", &SALE).await;
    let path = format!("/sandbox/pay/{}", made.text("/id"));
    let secret = ("client_secret", made.text("/client_secret"));
    let bad = ("return_url", "javascript:alert(1)");
    let refused = form(&stage, &path, &[secret, ("card", "4242424242424242"), bad]).await;
    assert_eq!((refused.status, refused.header("location")), (400, ""));
}

#[tokio::test]
async fn a_challenge_is_passed_or_failed() {
    let stage = Stage::new().await;
    for (answer, outcome, status) in
        [("complete", "succeeded", "succeeded"), ("fail", "failed", "requires_payment_method")]
    {
        let back = [("return_url", "https://shop.test/done")];
        let asked = stage.pay("pm_card_threeDSecure2Required", &back).await;
        let url = asked.text("/next_action/redirect_to_url/url");
        let path = url.strip_prefix("http://sandbox.test").unwrap();
        assert!(page(&stage, path).await.text.contains("Yes, it is me"));
        let action = path.split_once('?').unwrap().0;
        assert_eq!(form(&stage, action, &[("answer", answer)]).await.status, 400);
        let secret = ("client_secret", asked.text("/client_secret"));
        let answered = form(&stage, action, &[secret, ("answer", answer)]).await;
        let location = answered.header("location");
        assert!(location.ends_with(&format!("redirect_status={outcome}")), "{location}");
        let intent = stage.get(&format!("/v1/payment_intents/{}", asked.text("/id"))).await;
        assert_eq!(intent.text("/status"), status);
        let twice = form(&stage, action, &[secret, ("answer", answer)]).await;
        assert_eq!(twice.status, 400);
    }
    assert_eq!(stage.event_types().last().unwrap(), "payment_intent.payment_failed");
}

#[tokio::test]
async fn a_server_confirms_again_after_the_challenge_if_it_wants_to() {
    let stage = Stage::new().await;
    let manual = [("confirmation_method", "manual")];
    let asked = stage.pay("pm_card_threeDSecure2Required", &manual).await;
    let action = format!("/sandbox/3ds/{}", asked.text("/id"));
    let secret = ("client_secret", asked.text("/client_secret"));
    form(&stage, &action, &[secret, ("answer", "complete")]).await;
    let url = format!("/v1/payment_intents/{}", asked.text("/id"));
    assert_eq!(stage.get(&url).await.text("/status"), "requires_confirmation");
    assert_eq!(stage.post(&format!("{url}/confirm"), &[]).await.text("/status"), "succeeded");
}

#[tokio::test]
async fn a_receipt_can_be_read() {
    let stage = Stage::new().await;
    let paid = stage.pay("pm_card_visa", &[]).await;
    let shown = page(&stage, &format!("/sandbox/receipts/{}", paid.text("/latest_charge"))).await;
    assert!(shown.text.contains("$20.00"));
    assert!(shown.text.contains("4242"));
}

#[tokio::test]
async fn mail_can_be_read_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = folder.path().join("mail");
    fs::create_dir(&mailbox).unwrap();
    fs::write(folder.path().join("secret.eml"), "Subject: secret\n\nsecret").unwrap();
    let mail = "Subject: Receipt\nTo: a@example.com\n\n<script>alert(1)</script>";
    fs::write(mailbox.join("one.eml"), mail).unwrap();
    fs::write(mailbox.join("other.txt"), "no mail").unwrap();
    let stage = Stage::with_mailbox(Some(mailbox)).await;
    let listed = page(&stage, "/sandbox/mail").await;
    assert!(listed.text.contains("Receipt") && listed.text.contains("/sandbox/mail/one.eml"));
    assert!(!listed.text.contains("other.txt"));
    let shown = page(&stage, "/sandbox/mail/one.eml").await;
    assert_eq!(shown.status, 200);
    assert!(!shown.text.contains("<script>"));
    for name in ["..%2fsecret.eml", "%2e%2e/secret.eml", "other.txt", "none.eml", "..."] {
        let answer = page(&stage, &format!("/sandbox/mail/{name}")).await;
        assert_eq!(answer.status, 404, "{name}");
    }
    assert_eq!(page(&Stage::new().await, "/sandbox/mail").await.status, 404);
}

#[tokio::test]
async fn a_sandbox_needs_real_addresses() {
    let config = |public_url: &str| sandbox::Config {
        public_url: public_url.to_owned(),
        webhook_url: String::new(),
        webhook_secret: "whsec_x".into(),
        paypal: paypal(""),
        mailbox: None,
        clock: boot::Clock::System,
    };
    assert!(sandbox::Sandbox::new(config("http://127.0.0.1:5000")).is_ok());
    for url in ["", "nowhere", "file:///etc"] {
        assert!(sandbox::Sandbox::new(config(url)).is_err(), "{url}");
    }
}
