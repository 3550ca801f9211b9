//! Saved ways to pay, and papers: each payer's own.

use super::*;

// AC9.4.2, AC9.4.5, AC9.4.6
#[tokio::test]
async fn papers_are_for_who_paid_and_for_what_was_paid() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let (mira, aiko) =
        (Browser::sign_in(&portal, "mira").await, Browser::sign_in(&portal, "aiko").await);
    mira.post("/checkout/pro-200", &mira.csrf).send().await.assert_status_is_ok();
    let html = mira.read("/billing").await;
    let id = &html[html.find("txn_").unwrap()..][..36];
    assert!(html.contains("/billing/export.csv?year=2023") && !html.contains("invoice.pdf"));

    let table = mira.get("/billing/export.csv?year=2023").send().await;
    table.assert_status_is_ok();
    table.assert_header("content-disposition", "attachment; filename=\"payments-2023.csv\"");
    assert!(text(table.0).await.contains(id));
    assert!(!aiko.read("/billing/export.csv?year=2023").await.contains(id));
    let never = mira.get("/billing/export.csv?year=99999").send().await;
    never.assert_status(StatusCode::BAD_REQUEST);

    let invoice = format!("/payments/{id}/invoice.pdf");
    mira.get(&invoice).send().await.assert_status(StatusCode::CONFLICT);
    aiko.get(&invoice).send().await.assert_status(StatusCode::NOT_FOUND);
    let receipt = format!("/payments/{id}/receipt");
    mira.post(&receipt, &mira.csrf).send().await.assert_status(StatusCode::CONFLICT);
    aiko.post(&receipt, &aiko.csrf).send().await.assert_status(StatusCode::NOT_FOUND);
}

// 002-PM4
#[tokio::test]
async fn nobody_sees_or_removes_what_others_saved() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let (mira, aiko) =
        (Browser::sign_in(&portal, "mira").await, Browser::sign_in(&portal, "aiko").await);
    let id = desk.save_card("mira", 12, 2034).await;
    let old = desk.save_card("mira", 10, 2023).await;
    let html = mira.read("/methods").await;
    for part in ["Visa •••• 4242", "Expires 12/34", "Expired 10/23", "data-mode=\"setup\""]
    {
        assert!(html.contains(part), "{part}");
    }
    assert!(aiko.read("/methods").await.contains("Nothing is saved"));
    let checkout = mira.read("/checkout/pro-200").await;
    assert!(checkout.contains(&id.to_string()) && !checkout.contains(&old.to_string()));
    assert!(!aiko.read("/checkout/pro-200").await.contains("meth_"));
    let remove = format!("/methods/{id}/remove");
    aiko.post(&remove, &aiko.csrf).send().await.assert_status(StatusCode::NOT_FOUND);
    mira.post("/methods/x/remove", &mira.csrf).send().await.assert_status(StatusCode::NOT_FOUND);
    let form = [("csrf", aiko.csrf.as_str()), ("method", &id.to_string())];
    let steal = post(&portal, "/checkout/pro-200", &form).header(header::COOKIE, &aiko.cookie);
    steal.send().await.assert_status(StatusCode::NOT_FOUND);
}
