use std::{collections::HashSet, os::unix::fs::PermissionsExt, sync::Barrier, thread};

use super::*;

fn kept(dir: &Path) -> PathBuf {
    dir.join(FILE_NAME)
}

fn restrict(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn processes_that_start_at_once_agree() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let start = Barrier::new(8);
        let made: HashSet<String> = thread::scope(|scope| {
            let make = || {
                start.wait();
                let secrets = Secrets::load_or_create(dir.path(), None).unwrap();
                secrets.master_key.expose_secret().to_owned()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });

        assert_eq!(made.len(), 1);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left over");
    }
}

#[test]
fn secrets_others_may_read_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    Secrets::load_or_create(dir.path(), None).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o620] {
        restrict(&kept(dir.path()), mode);

        let error = Secrets::load_or_create(dir.path(), None).unwrap_err();

        assert!(matches!(error, SecretsError::Exposed { mode: found, .. } if found == mode));
        assert!(error.advice().starts_with("run `chmod 600 "), "{}", error.advice());
    }
}

#[test]
fn damaged_secrets_are_never_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    Secrets::load_or_create(dir.path(), None).unwrap();
    let whole = fs::read_to_string(kept(dir.path())).unwrap();
    for end in [0, 10, whole.len() / 2, whole.len() - 10] {
        fs::write(kept(dir.path()), &whole[..end]).unwrap();

        let error = Secrets::load_or_create(dir.path(), None).unwrap_err();

        assert!(matches!(error, SecretsError::Damaged { .. }), "{end}: {error}");
        assert_eq!(fs::read_to_string(kept(dir.path())).unwrap(), whole[..end]);
    }
    let extra = format!("{whole}extra = \"\"\n");
    fs::write(kept(dir.path()), extra).unwrap();
    assert!(Secrets::load_or_create(dir.path(), None).is_err());
}

#[test]
fn lost_secrets_are_not_made_anew_for_a_database_that_needs_them() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("quittance.db");
    Secrets::load_or_create(dir.path(), Some(&database)).unwrap();
    fs::write(&database, "").unwrap();
    Secrets::load_or_create(dir.path(), Some(&database)).unwrap();
    fs::remove_file(kept(dir.path())).unwrap();

    let error = Secrets::load_or_create(dir.path(), Some(&database)).unwrap_err();

    assert!(matches!(error, SecretsError::Lost { .. }), "{error}");
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_with_advice() {
    let error = Secrets::load_or_create(Path::new("/nowhere"), None).unwrap_err();

    assert!(matches!(error, SecretsError::Io { doing: "written", .. }), "{error}");
    assert!(error.advice().contains("writable"), "{}", error.advice());
}
