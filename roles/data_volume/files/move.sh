#!/bin/sh
# Moves a folder's files to the volume. Whenever it is interrupted, there is a whole copy, and running it again goes on:
# the original is put aside, not removed, and only after the copy was compared with it and written out.
# Arguments: the folder, and its place on the volume.
set -eu
folder=$1
kept=$2
if ! test -e "$folder.before-volume"; then
    rm --recursive --force "$kept.incomplete"
    mkdir --parents "$(dirname "$kept")"
    cp --archive "$folder" "$kept.incomplete"
    tar --create --directory "$folder" --file - . | tar --compare --directory "$kept.incomplete" --file -
    sync --file-system "$kept.incomplete"
    mv --no-target-directory "$folder" "$folder.before-volume"
fi
mkdir --parents "$folder"
mv --no-target-directory "$kept.incomplete" "$kept"
sync --file-system "$kept"
