# shellcheck shell=bash
# Sourced by the scripts: announce, time and log their steps, like `==> Python environment ... 3.1 s (made)`.

now() { echo "${EPOCHREALTIME/[.,]/}"; }

seconds_since() {
  local tenths=$((($(now) - $1) / 100000))
  echo "$((tenths / 10)).$((tenths % 10)) s"
}

# step NAME COMMAND...: the command's output goes to a log, which is shown if it fails.
step() {
  local name=$1 log started result status
  shift
  log=.cache/log/${name// /-}.log
  started=$(now)
  mkdir -p .cache/log
  printf '==> %s ... ' "$name"
  set +e  # bash ignores `set -e` inside of `if` and `||`, so the status is taken this way
  result=$(set -e; "$@" 3>&1 >"$log" 2>&1)
  status=$?
  set -e
  if ((status != 0)); then
    printf '%s (failed)\n' "$(seconds_since "$started")"
    cat "$log" >&2
    exit "$status"
  fi
  printf '%s%s\n' "$(seconds_since "$started")" "${result:+ ($result)}"
}

# Within a step: what came of it, in a word or two.
result() { echo "$*" >&3; }

# Within a step: why it cannot go on, and what to do.
refuse() {
  printf '%s\n' "$@" >&2
  exit 1
}
