#!/bin/sh
# Prints for each folder: its path; where its files are; the numbers of the volume's owner and group, or of the server's
# where the volume has none. Then the versions of the volume's PostgreSQL clusters. Runs in a mount namespace of its own.
# Arguments: the volume's device or "none", its mount point, the folders.
set -eu
device=$1
volume=$2
shift 2
if ! mountpoint --quiet "$volume"; then
    volume=/mnt
    if test "$device" = none; then mount -t tmpfs none /mnt; else mount --options ro,noload "$device" /mnt; fi
fi

holds() { test -n "$(find "$1" -mindepth 1 -maxdepth 1 -print -quit 2> /dev/null)"; }

for folder; do
    kept=$volume$folder
    owned=$kept
    if test "$folder" -ef "$kept"; then
        files=bound
    elif mountpoint --quiet "$folder"; then
        files=elsewhere
    elif test -e "$folder.before-volume" && test -e "$kept.incomplete" && ! holds "$folder"; then
        files=moving
        owned=$kept.incomplete
    elif holds "$folder" && holds "$kept"; then
        files=both
    elif holds "$folder"; then
        files=server
        owned=$folder
    elif holds "$kept"; then
        files=volume
    else
        files=none
    fi
    echo "$folder" "$files" "$(stat --format='%u %g' "$owned" 2> /dev/null || echo 0 0)"
done
for file in "$volume"/var/lib/postgresql/*/*/PG_VERSION; do
    if test -e "$file"; then echo "cluster $(cat "$file")"; fi
done
