//! What is not replayed and why, what each recording can bind us to, and the reasons for the differences that remain.

use super::compare::Rule;

/// How many of a thousand replayed exchanges must agree.
pub(super) const AGREEMENT: usize = 950;

const ANOTHER_SERVICE: &str = "needs another service";
const NOT_RECORDED: &str = "the request is not recorded";
const MOCK: &str = "the wording of a mock; the request is not recorded";
const THROTTLED: &str = "throttling comes when it is ordered; nothing orders it here";
const RETIRED: &str = "a retired API";

/// Steps that are not replayed.
const LEFT_OUT: &[(&str, &[usize], &str)] = &[
    ("exchange_invokecommand_success", &[8], ANOTHER_SERVICE),
    ("graph_400_404_429_errors", &[6], NOT_RECORDED),
    ("graph_400_404_429_errors", &[10, 13, 15], ANOTHER_SERVICE),
    ("graph_400_404_429_errors", &[17, 18], THROTTLED),
    ("graph_400_404_429_errors", &[23, 26], MOCK),
    ("graph_400_404_429_errors", &[29, 30], RETIRED),
    ("graph_401_403_errors", &[5, 6, 7, 8, 15], ANOTHER_SERVICE),
    ("jupiterone_directory_reads_2024", &[13], ANOTHER_SERVICE),
    ("pnp_batch_2022_2023", &[3], NOT_RECORDED),
    ("pnp_batch_2022_2023", &[4, 5, 6, 7, 8], ANOTHER_SERVICE),
    ("token_claims_app_only", &[2], "a token for a tenant that is not the application's own: there is one tenant"),
];

/// Why a difference is as it should be, or must be borne.
const REASONS: &[(&str, usize, &str)] = &[
    (
        "azcli_create_for_rbac_2025",
        5,
        "the header is missing in this recording alone; the service sends it with every list",
    ),
    (
        "graph_400_404_429_errors",
        11,
        "someone's notes, in which not even the version is certain; the documentation has `startswith(surname)` work by \
         default",
    ),
    (
        "live_entra_reads_2026",
        5,
        "recorded in two ways: this one, and in three other recordings that of the emulator, which names the resource",
    ),
];

pub(super) fn left_out(recording: &str, number: usize) -> Option<&'static str> {
    LEFT_OUT.iter().find(|(name, steps, _)| *name == recording && steps.contains(&number)).map(|(_, _, why)| *why)
}

pub(super) fn reason(recording: &str, number: usize) -> Option<&'static str> {
    REASONS.iter().find(|(name, step, _)| *name == recording && *step == number).map(|(_, _, why)| *why)
}

/// Reasons that explain nothing, because nothing differs there.
pub(super) fn stale_reasons(differs: impl Fn(&str, usize) -> bool) -> Vec<(&'static str, usize)> {
    let stale = REASONS.iter().filter(|(recording, step, _)| !differs(recording, *step));
    stale.map(|(recording, step, _)| (*recording, *step)).collect()
}

/// Lists that were recorded with a next link get pages small enough for one.
pub(super) fn page_size(recording: &str, number: usize) -> usize {
    match (recording, number) {
        ("azcli_users_paging_2021", _) => 4,
        ("jupiterone_directory_reads_2024", 6 | 7) => 5,
        ("live_entra_reads_2026", 5) | ("pnp_paging_filter_select_2025", 1..=3) => 1,
        _ => 100,
    }
}

/// The one answer whose body is no JSON but NUL bytes.
pub(super) fn is_nul(recording: &str, number: usize) -> bool {
    (recording, number) == ("exchange_invokecommand_errors", 3)
}

/// Answers whose rows were put in by whoever published them.
pub(super) fn has_made_up_rows(recording: &str, number: usize) -> bool {
    matches!((recording, number), ("exchange_invokecommand_success", 1 | 2))
}

pub(super) fn rule(recording: &str, number: usize) -> Rule {
    let begins = |names: &[&str]| names.iter().any(|name| recording.starts_with(name));
    let is_vault = matches!(
        (recording, number),
        ("azcli_cert_from_keyvault_2023", 1..=5) | ("azcli_first_party_sp_2023", 2) | ("graph_401_403_errors", 9)
    );
    Rule {
        excerpt: begins(&["graph_400", "exchange_", "live_directory_roles"])
            || (recording, number) == ("graph_401_403_errors", 12),
        foreign: is_vault
            || begins(&[
                "jupiterone",
                "live_",
                "pnp_",
                "token_",
                "azcli_first_party",
                "azcli_getbyids",
                "azcli_users_paging",
                "azcli_managed_identity",
            ])
            || (recording, number) == ("azcli_addpassword_client_keyid_2023", 4),
        headers: begins(&["azcli_", "azpowershell_", "pnp_"]) && !is_vault && !begins(&["pnp_batch"]),
        ordered: matches!((recording, number), ("azcli_create_for_rbac_2025", 2..=4)),
        older: false,
        reworded: matches!(
            (recording, number),
            // The wording of 2021; the emulator has that of 2024, which is recorded too.
            ("graph_401_403_errors", 2)
            // The message names an object of the source's, or is cut off there.
            | ("graph_400_404_429_errors", 20 | 21 | 27)
        ),
    }
}
