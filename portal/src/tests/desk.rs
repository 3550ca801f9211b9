//! The desk: who may see what, and what its forms do.

use ingress::Role;

use super::*;
use crate::{Verb, desk_pages};

/// Every page, and who may see it: `s`upport, `f`inance, `a`dmin. A page that is missing here fails.
const WHO: &[(&str, &str)] = &[
    ("GET /desk", "sfa"),
    ("GET /desk/payments", "sfa"),
    ("GET /desk/payments/:id", "sfa"),
    ("POST /desk/payments/:id/sync", "sfa"),
    ("GET /desk/failed", "sfa"),
    ("GET /desk/refunds", "sfa"),
    ("GET /desk/refunds/:id", "sfa"),
    ("GET /desk/refunds/:id/approve", "fa"),
    ("POST /desk/refunds/:id/approve", "fa"),
    ("POST /desk/refunds/:id/deny", "fa"),
    ("GET /desk/disputes", "sfa"),
    ("GET /desk/disputes/:id", "sfa"),
    ("POST /desk/disputes/:id/evidence", "fa"),
    ("GET /desk/disputes/:id/accept", "fa"),
    ("POST /desk/disputes/:id/accept", "fa"),
    ("GET /desk/revenue", "fa"),
    ("GET /desk/revenue.csv", "fa"),
    ("GET /desk/users", "sfa"),
    ("GET /desk/users/:id", "sfa"),
    ("POST /desk/users/:id/credits", "fa"),
    ("GET /desk/adjustments", "sfa"),
    ("GET /desk/adjustments/:id", "sfa"),
    ("POST /desk/adjustments/:id/approve", "a"),
    ("POST /desk/adjustments/:id/refuse", "a"),
    ("GET /desk/events", "sfa"),
    ("GET /desk/events/:id", "sfa"),
    ("POST /desk/events/:id/open", "a"),
    ("GET /desk/events/:id/replay", "fa"),
    ("POST /desk/events/:id/replay", "fa"),
    ("GET /desk/reconciliation", "sfa"),
    ("POST /desk/reconciliation", "fa"),
    ("GET /desk/reconciliation/:id", "sfa"),
    ("GET /desk/reviews", "sfa"),
    ("GET /desk/reviews/:id", "sfa"),
    ("POST /desk/reviews/:id/release", "fa"),
    ("GET /desk/reviews/:id/confirm", "fa"),
    ("POST /desk/reviews/:id/confirm", "fa"),
    ("POST /desk/reviews/:id/contact", "sfa"),
    ("GET /desk/blocklist", "sfa"),
    ("POST /desk/blocklist", "fa"),
    ("GET /desk/blocklist/:id", "sfa"),
    ("POST /desk/blocklist/:id/remove", "fa"),
    ("GET /desk/jobs", "sfa"),
    ("GET /desk/jobs/requeue", "a"),
    ("POST /desk/jobs/requeue", "a"),
    ("GET /desk/jobs/:id", "sfa"),
    ("POST /desk/jobs/:id/requeue", "a"),
    ("POST /desk/jobs/:id/cancel", "a"),
    ("GET /desk/controls", "sfa"),
    ("POST /desk/controls/pause", "a"),
    ("POST /desk/controls/resume", "a"),
    ("GET /desk/audit", "a"),
    ("POST /desk/audit/verify", "a"),
];

/// Made-up people, by what they may do.
const PEOPLE: [(&str, char); 4] = [("mira", '-'), ("sana", 's'), ("felix", 'f'), ("omar", 'a')];

fn key(verb: Verb, path: &str) -> String {
    format!("{} {path}", if verb == Verb::Get { "GET" } else { "POST" })
}

// 001-SR4, 001-C6
#[test]
fn every_page_is_in_the_matrix_and_says_the_same() {
    let letter = |role: &Role| role.as_str().chars().next().unwrap();
    let said: Vec<(String, String)> = desk_pages()
        .iter()
        .map(|page| (key(page.verb, page.path), page.roles.iter().map(letter).collect()))
        .collect();
    let meant: Vec<(String, String)> =
        WHO.iter().map(|(page, who)| ((*page).to_owned(), (*who).to_owned())).collect();
    assert_eq!(said, meant);
}

// 001-SR4, 001-C6
#[tokio::test]
async fn nobody_sees_what_is_not_for_them() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    for page in desk_pages() {
        let path = page.path.replace(":id", "job_00000000000000000000000000000000");
        let answer = match page.verb {
            Verb::Get => portal.get(&path).send().await,
            Verb::Post => post(&portal, &path, &[("csrf", "x")]).send().await,
        };
        answer.assert_status(StatusCode::SEE_OTHER);
        let to = answer.0.header(header::LOCATION).unwrap();
        assert!(to.starts_with("/sign-in?next=%2Fdesk"), "{path}: {to}");
    }
    for (person, letter) in PEOPLE {
        let browser = Browser::sign_in(&portal, person).await;
        for (page, (name, who)) in desk_pages().iter().zip(WHO) {
            let path = page.path.replace(":id", "job_00000000000000000000000000000000");
            let answer = match page.verb {
                Verb::Get => browser.get(&path).send().await,
                Verb::Post => browser.post(&path, &browser.csrf).send().await,
            };
            let status = answer.0.status();
            if who.contains(letter) {
                assert_ne!(status, StatusCode::FORBIDDEN, "{person} {name}");
                assert!(!status.is_server_error(), "{person} {name}: {status}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{person} {name}");
                assert!(text(answer.0).await.contains("This is not for you"), "{person} {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_form_of_another_session_does_nothing() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let omar = Browser::sign_in(&portal, "omar").await;
    let other = Browser::sign_in(&portal, "omar").await;
    for page in desk_pages().iter().filter(|page| page.verb == Verb::Post) {
        let path = page.path.replace(":id", "job_00000000000000000000000000000000");
        for csrf in [other.csrf.as_str(), "", "x"] {
            let answer = omar.post(&path, csrf).send().await;
            assert!(answer.0.status().is_client_error(), "{path}");
        }
    }
}

#[tokio::test]
async fn the_dashboard_says_how_things_are_and_only_leads_where_one_may_go() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let sana = Browser::sign_in(&portal, "sana").await;
    let html = sana.read("/desk").await;
    for part in ["Waits for a person", "Promises", "Queue", "Nothing was alarming yet", "sana"] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("<script") && !html.contains("style="));
    let customer = Browser::sign_in(&portal, "mira").await;
    assert!(!customer.read("/").await.contains("/desk"));
    assert!(sana.read("/").await.contains("href=\"/desk\""));
}

#[tokio::test]
async fn a_scope_is_paused_and_let_go_on_with_a_reason() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let omar = Browser::sign_in(&portal, "omar").await;
    let set = async |verb: &str, form: &[(&str, &str)]| {
        let mut form = form.to_vec();
        form.push(("csrf", &omar.csrf));
        let path = format!("/desk/controls/{verb}");
        let request = post(&portal, &path, &form).header(header::COOKIE, &omar.cookie);
        request.send().await
    };
    let without = set("pause", &[("scope", "mail"), ("reason", " ")]).await;
    without.assert_status(StatusCode::CONFLICT);
    let unknown = set("pause", &[("scope", "ingest"), ("reason", "x")]).await;
    unknown.assert_status(StatusCode::CONFLICT);
    let paused = [("scope", "mail"), ("reason", "server moves"), ("minutes", "10")];
    set("pause", &paused).await.assert_status(StatusCode::SEE_OTHER);
    let html = omar.read("/desk").await;
    assert!(html.contains("mail stands still since") && html.contains("server moves"), "{html}");
    set("resume", &[("scope", "mail"), ("reason", "moved")]).await;
    assert!(!omar.read("/desk").await.contains("stands still"));
}

#[tokio::test]
async fn a_refused_form_comes_back_with_what_was_typed_and_why() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let omar = Browser::sign_in(&portal, "omar").await;
    let check = async |path: &str, form: &[(&str, &str)], why: &str, kept: &[&str]| {
        let form = [form, &[("csrf", omar.csrf.as_str())]].concat();
        let request = post(&portal, path, &form).header(header::COOKIE, &omar.cookie);
        let answer = request.send().await;
        answer.assert_status(StatusCode::CONFLICT);
        let html = text(answer.0).await;
        assert_eq!(html.matches("class=\"note bad\"").count(), 1, "{path}: {html}");
        assert_eq!(html.matches(" autofocus").count(), 1, "{path}");
        let note = &html[html.find("class=\"note bad\" role=\"alert\"").unwrap()..];
        let form = &note[..note.find("</form>").unwrap()];
        for word in kept.iter().chain([&why]) {
            assert!(form.contains(word), "{path}: {word}: {form}");
        }
    };
    let form = [("kind", "address"), ("value", "10.0.0.0/99"), ("reason", "a & b")];
    let kept = ["\"10.0.0.0/99\"", "\"a &#38; b\"", "\"address\" selected"];
    check("/desk/blocklist", &form, "", &kept).await;
    let long = "\u{1f4b8}".repeat(2_000);
    let form = [("kind", "user"), ("value", "eve"), ("reason", &long)];
    check("/desk/blocklist", &form, "1 to 500 characters", &["\"eve\"", &long]).await;
    let form = [("payment", "pay_7")];
    check("/desk/reconciliation", &form, "That is no payment", &["\"pay_7\""]).await;
    let form = [("scope", "refunds"), ("minutes", "1440"), ("reason", " ")];
    let kept = ["\"refunds\" selected", "\"1440\" selected"];
    check("/desk/controls/pause", &form, "Say why", &kept).await;
    desk.save_card("mira", 12, 2030).await;
    let users = omar.read("/desk/users").await;
    let id = &users[users.find("/desk/users/cust_").unwrap()..][..49];
    let form = [("credits", "lots"), ("why", "goodwill"), ("reference", "desk-1")];
    let kept = ["\"lots\"", ">goodwill<"];
    check(&format!("{id}/credits"), &form, "Write how many credits", &kept).await;
}

#[tokio::test]
async fn what_no_form_of_the_page_asked_for_is_not_filled_in() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let omar = Browser::sign_in(&portal, "omar").await;
    let form = [("csrf", omar.csrf.as_str()), ("payment", "pay_7"), ("evil", "x")];
    let request = post(&portal, "/desk/reconciliation", &form).header(header::COOKIE, &omar.cookie);
    let html = text(request.send().await.0).await;
    assert!(html.contains("That is no payment") && !html.contains("pay_7"), "{html}");
    let other = [("csrf", "x"), ("payment", "pay_7")];
    let request =
        post(&portal, "/desk/reconciliation", &other).header(header::COOKIE, &omar.cookie);
    let answer = request.send().await;
    answer.assert_status(StatusCode::FORBIDDEN);
    assert!(!text(answer.0).await.contains("pay_7"));
}

#[tokio::test]
async fn dead_jobs_are_run_again_one_or_all() {
    let desk = Desk::new().await;
    let portal = desk.open(true);
    let omar = Browser::sign_in(&portal, "omar").await;
    for subject in ["a", "b", "c"] {
        desk.bury(subject).await;
    }
    let html = omar.read("/desk/jobs?state=dead").await;
    assert_eq!(html.matches("/desk/jobs/job_").count(), 3);
    let id = &html[html.find("/desk/jobs/job_").unwrap() + 11..][..36];
    let one = format!("/desk/jobs/{id}");
    assert!(omar.read(&one).await.contains("Run it again"));
    let answer = omar.post(&format!("{one}/requeue"), &omar.csrf).send().await;
    answer.assert_status(StatusCode::SEE_OTHER);
    assert!(omar.read(&one).await.contains("Waiting"));
    assert!(omar.read("/desk/jobs/requeue?state=dead").await.contains("Run 2 jobs again?"));
    let form = [("csrf", omar.csrf.as_str()), ("state", "dead")];
    let all = post(&portal, "/desk/jobs/requeue", &form).header(header::COOKIE, &omar.cookie);
    all.send().await.assert_status(StatusCode::SEE_OTHER);
    assert!(omar.read("/desk/jobs?state=dead").await.contains("No job is like that"));
    let none = omar.get("/desk/jobs/job_0").send().await;
    none.assert_status(StatusCode::NOT_FOUND);
}

impl Desk {
    /// An alert about `subject` that could not be told.
    async fn bury(&self, subject: &str) {
        let alert = jobs::Alert {
            kind: "test".to_owned(),
            subject: subject.to_owned(),
            detail: "nothing".to_owned(),
        };
        let id = payments::alerts::raise(&self.store, &alert).await.unwrap().unwrap().id;
        let (db, now) = (&self.store.db, self.store.clock.now());
        let claim = jobs::queue::Claim { lane: jobs::Lane::Mail, worker: "test", now };
        let job = jobs::queue::claim_one(db, claim, id).await.unwrap().unwrap();
        let txn = db.begin().await.unwrap();
        jobs::queue::bury(&txn, &job, now, "no mail server").await.unwrap();
        txn.commit().await.unwrap();
    }
}
