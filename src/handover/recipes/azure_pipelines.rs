//! A pipeline for Azure Pipelines.

use super::{INSTALL, Job, RecipeFile, heading, indented, script};
use crate::handover::Handover;
use crate::handover::connections::exchange_by_object;
use crate::handover::quoting::{comment, yaml};

pub(super) fn files(job: &Job, handover: &Handover) -> Vec<RecipeFile> {
    let Job { title, name, schedule, .. } = job;
    let connect = format!(
        "\
$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($env:PFX_PATH, $env:PFX_PASSWORD)
{}
",
        exchange_by_object(handover)
    );
    // Azure Pipelines puts the value of a variable wherever `$(name)` stands, also within a script: there is none in these.
    let lines = format!("{INSTALL}$Directory = $env:BUILD_ARTIFACTSTAGINGDIRECTORY\n{}", script(job, &connect));
    let file = format!("{}.pfx", handover.certificate.import_name(&handover.handle));
    let text = format!(
        "{}\
#
# Once, in the project: put the PFX into Pipelines, Library, Secure files as {}, and its password into the secret variable
# PfxPassword of this pipeline.
trigger: none
pr: none
schedules:
  - cron: '{schedule}' # UTC
    displayName: {title}
    branches:
      include: [main]
    always: true
pool:
  vmImage: ubuntu-24.04
steps:
  - task: DownloadSecureFile@1
    name: pfx
    inputs:
      secureFile: {}
  - task: PowerShell@2
    displayName: {title}
    inputs:
      targetType: inline
      pwsh: true
      script: |
{}    env:
      PFX_PATH: $(pfx.secureFilePath)
      PFX_PASSWORD: $(PfxPassword)
  - publish: $(Build.ArtifactStagingDirectory)
    artifact: {name}
",
        heading(job, handover),
        comment(&file),
        yaml(&file),
        indented(&lines, 8)
    );
    vec![RecipeFile { path: job.pipeline_file, text }]
}
