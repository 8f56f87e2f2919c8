# Runs a command as Apptainer would: it sees the system, none of the homes and none of the node's disk, but the folders that
# APPTAINER_BIND names and those of DIR; and no variable but those of APPTAINERENV_. Debian has no Apptainer.
#
# Usage: contained.sh DIR COMMAND...
set -eu
if [ -z "${CONTAINED-}" ]; then
  CONTAINED=1 exec unshare --user --map-root-user --mount bash "$0" "$@"
fi
dir=$1
shift
mount -t tmpfs none /mnt
IFS=, read -ra paths <<< "$APPTAINER_BIND,$dir"
for path in "${paths[@]}"; do
  mkdir -p "/mnt$path"
  mount --rbind "$path" "/mnt$path"
done
mount -t tmpfs none /home
mount -t tmpfs none /tmp
for path in "${paths[@]}"; do
  mkdir -p "$path"
  mount --rbind "/mnt$path" "$path"
done
umount --lazy /mnt
variables=()
while IFS= read -r line; do variables+=("${line#APPTAINERENV_}"); done < <(env | grep '^APPTAINERENV_')
cd /
exec env --ignore-environment PATH=/usr/bin:/bin "${variables[@]}" "$@"
