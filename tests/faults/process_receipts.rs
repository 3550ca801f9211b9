//! Receipts whose worker dies while it mails them.

use std::time::Duration;

use bench::smtp::MailServer;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tests::{
    at_once::leases_of_the_dead_run_out,
    chaos::{Scene, quiet},
    process::{PATIENCE, Postgres, RedisServer, Stage, count, within},
};

const KILLS: usize = 20;

/// What a mail takes the server: most of a worker's time, so that it is killed in the middle of one.
const TAKES: Duration = Duration::from_millis(20);

/// Longest time for what is left to do.
const DONE_WITHIN: Duration = Duration::from_secs(75);

// AC9.4.1, 9.4.5: at most one more mail for each kill, and it is the same mail.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_of_the_mailing_worker_lose_no_receipt_and_repeat_at_most_one_each() {
    let server = MailServer::start(TAKES).await.unwrap();
    let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
    let mut stage = Stage::on(&postgres).await.carried_by(&redis);
    stage.set("SMTP_URL", &server.url());
    stage.set("MAIL_FROM", "Shop <billing@example.com>");
    stage.settings("[lanes]\nmail = 1\n");
    let mut scene = Scene::over(stage, postgres, redis, 1).await;
    let seed = rand::random();
    let mut rng = StdRng::seed_from_u64(seed);
    let load = scene.load(500, 600).await;
    for kill in 0..KILLS {
        let before = server.accepted().0;
        let mailed = within(PATIENCE, async || server.accepted().0 > before).await;
        assert!(mailed, "no mail before kill {kill}, seed {seed:#x}: {}", scene.logs());
        tokio::time::sleep(Duration::from_micros(rng.random_range(0..60_000))).await;
        scene.workers[0].kill();
        scene.workers[0].start_again();
        scene.workers[0].ready().await;
    }
    load.finish(Duration::from_mins(1)).await;
    leases_of_the_dead_run_out(&scene.store, &scene.workers).await;
    assert!(quiet(&scene.store, DONE_WITHIN).await, "something is left to do: {}", scene.logs());

    let (accepted, distinct) = server.accepted();
    let number = async |what| usize::try_from(count(&scene.store, what).await.unwrap()).unwrap();
    let receipts = number("mails WHERE occasion LIKE 'receipt:%' AND state = 'sent'").await;
    assert_eq!(receipts, number("payments WHERE status = 'succeeded'").await);
    assert_eq!(distinct, number("mails WHERE state = 'sent'").await);
    assert!(receipts > 100, "{receipts}");
    let more = accepted - distinct;
    assert!(more <= KILLS, "{more} of {receipts} receipts were mailed again, seed {seed:#x}");
}
