//! A workflow for GitHub Actions.

use super::{INSTALL, Job, RecipeFile, heading, indented, script};
use crate::handover::Handover;
use crate::handover::connections::exchange_by_object;
use crate::handover::quoting::comment;

/// By its commit, which nobody can move.
const UPLOAD_ARTIFACT: &str = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0";

pub(super) fn files(job: &Job, handover: &Handover) -> Vec<RecipeFile> {
    let Job { title, name, schedule, .. } = job;
    let connect = format!(
        "\
$bytes = [Convert]::FromBase64String($env:PFX_BASE64)
$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes, $env:PFX_PASSWORD)
{}
",
        exchange_by_object(handover)
    );
    let lines = format!("{INSTALL}$Directory = Join-Path $env:RUNNER_TEMP 'exports'\n{}", script(job, &connect));
    let pfx = handover.certificate.pfx().map_or_else(|| "FILE.pfx".to_owned(), |(path, _)| path.display().to_string());
    let text = format!(
        "{}\
#
# Two secrets of the repository, set from where the files are:
#   base64 -w0 {} | gh secret set EXO_PFX_BASE64
#   gh secret set EXO_PFX_PASSWORD
# Whoever can read the repository can read its artifacts: keep it private.
name: {title}
on:
  schedule:
    - cron: '{schedule}' # UTC
  workflow_dispatch:
permissions: {{}}
concurrency: {name}
jobs:
  {name}:
    runs-on: ubuntu-24.04
    timeout-minutes: 120
    steps:
      - name: {title}
        shell: pwsh
        env:
          PFX_BASE64: ${{{{ secrets.EXO_PFX_BASE64 }}}}
          PFX_PASSWORD: ${{{{ secrets.EXO_PFX_PASSWORD }}}}
        run: |
{}      - uses: {UPLOAD_ARTIFACT}
        with:
          name: {name}
          path: ${{{{ runner.temp }}}}/exports
          if-no-files-found: error
          retention-days: 7
",
        heading(job, handover),
        comment(&pfx),
        indented(&lines, 10)
    );
    vec![RecipeFile { path: job.workflow_file, text }]
}
