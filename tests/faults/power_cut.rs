//! A power cut under the embedded database: the disk keeps what was flushed, and nothing else. Killing
//! a process shows nothing of this, as what it wrote lives on in the kernel.

use std::time::Duration;

use tempfile::TempDir;
use tests::{
    chaos::{Disk, Expected, Load, LoadOptions, after, check, prepare, quiet, script},
    process::{Role, Stage},
};

/// Acknowledged events before each cut.
const BEFORE_CUTS: [usize; 3] = [40, 120, 200];

/// Longest time until what was told is worked off, and for mails of those who died.
const SOON: Duration = Duration::from_secs(75);

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let Some(wrong) = cut(Stage::embedded()).await else { return };
    assert_eq!(wrong, Vec::<String>::new());
}

/// Otherwise the test above would be blind.
#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_does_lose_events_when_commits_are_not_flushed() {
    let mut stage = Stage::embedded();
    stage.set("FAILPOINTS", "plant.synchronous-normal=return");
    let Some(wrong) = cut(stage).await else { return };
    assert!(wrong.iter().any(|it| it.starts_with("I1")), "nothing was lost: {wrong:?}");
}

/// What does not hold after some power cuts; `None` where there can be no such disk.
async fn cut(mut stage: Stage) -> Option<Vec<String>> {
    let mut place = TempDir::new().unwrap();
    let Some(mut disk) = Disk::mount(place.path()) else {
        eprintln!("SKIPPED: power cuts need /dev/fuse and the right to mount");
        return None;
    };
    stage.move_database(place.path());
    let mut program = stage.start(Role::Both, "quittance").await;
    let mut store = stage.store().await;
    let payments = prepare(&store, 31, 150).await;
    let options = LoadOptions { seed: 31, rate: 150, targets: vec![program.base()] };
    let load = Load::start(script(31, &payments), options, stage.directory());
    let mut unflushed = 0;
    for acknowledged in BEFORE_CUTS {
        after(&load, acknowledged).await;
        disk.cut_power();
        program.kill();
        store.db.close().await.unwrap();
        unflushed += disk.unflushed();
        let next_place = TempDir::new().unwrap();
        let next_disk = disk.salvaged(next_place.path())?;
        stage.move_database(next_place.path());
        // The old one is unmounted first, then its place removed.
        disk = next_disk;
        place = next_place;
        program = stage.start(Role::Both, "quittance").await;
        store = stage.store().await;
    }
    let delivered = load.finish(Duration::from_mins(1)).await;
    let settled = quiet(&store, SOON).await;
    let expected = Expected { payments: &payments, delivered: &delivered };
    let mut wrong = check(&store, expected, &stage.path("data/mail")).await;
    if !settled {
        wrong.push("something is left to do".to_owned());
    }
    program.kill();
    store.db.close().await.unwrap();
    eprintln!("{} cuts, {unflushed} bytes not flushed when they came", BEFORE_CUTS.len());
    drop((disk, place));
    Some(wrong)
}
