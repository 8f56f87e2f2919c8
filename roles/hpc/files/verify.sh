# shellcheck shell=bash
# Logs a run by mlflow-job, and sees that its database and its file are where they belong. Arguments: hpc_dir, a folder for
# both, the virtual environment, and the modules.
# shellcheck source=/dev/null
source "$1/mlflow_env.sh"
folder=$2 python=$3/bin/python
shift 3
for module in "$@"; do module load "$module" || exit 1; done
set -eu
export MLFLOW_JOBS_PATH=$folder/jobs MLFLOW_ARTIFACTS_PATH=$folder/artifacts
unset SLURM_ARRAY_JOB_ID
export SLURM_JOB_ID=check
cd /
mlflow-job "$python" -c '
import mlflow
with mlflow.start_run():
    mlflow.log_metric("loss", 0.25)
    mlflow.log_text("hello", "hello.txt")
'
"$python" -c '
import pathlib, sqlite3, sys
folder = pathlib.Path(sys.argv[1])
database = sqlite3.connect(folder / "jobs/check.db")
rows = database.execute("SELECT status, value, artifact_uri FROM runs JOIN metrics USING (run_uuid)").fetchall()
(status, value, artifacts), = rows
assert (status, value) == ("FINISHED", 0.25), rows
artifacts = pathlib.Path(artifacts.removeprefix("file://"))
assert artifacts.is_relative_to(folder / "artifacts"), f"Artifacts went to {artifacts}"
assert (artifacts / "hello.txt").read_text() == "hello"
' "$folder"
