# shellcheck shell=bash
# Looks at a login node: says where home is, and after "!" what speaks against it. Arguments: hpc_data_dir, hpc_wheels, and
# hpc_modules.
data=${1/#\~/$HOME} wheels=${2/#\~/$HOME}
shift 2
echo "$HOME"
if [ "$(id -u)" = 0 ]; then
  echo "! ansible_user: found root. Log in as whoever is going to train."
fi
parent=$(dirname "$data")
if [ ! -d "$parent" ]; then
  echo "! hpc_data_dir: found $data, and there is no $parent. Write a folder in one that is there."
elif [ ! -w "$parent" ] && [ ! -w "$data" ]; then
  echo "! hpc_data_dir: found $data, where you may not write. Write a folder of your own."
fi
if [ -n "$wheels" ] && ! ls "$wheels"/mlflow-*.whl >/dev/null 2>&1; then
  echo "! hpc_wheels: found $wheels, which has no mlflow-*.whl. Fill it by: pip download --dest $wheels mlflow setuptools wheel"
fi
if [ $# -gt 0 ] && ! command -v module >/dev/null; then
  echo "! hpc_modules: found $*, and there is no command 'module' here. Write [] to do without."
else
  for module in "$@"; do
    module load "$module" >/dev/null 2>&1 ||
      echo "! hpc_modules: found $module, which can't be loaded. 'module spider ${module%/*}' lists what there is."
  done
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
  echo "! hpc_modules: found $(python3 --version 2>&1) with them, expected 3.10 or newer. Name a module of Python."
command -v virtualenv >/dev/null || python3 -c 'import ensurepip, venv' 2>/dev/null ||
  echo "! hpc_modules: with them there is neither virtualenv nor Python's venv. Name a module of Python."
