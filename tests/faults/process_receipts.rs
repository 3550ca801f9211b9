//! Receipts whose worker dies while it mails them.

use std::time::Duration;

use bench::smtp::MailServer;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tests::{
    at_once::leases_of_the_dead_run_out,
    chaos::{Scene, quiet},
    process::{PATIENCE, Postgres, RedisServer, Stage, count, within},
};

/// Kills while there is one connection to the mail server.
const ALONE: usize = 16;

/// Kills while there are [`CONNECTIONS`]. A worker that has so many takes nearly all that is waiting.
const TOGETHER: usize = 4;

/// Connections over which mails go at the same time; several are then noted in one commit.
const CONNECTIONS: usize = 8;

/// What a mail takes the server: most of a worker's time, so that it is killed in the middle of one.
const TAKES: Duration = Duration::from_millis(20);

/// Longest time for what is left to do.
const DONE_WITHIN: Duration = Duration::from_secs(75);

// AC9.4.1, 9.4.5: at most one more mail for each kill and connection, and it is the same mail.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_of_the_mailing_worker_lose_no_receipt_and_repeat_at_most_one_each() {
    let server = MailServer::start(TAKES).await.unwrap();
    let (postgres, redis) = (Postgres::start().await, RedisServer::start().await);
    let mut stage = Stage::on(&postgres).await.carried_by(&redis);
    stage.set("SMTP_URL", &server.url());
    stage.set("MAIL_FROM", "Shop <billing@example.com>");
    connections(&mut stage, 1);
    let mut scene = Scene::over(stage, postgres, redis, 1).await;
    let seed = rand::random();
    eprintln!("seed {seed:#x}");
    let mut rng = StdRng::seed_from_u64(seed);
    let load = scene.load(500, 600).await;
    for _ in 0..ALONE {
        kill_while_mailing(&mut scene, &server, &mut rng).await;
    }
    let one_by_one: Vec<String> = server.times().into_keys().collect();
    connections(&mut scene.stage, CONNECTIONS);
    for _ in 0..TOGETHER {
        kill_while_mailing(&mut scene, &server, &mut rng).await;
    }
    load.finish(Duration::from_mins(1)).await;
    assert!(quiet(&scene.store, DONE_WITHIN).await, "something is left to do: {}", scene.logs());

    let (accepted, distinct) = server.accepted();
    let number = async |what| usize::try_from(count(&scene.store, what).await.unwrap()).unwrap();
    let receipts = number("mails WHERE occasion LIKE 'receipt:%' AND state = 'sent'").await;
    assert_eq!(receipts, number("payments WHERE status = 'succeeded'").await);
    assert_eq!(distinct, number("mails WHERE state = 'sent'").await);
    let commits = number("(SELECT DISTINCT sent_at FROM mails) AS commits").await;
    let (more, times) = (accepted - distinct, server.times());
    let alone = one_by_one.iter().filter(|id| times[*id] > 1).count();
    eprintln!(
        "{receipts} receipts noted in {commits} commits; {more} mailed again, {alone} of the {} that \
         went over one connection",
        one_by_one.len(),
    );
    assert!(receipts > 100, "{receipts}");
    assert!(commits < distinct, "never were two mails noted in one commit");
    assert!(alone <= ALONE, "{alone} receipts were mailed again");
    let most = ALONE + TOGETHER * CONNECTIONS;
    assert!(more <= most, "{more} of {receipts} receipts were mailed again");
}

/// From its next start on the worker mails over `number` connections.
fn connections(stage: &mut Stage, number: usize) {
    stage.settings(&format!("[lanes]\nmail = {number}\n"));
}

/// Kills the worker soon after a mail was accepted, and starts it again.
async fn kill_while_mailing(scene: &mut Scene, server: &MailServer, rng: &mut StdRng) {
    let before = server.accepted().0;
    let mailed = within(PATIENCE, async || server.accepted().0 > before).await;
    assert!(mailed, "no mail: {}", scene.logs());
    tokio::time::sleep(Duration::from_micros(rng.random_range(0..60_000))).await;
    scene.workers[0].kill();
    scene.workers[0].start_again();
    scene.workers[0].ready().await;
    leases_of_the_dead_run_out(&scene.store, &scene.workers).await;
}
