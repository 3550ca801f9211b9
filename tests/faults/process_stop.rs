//! Stopping as an operator stops: nothing begun is lost, and it does not take for ever.

use std::time::{Duration, Instant};

use tests::{
    chaos::{Scene, after},
    process::{Role, Signal, Stage},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// `drain_seconds` of the ingress, and some.
const INGRESS_STOPS_WITHIN: Duration = Duration::from_secs(12);

/// `drain_seconds` of the worker, and some.
const WORKER_STOPS_WITHIN: Duration = Duration::from_secs(27);

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_what_was_begun() {
    let mut scene = Scene::with_workers(1).await;
    let load = scene.load(400, 200).await;

    after(&load, 150).await;
    let exit = scene.ingress.terminate(INGRESS_STOPS_WITHIN).await;
    assert_eq!(exit.and_then(|exit| exit.code()), Some(0), "{}", scene.ingress.log());
    scene.ingress.start_again();
    scene.ingress.ready().await;

    after(&load, 400).await;
    let exit = scene.workers[0].terminate(WORKER_STOPS_WITHIN).await;
    assert_eq!(exit.and_then(|exit| exit.code()), Some(0), "{}", scene.workers[0].log());
    let running = entities_running(&scene).await;
    assert_eq!(running, 0, "it ended its jobs, or gave them back");
    scene.workers[0].start_again();

    let delivered = scene.settle(load).await;
    let others: Vec<_> = delivered.statuses.keys().filter(|status| **status != 200).collect();
    assert!(others.iter().all(|status| **status == 503), "{others:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_process_stops_at_once() {
    let stage = Stage::embedded();
    let mut program = stage.start(Role::Both, "quittance").await;
    let told = Instant::now();
    let exit = program.terminate(Duration::from_secs(10)).await;
    assert_eq!(exit.and_then(|exit| exit.code()), Some(0), "{}", program.log());
    assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_though_a_request_is_open() {
    let stage = Stage::embedded();
    let mut program = stage.start(Role::Both, "quittance").await;
    let address = program.base().replace("http://", "");
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    let begun = b"POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
                  content-length: 100\r\n\r\n";
    slow.write_all(begun).await.unwrap();
    // Once it asks for the body, the request is open.
    let mut goes_on = [0; 12];
    slow.read_exact(&mut goes_on).await.unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100");
    program.signal(Signal::TERM);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(program.exit(), None, "it waits for the request");
    program.signal(Signal::TERM);
    let exit = program.ended(Duration::from_secs(5)).await;
    assert_eq!(exit.and_then(|exit| exit.code()), Some(143), "{}", program.log());
}

async fn entities_running(scene: &Scene) -> usize {
    let filter = jobs::queue::Filter {
        state: Some(entities::job::State::Running),
        ..jobs::queue::Filter::default()
    };
    jobs::queue::list(&scene.store.db, &filter, 100).await.unwrap().len()
}
