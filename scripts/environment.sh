# shellcheck shell=bash
# Sourced by the scripts, in the project's folder: which tools they find, and how those behave.

export PATH="$PWD/.cache/bin:$PATH:/usr/sbin:/sbin"
export LC_ALL=C.UTF-8  # Ansible wants UTF-8, whatever the caller's terminal speaks
export UV_PYTHON_DOWNLOADS=never
export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.cache/uv-cache}"  # here, so that `make clean` leaves nothing behind
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT
unset PYTHONDONTWRITEBYTECODE  # without its cache, each of Ansible's many processes would compile all anew

# A site's own certificate authority is among the machine's, not among those that uv and pip bring along.
authorities=/etc/ssl/certs/ca-certificates.crt
if [[ -e $authorities ]]; then
  export UV_SYSTEM_CERTS=1 PIP_CERT=$authorities
fi
