use entities::{Money, Timestamp};

use super::*;

fn money(minor: i64) -> Money {
    Money::new(minor, "eur".parse().unwrap())
}

fn sample() -> Invoice {
    Invoice {
        number: "INV-000042".to_owned(),
        payment_id: "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f".parse().unwrap(),
        issued_at_micros: Timestamp::from_seconds(1_700_000_000).micros(),
        seller: Seller {
            name: "Northwind GmbH".to_owned(),
            address: vec!["Hauptstraße 1".to_owned(), "8001 Zürich".to_owned()],
            tax_id: Some("CHE-123.456.788".to_owned()),
            tax_name: "VAT".to_owned(),
            tax_basis_points: 1_900,
        },
        buyer: Buyer {
            name: Some("Zoë Kovačević & Søn".to_owned()),
            address: vec!["ул. Льва Толстого, 16".to_owned(), "Λεωφόρος Αθηνών 5".to_owned()],
            country: Some("DE".to_owned()),
            tax_id: Some("DE123456789".to_owned()),
        },
        buyer_email: Some("zoe@example.com".to_owned()),
        item: "Pro".to_owned(),
        credits: 240,
        total: money(16_000),
        net: money(13_445),
        tax: money(2_555),
        method: Some(("visa".to_owned(), "4242".to_owned())),
        wallet: Some("google_pay".to_owned()),
    }
}

/// The words of the PDF, as a reader sees them.
fn words(pdf: &[u8]) -> String {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    assert_eq!(document.get_pages().len(), 1);
    document.extract_text(&[1]).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

// AC9.4.2, AC9.4.3, 002-TF5
#[test]
fn an_invoice_says_who_sold_what_to_whom_and_what_of_it_is_tax() {
    let pdf = invoice(&sample(), &Fonts::default()).unwrap();

    assert!(pdf.starts_with(b"%PDF-"));
    let words = words(&pdf);
    for part in [
        "Invoice",
        "INV-000042",
        "14 November 2023",
        "Northwind GmbH",
        "Hauptstraße 1",
        "8001 Zürich",
        "CHE-123.456.788",
        "Zoë Kovačević & Søn",
        "ул. Льва Толстого, 16",
        "Λεωφόρος Αθηνών 5",
        "DE123456789",
        "zoe@example.com",
        "Pro",
        "240",
        "160.00 EUR",
        "Net",
        "134.45 EUR",
        "VAT 19 % included",
        "25.55 EUR",
        "Google Pay (Visa ending in 4242)",
        "txn_0192f0c1a7b87c3e9d4f5a6b7c8d9e0f",
    ] {
        assert!(words.contains(part), "{part} is not in: {words}");
    }
}

#[test]
fn the_same_data_makes_the_same_bytes() {
    let make = || invoice(&sample(), &Fonts::default()).unwrap();
    assert_eq!(make(), make());
}

#[test]
fn without_tax_none_is_listed() {
    let mut data = Invoice { method: None, ..sample() };
    data.seller.tax_basis_points = 0;
    let words = words(&invoice(&data, &Fonts::default()).unwrap());
    assert!(!words.contains("VAT") && !words.contains("Net"), "{words}");
    assert!(words.contains("Paid on 14 November 2023. Nothing is owed."), "{words}");
}

#[test]
fn hostile_or_endless_text_still_makes_an_invoice() {
    let long = "wort ".repeat(200);
    for evil in ["", "\0\u{202E}\n\r", "株式会社 \u{1F4B3}", &long, "(\\)<<>>stream\nendobj"] {
        let (evil, address) = (evil.to_owned(), vec![evil.to_owned(); 20]);
        let data = Invoice {
            number: evil.clone(),
            seller: Seller {
                name: evil.clone(),
                address: address.clone(),
                tax_id: Some(evil.clone()),
                tax_name: evil.clone(),
                tax_basis_points: 1,
            },
            buyer: Buyer {
                name: Some(evil.clone()),
                address,
                country: Some(evil.clone()),
                tax_id: Some(evil.clone()),
            },
            buyer_email: Some(evil.clone()),
            item: evil.clone(),
            method: Some((evil.clone(), evil.clone())),
            wallet: Some(evil),
            ..sample()
        };
        words(&invoice(&data, &Fonts::default()).unwrap());
    }
}

/// The sizes of the embedded fonts' files, and what is drawn.
fn embedded(pdf: &[u8]) -> (Vec<i64>, String) {
    let document = lopdf::Document::load_mem(pdf).unwrap();
    let streams = document.objects.values().filter_map(|object| object.as_stream().ok());
    let sizes = streams.filter_map(|stream| stream.dict.get(b"Length1").ok()?.as_i64().ok());
    let page = document.page_iter().next().unwrap();
    let drawn = document.get_page_content(page);
    (sizes.collect(), String::from_utf8_lossy(&drawn).into_owned())
}

#[test]
fn ordinary_letters_are_embedded_in_all_invoices_alike() {
    let of = |name: &str| {
        let buyer = Buyer { name: Some(name.to_owned()), ..Buyer::default() };
        let seller = Seller { name: "Northwind".to_owned(), ..Seller::default() };
        let data = Invoice { buyer, seller, ..sample() };
        let mut sizes = embedded(&invoice(&data, &Fonts::default()).unwrap()).0;
        sizes.sort_unstable();
        sizes
    };
    let [english, western, further] = ["Zoe", "Søn & Çelik – 5 €", "Ковачевић"].map(of);
    assert_eq!((english.len(), of("Max & Quirin")), (2, english.clone()));
    assert_eq!(of("“Ünal”"), western);
    let size = |sizes: &[i64]| sizes.iter().sum::<i64>();
    assert!(size(&english) < size(&western) && size(&western) < size(&further));
}

#[test]
fn a_script_that_joins_its_letters_is_drawn_by_its_rules_and_can_be_copied() {
    let item = "नमस्ते".to_owned();
    let (_, drawn) = embedded(&invoice(&Invoice { item, ..sample() }, &Fonts::default()).unwrap());
    assert!(drawn.contains("/ActualText"), "{drawn}");
    let runs = Fonts::default().runs("नमस्ते", false);
    // Six code points, but the joined pair in the middle is one glyph.
    assert!(runs[0].shaped && runs[0].glyphs.len() < 6, "{}", runs[0].glyphs.len());
    let (_, drawn) = embedded(&invoice(&sample(), &Fonts::default()).unwrap());
    assert!(!drawn.contains("/ActualText"), "{drawn}");
}

#[test]
fn a_font_that_is_not_needed_is_not_embedded() {
    let mut fonts = Fonts::default();
    fonts.add(include_bytes!("../../fonts/NotoSans-Regular.ttf").to_vec()).unwrap();
    let with = invoice(&sample(), &fonts).unwrap();
    assert_eq!(with, invoice(&sample(), &Fonts::default()).unwrap());
}

#[test]
fn a_rate_is_written_as_people_write_it() {
    assert_eq!(percent(1_900), "19 %");
    assert_eq!(percent(550), "5.5 %");
    assert_eq!(percent(1_000), "10 %");
}

#[test]
fn what_is_no_font_is_refused() {
    assert_eq!(Fonts::default().add(b"not a font".to_vec()), Err(FontError));
}
