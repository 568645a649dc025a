# shellcheck shell=bash disable=SC2154 # variables of its callers
# Which sets stay. Their names are dates: sorted, the oldest come first.

is_set='[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9][0-9][0-9]'

# sets FOLDER: the names of the sets in it, the newest first.
sets() { find "$1" -mindepth 1 -maxdepth 1 -type d -name "$is_set" -printf '%f\n' | sort -r; }

# outdated KEEP DAYS: of the sets on stdin, the newest first, those that needn't stay: all but the newest KEEP, and the last one of
# each of the DAYS newest days. The newest always stays.
outdated() {
  awk -v keep="$1" -v days="$2" '
    { day = substr($0, 1, 8); is_last = day != before; before = day; seen += is_last }
    NR > 1 && NR > keep && !(is_last && seen <= days)'
}

# prune FOLDER KEEP DAYS
prune() {
  local old
  sets "$1" | outdated "$2" "$3" | while read -r old; do rm -rf "${1:?}/$old"; done
  # What version 0.2.0 made.
  find "$1" -maxdepth 1 -name 'redis-*.rdb*' -mtime "+$3" -delete
}
