use proptest::prelude::*;

use super::*;

const EVENT: &str = r#"{
  "id": "evt_1", "object": "event", "api_version": "2026-09-30.endive", "created": 1767225600,
  "data": {"object": {"id": "pi_1", "object": "payment_intent"}, "previous_attributes": null},
  "livemode": false, "pending_webhooks": 1, "type": "payment_intent.succeeded", "new": [{}]
}"#;

fn envelope(json: &str) -> Result<Envelope, Unreadable> {
    Event::parse(json.as_bytes()).map(Event::into_envelope)
}

/// `EVENT` with one part replaced.
fn with(from: &str, to: &str) -> String {
    assert!(EVENT.contains(from), "{from}");
    EVENT.replace(from, to)
}

#[test]
fn an_envelope_is_read_past_what_is_unknown() {
    let expected = Envelope {
        event_id: "evt_1".into(),
        kind: "payment_intent.succeeded".into(),
        account: None,
        livemode: false,
        occurred_at: Timestamp::from_seconds(1_767_225_600),
    };
    assert_eq!(envelope(EVENT), Ok(expected.clone()));
    let connected = with(r#""new""#, r#""account": "acct_1", "new""#);
    let account = Some("acct_1".to_owned());
    assert_eq!(envelope(&connected), Ok(Envelope { account, ..expected }));
    assert!(envelope(&with(r#""new""#, r#""account": null, "new""#)).is_ok());
    assert!(envelope(&format!("{EVENT}\r\n")).is_ok());
}

#[test]
fn ids_of_255_characters_and_unicode_names_are_accepted() {
    let id = format!("evt_{}", "x".repeat(251));
    assert_eq!(envelope(&with("evt_1", &id)).unwrap().event_id, id);
    assert!(envelope(&with(r#""pi_1""#, r#""pi_1", "name": "Zoë 雪 \ud83d\ude00""#)).is_ok());
    assert!(envelope(&with("payment_intent.succeeded", "some.new.kind")).is_ok());
}

#[test]
fn what_is_no_event_is_refused() {
    for (from, to) in [
        ("evt_1", ""),
        ("evt_1", "evt 1"),
        ("evt_1", "evt_é"),
        ("evt_1", r"evt_\u0000"),
        ("evt_1", r"evt_\n"),
        (r#""evt_1""#, "null"),
        (r#""evt_1""#, "7"),
        (r#""object": "event""#, r#""object": "v2.core.event""#),
        (r#""object": "event","#, ""),
        ("payment_intent.succeeded", ""),
        ("1767225600", "0"),
        ("1767225600", "-1"),
        ("1767225600", "1767225600.5"),
        ("1767225600", "1e9"),
        ("1767225600", "9999999999999"),
        ("1767225600", "99999999999999999999999"),
        ("1767225600", r#""1767225600""#),
        ("false", "null"),
        ("false", r#""false""#),
        (r#""livemode": false,"#, ""),
        // Which of two did another reader believe?
        (r#""livemode": false"#, r#""livemode": true, "livemode": false"#),
        (r#""new""#, r#""id": "evt_2", "new""#),
        (r#""new""#, r#""account": "", "new""#),
        (r#""new""#, r#""account": 1, "new""#),
        (r#"{"id": "pi_1", "object": "payment_intent"}"#, "null"),
        (r#"{"id": "pi_1", "object": "payment_intent"}"#, r#""pi_1""#),
        (r#"{"id": "pi_1", "object": "payment_intent"}"#, "[]"),
    ] {
        assert!(envelope(&with(from, to)).is_err(), "{from} → {to}");
    }
    let long = "x".repeat(256);
    assert!(envelope(&with("evt_1", &long)).is_err());
    assert!(envelope(&with("payment_intent.succeeded", &long)).is_err());
    for body in ["", "null", "[]", "{}", "7", "{", "\u{feff}{}", &format!("{EVENT}{EVENT}")] {
        assert!(envelope(body).is_err(), "{body:?}");
    }
    assert!(Event::parse(b"{\"id\": \"\xff\"}").is_err());
}

#[test]
fn deep_nesting_is_survived() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}null{}", open.repeat(100_000), close.repeat(100_000));
        let _ = envelope(&deep);
        let _ = envelope(&with("[{}]", &deep));
        let _ = envelope(&with(r#""pi_1""#, &deep));
        let _ = super::super::event::read(with(r#""pi_1""#, &deep).as_bytes());
    }
}

#[test]
fn an_error_never_quotes_the_body() {
    let error = envelope(&with("false", r#""s3cret""#)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert!(error.to_string().starts_with("a part is missing, doubled or of another kind at line"));
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Event::parse(&body);
        let _ = super::super::event::read(&body);
    }

    #[test]
    fn no_damaged_event_panics(at in 0..EVENT.len(), byte in any::<u8>(), cut in 0..EVENT.len()) {
        let mut body = EVENT.as_bytes().to_vec();
        body[at] = byte;
        let _ = Event::parse(&body);
        let _ = super::super::event::read(&body);
        let _ = Event::parse(&body[..cut]);
    }
}
