//! The short form of `scripts/chaos`: kills at random, and at COMMIT, while events come in.

use tests::chaos::{Form, Kills, Plan, run};

/// Another one every time; a failure says which it was.
fn plan(form: Form, kills: usize, rate: u32) -> Plan {
    Plan { seed: rand::random(), form, kills: Kills::of(kills, form), rate }
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_kills_lose_nothing_and_double_nothing() {
    let report = run(plan(Form::Servers, 40, 150)).await;
    eprintln!("{report}");
    assert!(report.wrong.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_of_the_embedded_form_lose_nothing_and_double_nothing() {
    let report = run(plan(Form::Embedded, 20, 100)).await;
    eprintln!("{report}");
    assert!(report.wrong.is_empty(), "{report}");
}
