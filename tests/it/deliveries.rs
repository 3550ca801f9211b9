//! Webhooks by the hundred, what is believed of them, and who was granted something.

use std::collections::{BTreeMap, BTreeSet};

use entities::payment;
use sea_orm::EntityTrait;
use tests::TestApp;

use crate::siege::{Answer, Shot, fire};

/// A webhook, and which bytes its headers were made for by whoever has the secret.
pub(crate) struct Delivery {
    pub(crate) shot: Shot,
    pub(crate) signed: Option<Vec<u8>>,
}

/// How often which status was answered.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<u16, usize>);

impl Tally {
    /// Each of `expected` was answered, or the test does not reach what it is about.
    pub(crate) fn assert(&self, expected: &[u16]) {
        for status in expected {
            assert!(self.0.contains_key(status), "no {status} in {:?}", self.0);
        }
    }
}

/// Delivers, and returns the bodies that were taken: none but those that were signed.
pub(crate) async fn believed(app: &TestApp, all: &[Delivery], tally: &mut Tally) -> Vec<Vec<u8>> {
    let shots: Vec<Shot> = all.iter().map(|delivery| delivery.shot.clone()).collect();
    let answers = fire(app, &shots).await;
    let mut taken = Vec::new();
    for (Delivery { shot, signed }, Answer { status, .. }) in all.iter().zip(&answers) {
        *tally.0.entry(*status).or_default() += 1;
        if *status == 200 && shot.method == "POST" {
            assert_eq!(signed.as_ref(), Some(&shot.body), "believed, though forged: {shot:?}");
            taken.push(shot.body.clone());
        }
    }
    taken
}

/// Everybody who was granted something is named in `paid`; how many they are.
pub(crate) async fn assert_paid(app: &TestApp, paid: &BTreeSet<String>) -> usize {
    let payments = payment::Entity::find().all(app.store.db.reader()).await.unwrap();
    let granted =
        payments.iter().filter(|it| it.status.rank() >= payment::Status::Succeeded.rank());
    let mut count = 0;
    for payment in granted {
        let reference = payment.provider_reference.as_ref().unwrap();
        assert!(paid.contains(reference), "{reference} was not paid: {payment:?}");
        count += 1;
    }
    assert_eq!(app.count("credit_lots").await, i64::try_from(count).unwrap());
    count
}
