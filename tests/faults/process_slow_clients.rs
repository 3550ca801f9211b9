//! Two thousand clients that are slow on purpose: they are cut off, and an honest one notices
//! nothing.

use tests::chaos::crowd;

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_client_is_answered_in_time_beside_two_thousand_slow_ones() {
    let crowded = crowd(2_000).await;
    assert!(crowded.wrong.is_empty(), "{crowded:#?}");
}
