//! What was shown once and looked at by people. `ACCREDIT_BLESS=1` writes what is shown now.

use std::path::Path;

pub(crate) fn check(name: &str, shown: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handover/golden").join(name);
    if std::env::var_os("ACCREDIT_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, shown).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let difference = similar::TextDiff::from_lines(kept.as_str(), shown);
    assert!(
        kept == shown,
        "{name} is not as expected (`ACCREDIT_BLESS=1 cargo test --test handover` writes it):\n{}",
        difference.unified_diff()
    );
}
