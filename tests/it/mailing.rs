//! How mails reach the mail server.

use std::time::Duration;

use bench::smtp::MailServer;
use documents::Mail;
use futures_util::future::try_join_all;
use tests::TestApp;
use worker::Mailer;

// lanes.mail: a connection for each mail at once, kept for the next
#[tokio::test]
async fn connections_are_used_again_however_many_mails_go_side_by_side() {
    const AT_ONCE: usize = 20;
    let app = TestApp::without_workers().await;
    let server = MailServer::start(Duration::from_millis(100)).await.unwrap();
    let from = "Shop <billing@shop.test>";
    let mailer = Mailer::smtp(&app.store, &server.url(), from, Duration::from_secs(10)).unwrap();
    let mail = Mail {
        subject: "Hello".to_owned(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        attachments: Vec::new(),
    };
    let mut most = 0;
    for round in 0..3 {
        let names = (0..AT_ONCE).map(|number| format!("{round}-{number}"));
        let mails = names
            .map(async |name| mailer.send_once(&name, &format!("{name}@example.com"), &mail).await);
        try_join_all(mails).await.unwrap();
        // As many as went side by side, and no other for those that came later.
        most = most.max(server.connections());
        assert!(server.connections() <= AT_ONCE, "{} connections", server.connections());
    }
    assert!(most > 8, "only {most} mails went side by side");
    assert_eq!(server.accepted(), (3 * AT_ONCE, 3 * AT_ONCE));
    app.stop().await;
}
