//! `quittance.toml`.

use super::*;
use crate::config::File;

const EXAMPLE: &str = include_str!("../../../../quittance.toml.example");

#[test]
fn the_example_shows_every_setting_with_its_default() {
    assert_eq!(File::parse("example", EXAMPLE).unwrap(), File::default());

    let shown: toml::Table = EXAMPLE.parse().unwrap();
    assert_eq!(shown, toml::Table::try_from(File::default()).unwrap());
}

#[test]
fn the_defaults_are_within_their_ranges() {
    let mut problems = crate::config::error::Problems::default();
    File::default().check("defaults", &mut problems);
    problems.into_result().unwrap();
}

#[test]
fn every_number_has_a_range_and_the_example_says_which() {
    let dir = tempdir();
    let table: toml::Table = EXAMPLE.parse().unwrap();
    for (section, settings) in &table {
        for (key, value) in settings.as_table().unwrap() {
            if !value.is_integer() {
                continue;
            }
            let config = write(&dir, "q.toml", &format!("[{section}]\n{key} = 1000000000\n"));
            let error = Settings { config, ..sandbox(&dir) }.resolve().unwrap_err();
            let problem = &error.problems[0];
            let (_, range) = problem.wrong.split_once("is not between ").unwrap();
            let (_, high) = range.split_once(" and ").unwrap();
            assert!(problem.setting.ends_with(&format!("{section}.{key}")), "{problem}");
            assert!(EXAMPLE.contains(&format!("to {high}")), "{key}: {high}");
        }
    }
}

#[test]
fn what_the_file_leaves_out_has_its_default() {
    let file = File::parse("q.toml", "[http]\nmax_connections = 99\n").unwrap();

    assert_eq!(file.http.max_connections, 99);
    assert_eq!(file.http.drain_seconds, 10);
    assert_eq!(file.lanes, File::default().lanes);
}

#[test]
fn a_number_out_of_range_is_named_with_file_key_value_range_and_advice() {
    let dir = tempdir();
    let config = write(&dir, "q.toml", "[worker]\nsweep_interval_ms = 0\n");
    let path = config.clone().unwrap();

    let complaint = complaint(Settings { config, ..sandbox(&dir) }.resolve());

    assert_eq!(
        complaint,
        format!(
            "the configuration has a problem\n  {path}, worker.sweep_interval_ms: 0 is not \
             between 100 and 60000; choose a number in this range, or delete the line to have the \
             default"
        )
    );
}

#[test]
fn a_word_we_do_not_know_is_an_error() {
    for (text, line, wrong) in [
        ("[http]\n\nmax_conections = 5", 3, "unknown field `max_conections`"),
        ("[htttp]\n", 1, "unknown field `htttp`"),
        ("[http]\nmax_connections = -1", 2, "-1"),
        ("[http]\nmax_connections = 1.5", 2, "1.5"),
        ("[http]\nmax_connections = \"9\"", 2, "a text where none belongs"),
        ("[http]\ndrain_seconds = 1\ndrain_seconds = 2", 3, "duplicate key"),
        ("[http", 1, ""),
    ] {
        let problem = File::parse("q.toml", text).unwrap_err();
        assert_eq!(problem.setting, format!("q.toml, line {line}"), "{problem}");
        assert!(problem.wrong.contains(wrong), "{problem}");
    }
}

#[test]
fn each_wait_is_at_least_as_long_as_the_one_within_it() {
    let dir = tempdir();
    for (line, setting) in [
        ("handler_timeout_ms = 4500", "http.handler_timeout_ms"),
        ("body_timeout_ms = 6000", "http.first_byte_timeout_ms"),
    ] {
        let config = write(&dir, "q.toml", &format!("[http]\n{line}\n"));
        assert_refused(Settings { config, ..sandbox(&dir) }, setting, "is less than");
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let dir = tempdir();
    let settings = Settings { config: text("/nowhere/q.toml"), ..sandbox(&dir) };
    assert_refused(settings, "CONFIG", "/nowhere/q.toml cannot be read");
}
