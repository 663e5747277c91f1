//! What the application did when it was tried: its token, what that says, the cmdlets that Exchange allows it, one read.

use super::{CHECKS, Outcome as Examined, failed, has_passed, unlisted};
use crate::doctor::recognize;
use crate::model::{
    Cause, Certainty, Check, Denial, Diagnosis, EntraCode, Examination, ExaminationState, ExaminedApplication,
    FailureNumber, Outcome, Remedy, Stage, Subject, VerifiedApplication,
};

/// What a proof is looked at for, each with what it needs.
const STAGES: [(Stage, &[Stage]); 4] = [
    (Stage::Token, SIGN_IN),
    (Stage::Claims, &[Stage::Token, Stage::Consent, Stage::Role]),
    (Stage::Cmdlets, &[Stage::Token, Stage::Consent, Stage::Role]),
    (Stage::Read, &[Stage::Token, Stage::Consent, Stage::Role, Stage::Cmdlets]),
];
const SIGN_IN: &[Stage] = &[Stage::LocalCertificate, Stage::Application, Stage::KeyCredential];

/// Whether nothing is known that would keep it from signing in.
pub fn can_sign_in(examined: &ExaminedApplication) -> bool {
    SIGN_IN.iter().all(|stage| has_passed(examined, *stage))
}

/// Goes on with what was proven of an application, if it was tried.
#[must_use]
pub fn with_proof(mut examined: ExaminedApplication, proof: Option<&VerifiedApplication>) -> ExaminedApplication {
    let checks = proof.map_or(&[][..], |proof| &proof.checks);
    accept_roles_of_exchange(&mut examined, checks);
    for (stage, needs) in STAGES {
        let lacking = needs.iter().find(|need| is_in_the_way(&examined, **need));
        let examination = match lacking {
            Some(need) => skipped(stage, format!("needs {}", need.as_str())),
            None => look(&mut examined, stage, checks.iter().filter(|check| stage_of(&check.subject) == Some(stage))),
        };
        examined.examinations.push(examination);
    }
    examined
}

/// Roles may be Exchange's own, of which Entra knows nothing: that there are cmdlets is the better proof.
fn accept_roles_of_exchange(examined: &mut ExaminedApplication, checks: &[Check]) {
    let mut cmdlets = checks.iter().filter(|check| check.subject == Subject::Cmdlets);
    if !cmdlets.any(|check| matches!(check.outcome, Outcome::Passed { .. })) {
        return;
    }
    // That a declared role is not known by its name, or was not given, stays true.
    let without_a_role = [Some(FailureNumber(2)), Some(FailureNumber(3))];
    let mut of_roles = examined.diagnoses.iter().filter(|diagnosis| diagnosis.stage == Stage::Role);
    if !of_roles.all(|diagnosis| without_a_role.contains(&diagnosis.failure)) {
        return;
    }
    for examination in &mut examined.examinations {
        if examination.stage == Stage::Role && examination.state == ExaminationState::Failed {
            examination.state = ExaminationState::Passed;
            examination.notes.push("what it may do comes from roles of Exchange's own".to_owned());
            examined.diagnoses.retain(|diagnosis| diagnosis.stage != Stage::Role);
        }
    }
}

/// Whether a stage failed, or was not looked at because another one failed.
fn is_in_the_way(examined: &ExaminedApplication, stage: Stage) -> bool {
    let found = examined.examinations.iter().find(|examination| examination.stage == stage);
    found.is_some_and(|examination| match &examination.state {
        ExaminationState::Passed => false,
        ExaminationState::Waiting | ExaminationState::Failed => true,
        ExaminationState::Skipped { because: _ } => {
            stage == Stage::LocalCertificate || needs(stage).iter().any(|need| is_in_the_way(examined, *need))
        }
    })
}

/// What a stage is not looked at without.
fn needs(stage: Stage) -> &'static [Stage] {
    let mut all = CHECKS.iter().map(|(stage, needs, _)| (*stage, *needs)).chain(STAGES);
    all.find(|(one, _)| *one == stage).map_or(&[], |(_, needs)| needs)
}

fn stage_of(subject: &Subject) -> Option<Stage> {
    match subject {
        // It was looked at before.
        Subject::Application | Subject::ExchangeRoles => None,
        Subject::Certificate(_) | Subject::Token => Some(Stage::Token),
        Subject::Claims | Subject::Permissions | Subject::DirectoryRoles => Some(Stage::Claims),
        Subject::Cmdlets => Some(Stage::Cmdlets),
        Subject::Cmdlet(_) | Subject::Read(_) => Some(Stage::Read),
    }
}

fn look<'c>(examined: &mut ExaminedApplication, stage: Stage, checks: impl Iterator<Item = &'c Check>) -> Examination {
    let (mut evidence, mut notes) = (Vec::new(), Vec::new());
    let (mut outcome, mut because) = (None, None);
    for check in checks {
        let of = check.api.as_ref().map_or_else(String::new, |api| format!("{api}, "));
        match &check.outcome {
            Outcome::Passed { evidence: seen } => {
                evidence.push(format!("{of}{}: {seen}", check.subject));
                outcome.get_or_insert(ExaminationState::Passed);
            }
            Outcome::Skipped { because: why } => because = because.or_else(|| Some(why.clone())),
            // Where that is as declared, nobody can try it from here.
            Outcome::Failed { cause: Cause::KeyAbsent { .. }, hint: _ } => {
                because = because.or_else(|| Some("the key is kept elsewhere".to_owned()));
            }
            Outcome::Waiting { cause, hint: _ } => {
                evidence.push(format!("{of}{}: {cause}", check.subject));
                notes.push("what was written minutes ago may not be known everywhere yet: look again later".to_owned());
                outcome = Some(ExaminationState::Waiting);
            }
            Outcome::Failed { cause, hint } => {
                let seen = format!("{of}{}: {cause}", check.subject);
                examined.diagnoses.extend(diagnosis(stage, cause, hint.as_deref(), &seen, &examined.handle));
                evidence = vec![seen];
                outcome = Some(ExaminationState::Failed);
                break;
            }
        }
        notes.extend(check.notes.iter().cloned());
    }
    match outcome {
        Some(found) => Examination { stage, state: found, evidence, notes },
        None => skipped(stage, because.unwrap_or_else(|| "nothing to try".to_owned())),
    }
}

fn skipped(stage: Stage, because: String) -> Examination {
    Examination { stage, state: ExaminationState::Skipped { because }, evidence: Vec::new(), notes: Vec::new() }
}

/// The failure that a message shows and that nothing else says. A guess becomes no finding.
fn certain(message: &str, handle: &str) -> Option<Diagnosis> {
    recognize(message, handle).diagnoses.into_iter().find(|known| known.certainty == Certainty::Certain)
}

/// The known failure that a cause is, or the cause as it is.
fn diagnosis(stage: Stage, cause: &Cause, hint: Option<&str>, seen: &str, handle: &str) -> Option<Diagnosis> {
    let evidence = vec![seen.to_owned()];
    let number = match cause {
        // What was refused is known by its words.
        Cause::TokenRefused { message, .. } => {
            if let Some(known) = certain(message, handle) {
                return Some(Diagnosis { evidence, ..known });
            }
            None
        }
        Cause::NoApplication => Some(11),
        Cause::NoServicePrincipal => Some(10),
        Cause::NotUploaded { .. } => Some(8),
        Cause::NoCertificate | Cause::KeyAbsent { .. } => Some(16),
        Cause::Ended { .. } | Cause::NotYetValid { .. } => Some(9),
        Cause::NotOffered { .. } => Some(15),
        Cause::MissingPermissions { missing, granted: _ } => {
            Some(if missing.iter().any(|name| name.contains("Exchange.ManageAsApp")) { 1 } else { 15 })
        }
        Cause::NoCmdlets
        | Cause::CmdletNotHeld { .. }
        | Cause::ExchangeRefused { denial: Some(Denial::CmdletNotHeld), .. } => Some(4),
        Cause::ExchangeRefused { status: 401, .. } => Some(1),
        Cause::ExchangeRefused { status: 403 | 429, .. } => Some(30),
        Cause::ExchangeRefused { message, .. } => {
            certain(message, handle).and_then(|known| known.failure).map(|number| number.0)
        }
        Cause::GraphRefused { status: 403, .. } => Some(33),
        Cause::Claims { mismatches } if mismatches.iter().any(|mismatch| mismatch.claim == "tid") => Some(12),
        Cause::Disabled
        | Cause::Store { .. }
        | Cause::MissingDirectoryRoles { .. }
        | Cause::MissingExchangeRoles { .. }
        | Cause::NoAnswer { .. }
        | Cause::Claims { .. }
        | Cause::NoRows { .. }
        | Cause::OtherOrganization { .. }
        | Cause::GraphRefused { .. } => None,
    };
    let explained = match cause {
        Cause::TokenRefused { message, .. } => {
            recognize(message, handle).codes.into_iter().find(|code| code.meaning.is_some())
        }
        _ => None,
    };
    let help = explained.as_ref().and_then(|code| code.help).or(hint);
    let help = help.unwrap_or("`accredit verify` says more, and `accredit plan` what the tenant lacks");
    let remedy = Remedy { text: help.to_owned(), manifest: None, commands: Vec::new() };
    let (title, because) = match (cause, explained) {
        (_, Some(EntraCode { code, meaning: Some(meaning), help: _ })) => {
            ("Entra gives no token", format!("AADSTS{code}: {meaning}"))
        }
        (Cause::TokenRefused { .. }, _) => ("Entra gives no token", cause.to_string()),
        (Cause::Store { .. }, _) => ("The key store cannot be used", cause.to_string()),
        (Cause::MissingDirectoryRoles { .. }, _) => ("The token lacks a declared directory role", cause.to_string()),
        _ => ("It does not work, for none of the known reasons", cause.to_string()),
    };
    let outcome = match number {
        Some(number) => failed(number, cause.to_string(), evidence, remedy),
        None => unlisted(stage, title, because, evidence, remedy),
    };
    match outcome {
        Examined::Failed(diagnosis) => Some(*diagnosis),
        Examined::Passed { .. } | Examined::Skipped(_) => None,
    }
}
