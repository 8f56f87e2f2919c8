#!/bin/sh
# Fails when too little is left of the certificate that Caddy really serves, of one that it depends on, or of the root
# that people were given. Takes from the environment: HOST, by which users reach the server; ASK, how openssl asks for
# that; AUTHORITY, a file with the root, or nothing where the world's will do; ADVICE and ROOT_ADVICE, what to do then.
set -eu

fail() {
  echo "$*" >&2
  exit 1
}

seconds() {
  date --utc --date="$(openssl x509 -noout "-$1" | cut -d= -f2)" +%s
}

day() {
  date --utc --date="@$1" "+%Y-%m-%d %H:%M UTC"
}

# Too little is less than a fifth of the lifetime, and never more than 21 days. Caddy renews when a third is left, so a
# fifth says that it tried in vain for some time: 96 minutes of 12 hours, 12 days of 90. Of a year, which a person has to
# get anew, a fifth would be ten weeks, and nobody minds what is that far away.
look() {
  begins=$(echo "$2" | seconds startdate)
  ends=$(echo "$2" | seconds enddate)
  margin=$(((ends - begins) / 5))
  if [ "$margin" -gt $((21 * 86400)) ]; then margin=$((21 * 86400)); fi
  if [ $((ends - $(date +%s))) -lt "$margin" ]; then
    fail "$1 ends on $(day "$ends"); more than $((margin / 3600)) hours should be left. $3"
  fi
  echo "$1 ends on $(day "$ends")."
}

ask() {
  # shellcheck disable=SC2086 # several words
  timeout 30 openssl s_client -connect 127.0.0.1:443 $ASK "$@" </dev/null 2>&1
}

served=$(ask | openssl x509 2>/dev/null) || fail "127.0.0.1:443 shows no certificate for $HOST. $ADVICE"
look "The certificate for $HOST" "$served" "$ADVICE"
due=$(($(date +%s) + margin))

if [ -n "$AUTHORITY" ]; then
  look "The root that people were given" "$(cat "$AUTHORITY")" "$ROOT_ADVICE"
  set -- -CAfile "$AUTHORITY" -no-CApath -no-CAstore
fi

# The rest, as a program sees it that calls when the time is up: whether it is for this name, the certificates in between,
# and whether they lead to a root that is known.
answer=$(ask -verify_return_error -attime "$due" "$@") || fail \
  "The certificate for $HOST won't be trusted on $(day "$due"):" \
  "$(echo "$answer" | grep --before-context=1 "^verify error" | sed "s/^verify error:num=[0-9]*://" | paste --serial --delimiters=" ")." \
  "$ADVICE"
