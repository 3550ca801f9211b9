//! The short form of `scripts/chaos`: kills at random, and at COMMIT, while events come in.

use tests::chaos::{Form, Kills, Plan, run};

/// Events in a second (G1).
const RATE: u32 = 150;

/// Another one every time; a failure says which it was.
fn plan(form: Form, kills: usize) -> Plan {
    let (seed, kills) = (rand::random(), Kills::of(kills, form));
    Plan { seed, form, kills, rate: RATE, leases_end: true }
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_kills_lose_nothing_and_double_nothing() {
    let report = run(plan(Form::Servers, 40)).await;
    eprintln!("{report}");
    assert!(report.wrong.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_of_the_embedded_form_lose_nothing_and_double_nothing() {
    let report = run(plan(Form::Embedded, 20)).await;
    eprintln!("{report}");
    assert!(report.wrong.is_empty(), "{report}");
}
