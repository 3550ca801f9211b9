//! The targets of `fuzz/` with their corpus and with mutations of it: none panics, none has fallen
//! behind, and nobody is granted anything that was not paid.
#![expect(clippy::unwrap_used, reason = "what a test cannot set up, it cannot test")]

#[path = "../../../gateways/tests/mutate/mod.rs"]
mod mutate;
#[path = "../../../fuzz/src/lib.rs"]
pub mod targets;
mod wrong_meaning;

use std::path::{Path, PathBuf};

use mutate::mutate;
use rand::{Rng, SeedableRng, rngs::StdRng};
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

/// In the order of names, so that mutations are the same wherever they are made.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("corpus/{target}");
    let pieces = names(&folder).into_iter().map(|name| home().join(&folder).join(name));
    pieces.map(|path| std::fs::read(path).unwrap()).collect()
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
    for _ in 0..34_000 {
        // Three events about one payment, in any order; half of them as Stripe sent them.
        let mut event = || {
            let event = &corpus[rng.random_range(0..corpus.len())];
            if rng.random() { event.clone() } else { mutate(&mut rng, &WORDS, event) }
        };
        let story: Vec<Vec<u8>> = (0..3).map(|_| event()).collect();
        granted += usize::from(targets::stripe::decision(&story.join(&b'\n')));
    }
    assert!((1_000..30_000).contains(&granted), "{granted} granted");
}

#[test]
fn twenty_thousand_mutated_webhooks_of_paypals_are_turned_away() {
    let (corpus, mut rng) = (corpus("paypal_signature"), StdRng::seed_from_u64(6));
    for n in 0..20_000 {
        let webhook = mutate(&mut rng, &WORDS, &corpus[n % corpus.len()]);
        assert!(!targets::paypal::signature(&webhook));
    }
}
