# shellcheck shell=bash
# Makes a virtual environment with what is on this machine. Arguments: where, the source of mlflow_sync, the folder of wheels
# or nothing, what to install, and the modules.
environment=$1 source=$2 wheels=$3 requirement=$4
shift 4
for module in "$@"; do module load "$module" || exit 1; done
set -euo pipefail
if command -v virtualenv >/dev/null; then
  virtualenv --quiet --no-download --clear "$environment"
else
  python3 -m venv --clear "$environment"
fi
pip() { "$environment/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }
pip install --no-index ${wheels:+--find-links="$wheels"} "$requirement" setuptools wheel
pip install --no-index --no-deps --no-build-isolation "$source"
touch "$environment/complete"
