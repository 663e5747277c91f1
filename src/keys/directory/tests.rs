//! A directory of keys by what it promises.

use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::TempDir;

use super::super::durable::FileError;
use super::layout::PRIVATE_KEY;
use super::*;
use crate::model::{DistinguishedName, KeyAlgorithm};

fn profile() -> CertificateProfile {
    CertificateProfile {
        subject: DistinguishedName("CN=m365info.com".into()),
        dns_names: vec![],
        key: KeyAlgorithm::Rsa2048,
        not_before: "2026-11-20T23:04:47Z".parse().unwrap(),
        not_after: "2027-11-20T23:14:47Z".parse().unwrap(),
    }
}

fn store() -> (TempDir, DirectoryStore) {
    let place = TempDir::new().unwrap();
    let store = DirectoryStore::open(&place.path().join("keys"));
    (place, store)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn opening_and_listing_touch_nothing() {
    let (place, store) = store();
    assert_eq!(store.list("exo", "main").unwrap(), StoredKeys::default());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn keeps_what_it_makes_private_and_out_of_git() {
    let (place, store) = store();
    let stored = store.create("exo", "main", &profile()).unwrap();
    let paths = store.paths("exo", "main", &stored).unwrap();
    let root = place.path().join("keys");
    for directory in [&root, &root.join("exo"), &root.join("exo/main"), &paths.directory] {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    assert_eq!(mode(&paths.private_key), 0o600);
    assert_eq!(fs::read_to_string(root.join("exo/.gitignore")).unwrap(), "*\n");
    assert_eq!(store.list("exo", "main").unwrap().generations, std::slice::from_ref(&stored));
}

#[test]
fn exports_are_private_where_they_hold_the_key() {
    let (_place, store) = store();
    let stored = store.create("exo", "main", &profile()).unwrap();
    let password = store.generated_password("exo", "main", &stored).unwrap();
    let formats = BTreeSet::from(ExportFormat::ALL);
    let terms = PfxTerms { password: Some(&password), ..PfxTerms::default() };
    let files = store.export("exo", "main", &stored, &formats, terms).unwrap();
    let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["exo-main.cer", "exo-main.pem", "exo-main.pfx"]);
    let paths = store.paths("exo", "main", &stored).unwrap();
    for path in [&files[1], &files[2], &paths.pfx_password] {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    assert_eq!(fs::read(&files[0]).unwrap(), stored.der);
    assert_eq!(store.list("exo", "main").unwrap().generations[0].exports, formats);
    assert_eq!(fs::read_dir(&paths.directory).unwrap().count(), 7, "certificate, key, follows.txt and these");
}

#[test]
fn a_generated_password_stays_the_same() {
    let (_place, store) = store();
    let stored = store.create("exo", "main", &profile()).unwrap();
    let password = store.generated_password("exo", "main", &stored).unwrap();
    assert_eq!(password.expose_secret().len(), 24);
    let again = store.generated_password("exo", "main", &stored).unwrap();
    assert_eq!(again.expose_secret(), password.expose_secret());
}

#[test]
fn a_pfx_that_cannot_be_made_leaves_no_other_export_behind() {
    let (_place, store) = store();
    let stored = store.create("exo", "main", &profile()).unwrap();
    let export = |password: Option<&SecretString>| {
        let terms = PfxTerms { password, ..PfxTerms::default() };
        store.export("exo", "main", &stored, &BTreeSet::from(ExportFormat::ALL), terms)
    };
    assert!(matches!(export(None), Err(StoreError::PasswordMissing { .. })));
    assert!(matches!(export(Some(&"".into())), Err(StoreError::Pfx { .. })));
    assert_eq!(store.list("exo", "main").unwrap().generations[0].exports, BTreeSet::new());
}

#[test]
fn lists_generations_oldest_first() {
    let (_place, store) = store();
    let younger = store.create("exo", "main", &profile()).unwrap();
    let elder_profile = CertificateProfile { not_before: "2025-01-01T00:00:00Z".parse().unwrap(), ..profile() };
    let elder = store.create("exo", "main", &elder_profile).unwrap();
    let other = store.create("exo", "other", &profile()).unwrap();
    assert_eq!(store.list("exo", "main").unwrap().generations, [elder, younger]);
    assert_eq!(store.list("exo", "other").unwrap().generations, [other]);
}

#[test]
fn what_a_crash_left_counts_for_nothing_and_is_swept_under_the_lock() {
    let (place, store) = store();
    let stored = store.create("exo", "main", &profile()).unwrap();
    let slot = place.path().join("keys/exo/main");
    let crashed = slot.join(".new-Ab12Cd");
    let half_export = slot.join(stored.thumbprint.as_str()).join(".new-Ef34Gh");
    fs::create_dir(&crashed).unwrap();
    fs::write(crashed.join(PRIVATE_KEY), "half a key").unwrap();
    fs::write(&half_export, "half a pfx").unwrap();

    assert_eq!(store.list("exo", "main").unwrap().generations, std::slice::from_ref(&stored));
    let second = store.create("exo", "main", &profile()).unwrap();
    assert!(crashed.exists(), "without the lock it might be another's work");

    let _lock = store.lock().unwrap();
    assert!(!crashed.exists() && !half_export.exists());
    assert_eq!(store.list("exo", "main").unwrap().generations.len(), 2);
    store.key_pair("exo", "main", &second).unwrap();
}

#[test]
fn sweeping_follows_no_link_and_removes_nothing_foreign() {
    let (place, store) = store();
    store.create("exo", "main", &profile()).unwrap();
    let slot = place.path().join("keys/exo/main");
    let foreign = slot.join(".new-foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("notes.txt"), "mine").unwrap();
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir_all(elsewhere.join("main/.new-x")).unwrap();
    fs::write(elsewhere.join("main/.new-x").join(PRIVATE_KEY), "").unwrap();
    symlink(&elsewhere, place.path().join("keys/linked")).unwrap();
    symlink(elsewhere.join("main/.new-x"), slot.join(".new-linked")).unwrap();

    let _lock = store.lock().unwrap();
    assert!(foreign.join("notes.txt").exists());
    assert!(elsewhere.join("main/.new-x").join(PRIVATE_KEY).exists());
}

#[test]
fn a_second_apply_is_refused_until_the_first_ends() {
    let (_place, store) = store();
    let lock = store.lock().unwrap();
    let error = store.lock().unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }));
    assert!(error.to_string().starts_with("another apply is using the key store"), "{error}");
    drop(lock);
    store.lock().unwrap();
}

#[test]
fn refuses_a_key_that_others_can_read() {
    let (_place, store) = store();
    let stored = store.create("exo", "main", &profile()).unwrap();
    let key = store.paths("exo", "main", &stored).unwrap().private_key;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let error = store.list("exo", "main").unwrap_err();
    assert!(matches!(error, StoreError::File(FileError::Exposed { mode: 0o640, .. })));
    assert!(error.to_string().contains(&format!("chmod 600 '{}'", key.display())), "{error}");
    store.key_pair("exo", "main", &stored).unwrap_err();
}

#[test]
fn says_which_file_is_missing_damaged_or_wrong() {
    let (_place, store) = store();
    let first = store.create("exo", "main", &profile()).unwrap();
    let second = store.create("exo", "main", &profile()).unwrap();
    let first_paths = store.paths("exo", "main", &first).unwrap();
    let second_paths = store.paths("exo", "main", &second).unwrap();

    let own_key = fs::read(&first_paths.private_key).unwrap();
    fs::copy(&second_paths.private_key, &first_paths.private_key).unwrap();
    assert!(matches!(store.key_pair("exo", "main", &first), Err(StoreError::KeyDiffers { .. })));
    fs::write(&first_paths.private_key, own_key).unwrap();
    store.key_pair("exo", "main", &first).unwrap();

    fs::remove_file(&first_paths.private_key).unwrap();
    assert!(matches!(store.list("exo", "main"), Err(StoreError::Missing { .. })));

    fs::copy(&second_paths.certificate, &first_paths.certificate).unwrap();
    assert!(matches!(store.list("exo", "main"), Err(StoreError::Misplaced { .. })));

    fs::write(&first_paths.certificate, "").unwrap();
    assert!(matches!(store.list("exo", "main"), Err(StoreError::Certificate { .. })));

    fs::remove_file(&first_paths.certificate).unwrap();
    let error = store.list("exo", "main").unwrap_err().to_string();
    assert!(error.contains("certificate.pem` is missing"), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    let store = DirectoryStore::open(&file.join("keys"));
    for error in [
        store.create("exo", "main", &profile()).unwrap_err(),
        store.lock().map(drop).unwrap_err(),
        store.list("exo", "main").map(drop).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains(file.to_str().unwrap()) && text.contains("choose another key directory"), "{text}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn names_cannot_lead_out_of_the_store() {
    let (_place, store) = store();
    for name in ["..", "../x", "a/b", "", ".hidden", "a\0"] {
        assert!(matches!(store.list(name, "main"), Err(StoreError::Name { .. })), "{name}");
        assert!(matches!(store.list("exo", name), Err(StoreError::Name { .. })), "{name}");
    }
}
