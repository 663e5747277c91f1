//! A workflow for GitHub Actions.

use super::{INSTALL, Job, RecipeFile, heading, indented, script};
use crate::handover::Handover;
use crate::handover::connections::exchange_by_object;
use crate::handover::quoting::{comment, shell};
use crate::handover::{KeyPlace, vault_name};
use crate::model::SecretReference;

/// By its commit, which nobody can move.
const UPLOAD_ARTIFACT: &str = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0";

pub(super) fn files(job: &Job, handover: &Handover) -> Vec<RecipeFile> {
    let Job { title, name, schedule, .. } = job;
    let whole_name = job.name_for(handover);
    let secrets = Secrets::of(&handover.handle);
    let connect = format!(
        "\
$bytes = [Convert]::FromBase64String($env:PFX_BASE64)
$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes, $env:PFX_PASSWORD)
{}
",
        exchange_by_object(handover)
    );
    let lines = format!(
        "$Directory = Join-Path $env:RUNNER_TEMP 'exports'\n{}{}",
        job.month_of_environment(),
        script(job, &connect, &job.refusal())
    );
    let (input, month) = if let Some(month) = &job.month {
        (
            format!("\n    inputs:\n      month:\n        description: {}\n        required: false", month.remark),
            "\n          MONTH: ${{ inputs.month }}",
        )
    } else {
        (String::new(), "")
    };
    let Secrets { pfx, password } = &secrets;
    let text = format!(
        "{}\
#
# Two secrets of the repository, set from where the files are:
{}\
# Whoever can read the repository can read its artifacts: keep it private.
name: {title} ({})
on:
  schedule:
    - cron: '{schedule}' # UTC
  workflow_dispatch:{input}
permissions: {{}}
concurrency: {whole_name}
jobs:
  {name}:
    runs-on: ubuntu-24.04
    timeout-minutes: 120
    steps:
      - name: Modules
        shell: pwsh
        run: {INSTALL}
      - name: {title}
        shell: pwsh
        env:
          PFX_BASE64: ${{{{ secrets.{pfx} }}}}
          PFX_PASSWORD: ${{{{ secrets.{password} }}}}{month}
        run: |
{}      - uses: {UPLOAD_ARTIFACT}
        with:
          name: {whole_name}
          path: ${{{{ runner.temp }}}}/exports
          if-no-files-found: error
          retention-days: 7
",
        heading(job, handover),
        secrets.are_set_by(handover),
        handover.handle,
        indented(&lines, 10)
    );
    vec![RecipeFile { path: format!(".github/workflows/{whole_name}.yml"), text }]
}

/// What the secrets of the repository are called.
struct Secrets {
    pfx: String,
    password: String,
}

impl Secrets {
    /// A name may begin neither with a digit nor with `GITHUB_`, so the handle comes last.
    fn of(handle: &str) -> Self {
        let handle: String =
            handle.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        Self { pfx: format!("PFX_BASE64_{handle}"), password: format!("PFX_PASSWORD_{handle}") }
    }

    /// The commands that set them, as comments.
    fn are_set_by(&self, handover: &Handover) -> String {
        let Self { pfx, password } = self;
        let certificate = &handover.certificate;
        let lines = match (certificate.pfx(), &certificate.key) {
            (Some((path, reference)), _) => {
                let set = format!("base64 -w0 {} | gh secret set {pfx}", shell(&path.to_string_lossy()));
                // What is encrypted to a team is opened by hand.
                let typed = match reference {
                    Some(SecretReference::File(file))
                        if file.extension().is_none_or(|extension| extension != "age") =>
                    {
                        format!("gh secret set {password} < {}", shell(&file.to_string_lossy()))
                    }
                    _ => format!("gh secret set {password}   # it asks for the password of the PFX"),
                };
                vec![set, typed]
            }
            (None, KeyPlace::KeyVault { vault, name, version, exportable: _ }) => vec![
                format!(
                    "az keyvault secret show --vault-name {} --name {} --version {} --query value --output tsv | gh secret set {pfx}",
                    shell(vault_name(vault)),
                    shell(name),
                    shell(version)
                ),
                format!("{password} is not set: what comes out of a vault has no password."),
            ],
            (None, KeyPlace::Directory { .. } | KeyPlace::File { .. } | KeyPlace::Elsewhere) => vec![
                format!("base64 -w0 FILE.pfx | gh secret set {pfx}"),
                format!("gh secret set {password}   # it asks for the password of the PFX"),
            ],
        };
        lines.iter().fold(String::new(), |comments, line| comments + "#   " + &comment(line) + "\n")
    }
}
