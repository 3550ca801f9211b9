//! The accept set and spoof classes 1 to 16 of the catalogue.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const SECRET: &str = "whsec_Zk3vQ8mT1xLr7YbN5wHd2cJf9pGs4aEu";
const NEXT_SECRET: &str = "whsec_Pq6nB2yVt9RkX4mWz8LcD1hJf7gSs3aE";
const BODY: &[u8] = "{\"id\":\"evt_1\",\"object\":\"event\",\"note\":\"café\"}".as_bytes();
const T: i64 = 1_767_225_600;

/// HMACs of `T.BODY` under each secret, computed by Python's `hmac`.
const V1: &str = "0cc545fc220469b8662380fe75b870ce257055552d5623cba341ab788522db01";
const NEXT_V1: &str = "9e2af21865ea8b35d4563250121a418876386e1fc3060f831ae5fbd9b617d3e6";
/// The same under an empty key.
const EMPTY_V1: &str = "e0ed7abc9f6c567853861284bc1cdfa5af8702913a421484c18ae15756955ef5";

fn verifier(secrets: &[&str]) -> Verifier {
    let secrets: Vec<_> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
    Verifier::new(&secrets, Duration::from_mins(5))
}

fn headers(values: &[&str]) -> HeaderMap {
    let value = |text: &&str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
    values.iter().map(|text| (http::HeaderName::from_static(HEADER), value(text))).collect()
}

fn check_at(header: &str, body: &[u8], now: i64) -> Result<(), WebhookError> {
    verifier(&[SECRET]).verify(&headers(&[header]), body, Timestamp::from_seconds(now))
}

fn check(header: &str) -> Result<(), WebhookError> {
    check_at(header, BODY, T)
}

/// Signs as Stripe would, whatever `time` says.
fn sign(secret: &str, time: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

fn is_forged(result: &Result<(), WebhookError>) -> bool {
    matches!(result, Err(WebhookError::Signature))
}

fn is_stale(result: &Result<(), WebhookError>) -> bool {
    matches!(result, Err(WebhookError::Stale))
}

#[test]
fn what_another_implementation_signed_is_accepted() {
    assert!(check(&format!("t={T},v1={V1}")).is_ok());
}

#[test]
fn a_secret_can_be_rolled_without_loss() {
    let ours = format!("t={T},v1={V1}");
    let theirs = format!("t={T},v1={NEXT_V1}");
    let both = [format!("t={T},v1={V1},v1={NEXT_V1}"), format!("t={T},v1={NEXT_V1},v1={V1}")];
    let now = Timestamp::from_seconds(T);
    for header in [&ours, &theirs, &both[0], &both[1]] {
        let rolling = verifier(&[NEXT_SECRET, SECRET]);
        assert!(rolling.verify(&headers(&[header]), BODY, now).is_ok(), "{header}");
    }
    for header in &both {
        assert!(check(header).is_ok(), "{header}");
    }
}

#[test]
fn harmless_additions_are_tolerated() {
    for header in [
        format!("v1={V1},t={T}"),
        format!("t={T}, v1={V1}"),
        format!(" t={T} ,\tv1={V1} "),
        format!("t={T},v1={V1},v0={EMPTY_V1},v2=later,scheme"),
        format!("t={T},,v1={V1},"),
        format!("t={T},v1=bad_signature,v1={V1}"),
    ] {
        assert!(check(&header).is_ok(), "{header}");
    }
}

#[test]
fn class_1_and_2_no_signature_is_refused() {
    let now = Timestamp::from_seconds(T);
    assert!(is_forged(&verifier(&[SECRET]).verify(&HeaderMap::new(), BODY, now)));
    for header in ["", " ", ",", "t=", "v1=", "t=,v1=", "=,=", &format!("t={T}")] {
        assert!(is_forged(&check(header)), "{header:?}");
    }
}

#[test]
fn class_3_and_4_another_or_an_empty_key_is_refused() {
    assert!(is_forged(&check(&format!("t={T},v1={NEXT_V1}"))));
    assert!(is_forged(&check(&format!("t={T},v1={EMPTY_V1}"))));
    let without_secrets = verifier(&[]);
    let genuine = headers(&[&format!("t={T},v1={EMPTY_V1}")]);
    assert!(is_forged(&without_secrets.verify(&genuine, BODY, Timestamp::from_seconds(T))));
}

#[test]
fn class_5_any_flipped_bit_of_the_body_is_refused() {
    for index in 0..BODY.len() * 8 {
        let mut body = BODY.to_vec();
        body[index / 8] ^= 1 << (index % 8);
        assert!(is_forged(&check_at(&format!("t={T},v1={V1}"), &body, T)), "bit {index}");
    }
}

#[test]
fn class_6_and_7_the_same_json_in_other_bytes_is_refused() {
    let text = std::str::from_utf8(BODY).unwrap();
    for body in [
        "{\"object\":\"event\",\"id\":\"evt_1\",\"note\":\"café\"}".to_owned(),
        text.replace(':', ": "),
        text.replace('é', "\\u00e9"),
        format!("{text}\n"),
        format!("{text}\r\n"),
        format!(" {text}"),
        format!("\u{feff}{text}"),
        String::new(),
    ] {
        assert!(is_forged(&check_at(&format!("t={T},v1={V1}"), body.as_bytes(), T)), "{body:?}");
    }
}

#[test]
fn class_8_another_time_is_refused() {
    for time in [T - 1, T + 1, T * 10] {
        assert!(is_forged(&check(&format!("t={time},v1={V1}"))), "{time}");
    }
}

#[test]
fn class_9_what_is_no_time_is_refused_even_if_signed() {
    let huge = "9".repeat(400);
    for time in ["", "-1", "+1767225600", "1767225600.0", "0x6955", "1e9", "soon", "１７", &huge]
    {
        let v1 = sign(SECRET, time, BODY);
        assert!(is_forged(&check(&format!("t={time},v1={v1}"))), "{time:?}");
    }
    assert!(is_forged(&check(&format!("v1={}", sign(SECRET, "", BODY)))));
    // A second time might be the one that another reader believes.
    assert!(is_forged(&check(&format!("t={T},t={T},v1={V1}"))));
    assert!(is_forged(&check(&format!("t={T},v1={V1},t=1"))));
    let far = sign(SECRET, "999999999999", BODY);
    assert!(is_stale(&check(&format!("t=999999999999,v1={far}"))));
}

#[test]
fn class_10_and_11_old_and_future_signatures_are_refused() {
    let header = format!("t={T},v1={V1}");
    for now in [T - 300, T - 1, T + 299, T + 300] {
        assert!(check_at(&header, BODY, now).is_ok(), "{now}");
    }
    for now in [T - 301, T + 301, 0, i64::MAX] {
        assert!(is_stale(&check_at(&header, BODY, now)), "{now}");
    }
    // Who cannot sign does not learn what time we think it is.
    assert!(is_forged(&check_at(&format!("t={T},v1={NEXT_V1}"), BODY, T + 301)));
}

#[test]
fn class_12_the_old_scheme_alone_is_refused() {
    assert!(is_forged(&check(&format!("t={T},v0={V1}"))));
    assert!(is_forged(&check(&format!("t={T},V1={V1}"))));
}

#[test]
fn class_13_and_14_only_64_lower_case_digits_are_a_signature() {
    let mut mixed = V1.to_owned();
    let letter = mixed.find(|c: char| c.is_ascii_lowercase()).unwrap();
    mixed[letter..=letter].make_ascii_uppercase();
    for v1 in [
        V1.to_uppercase(),
        mixed,
        V1[..63].to_owned(),
        V1[..62].to_owned(),
        V1[..32].to_owned(),
        V1[..2].to_owned(),
        format!("{V1}0"),
        format!("{V1}00"),
        format!("{V1}{V1}"),
        format!("0x{V1}"),
        format!("\"{V1}\""),
        format!("{}é", &V1[..62]),
        format!("{} {}", &V1[..32], &V1[32..]),
    ] {
        assert!(is_forged(&check(&format!("t={T},v1={v1}"))), "{v1}");
    }
}

#[test]
fn class_15_a_flood_of_signatures_is_refused_unread() {
    let wrong = format!(",v1={NEXT_V1}");
    assert!(check(&format!("t={T}{},v1={V1}", wrong.repeat(15))).is_ok());
    assert!(is_forged(&check(&format!("t={T},v1={V1}{}", wrong.repeat(16)))));
    assert!(is_forged(&check(&format!("t={T},v1={V1}{}", wrong.repeat(1_000)))));
    assert!(is_forged(&check(&format!("t={T},v1={V1}{}", ",v1=x".repeat(1_000)))));
    assert!(is_forged(&check(&format!("t={T},v1={V1}{}", ",".repeat(1_000)))));
}

#[test]
fn class_16_a_header_sent_twice_or_folded_is_refused() {
    let now = Timestamp::from_seconds(T);
    let good = format!("t={T},v1={V1}");
    for pair in [[&*good, &*good], [&*good, ""], ["", &*good], ["t=1,v1=00", &*good]] {
        assert!(is_forged(&verifier(&[SECRET]).verify(&headers(&pair), BODY, now)), "{pair:?}");
    }
    // What a proxy makes of two headers.
    assert!(is_forged(&check(&format!("{good}, {good}"))));
    for split in ["\r\n", "\n", "\0"] {
        assert!(HeaderValue::from_str(&format!("t={T}{split},v1={V1}")).is_err());
    }
    for header in [format!("t={T};v1={V1}"), format!("t={T} v1={V1}"), format!("t={T},v1,={V1}")] {
        assert!(is_forged(&check(&header)), "{header}");
    }
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let shown = format!("{:?}", verifier(&[SECRET]));
    assert_eq!(shown, "Verifier { secrets: 1, tolerance: 300s }");
}

proptest! {
    #[test]
    fn no_header_panics_and_none_is_accepted(
        value in proptest::collection::vec(any::<u8>(), 0..400),
        body in proptest::collection::vec(any::<u8>(), 0..100),
        now in any::<i64>(),
    ) {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.insert(HEADER, value);
        }
        let now = Timestamp::from_micros(now);
        prop_assert!(verifier(&[SECRET]).verify(&headers, &body, now).is_err());
    }

    #[test]
    fn no_near_miss_is_accepted(
        pairs in proptest::collection::vec("(t|v1|v0| v1|)=?([0-9]{0,14}|[0-9a-f]{60,68}|.{0,5})", 0..40),
        now in any::<i64>(),
    ) {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&pairs.join(",")) {
            headers.insert(HEADER, value);
        }
        let now = Timestamp::from_micros(now);
        prop_assert!(is_forged(&verifier(&[SECRET]).verify(&headers, BODY, now)));
    }

    #[test]
    fn whatever_is_signed_just_now_is_accepted(
        body in proptest::collection::vec(any::<u8>(), 0..400),
        time in 0..4_000_000_000_i64,
        skew in -300..=300_i64,
    ) {
        let header = format!("t={time},v1={}", sign(SECRET, &time.to_string(), &body));
        prop_assert!(check_at(&header, &body, time + skew).is_ok());
    }
}
