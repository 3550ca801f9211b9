//! The targets of `fuzz/` with their corpus and with mutations of it: none panics, none has fallen
//! behind, and nobody is granted anything that was not paid.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up, it cannot test")]

#[path = "../../gateways/tests/mutate/mod.rs"]
mod mutate;
#[path = "../../fuzz/src/lib.rs"]
pub mod targets;

use std::path::{Path, PathBuf};

use mutate::mutate;
use rand::{SeedableRng, rngs::StdRng};
use targets::TARGETS;

/// Least pieces that a target begins with.
const PIECES: usize = 6;

/// What a mutation may put in.
const WORDS: [&[u8]; 12] = [
    b"\"amount_received\":16000,",
    b"\"amount\":1,",
    b"\"currency\":\"eur\",",
    b"\"livemode\":true,",
    b"\"status\":\"succeeded\",",
    b"\"metadata\":null,",
    b"-1",
    b"99999999999999999999",
    b"null",
    b"[[[[[[[[",
    b"\\u0000",
    b"\xef\xbb\xbf",
];

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn names(folder: &str) -> Vec<String> {
    let entries = home().join(folder).read_dir().unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = home().join("corpus").join(target);
    let entries = folder.read_dir().unwrap();
    entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn every_target_has_a_program_and_a_corpus_which_it_takes() {
    let mut targets = TARGETS.map(|(name, _)| name.to_owned());
    targets.sort();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets.map(|name| format!("{name}.rs")));
    let manifest = std::fs::read_to_string(home().join("Cargo.toml")).unwrap();
    for (name, target) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in Cargo.toml");
        let corpus = corpus(name);
        assert!(corpus.len() >= PIECES, "{name} begins with too little");
        let finished = corpus.iter().filter(|piece| target(piece)).count();
        // What proves nothing gets nowhere; what was proved is read.
        assert_eq!(finished > 0, !name.ends_with("signature"), "{name}: {finished} got to the end");
    }
}

#[test]
fn a_hundred_thousand_mutated_events_are_decided_upon_and_only_what_was_paid_is_granted() {
    let (corpus, mut rng) = (corpus("decision"), StdRng::seed_from_u64(5));
    let mut granted = 0;
    for n in 0..100_000 {
        granted += usize::from(targets::stripe::decision(&mutate(
            &mut rng,
            &WORDS,
            &corpus[n % corpus.len()],
        )));
    }
    assert!((100..50_000).contains(&granted), "{granted} granted");
}

#[test]
fn twenty_thousand_mutated_webhooks_of_paypals_are_turned_away() {
    let (corpus, mut rng) = (corpus("paypal_signature"), StdRng::seed_from_u64(6));
    for n in 0..20_000 {
        let webhook = mutate(&mut rng, &WORDS, &corpus[n % corpus.len()]);
        assert!(!targets::paypal::signature(&webhook));
    }
}
