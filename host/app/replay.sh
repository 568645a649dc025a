#!/bin/sh
# shellcheck disable=SC1091,SC2154 # its parts lie beside it on the server
# The jobs that the watch holds, and which of them were run again, as root. A job is known by its line in jobs.jsonl.
#   list                    a line RELEASE and its id for each release; then its jobs, a JSON object a line; then MARK lines
#   begin RELEASE RUN WHO   notes the lines on stdin as about to be run again; refused while another run is at it
#   done RELEASE RUN WHO    notes that they were
set -eu
cd "$(dirname "$(readlink -f "$0")")"
. ./lib.sh
. ./settings.sh

replays=/var/lib/queuehost.d/replay
# Seconds after which a run that says nothing more has died.
patience=60

list() {
  for folder in "$replays"/*/; do
    [ -f "$folder/jobs.jsonl" ] || continue
    printf 'RELEASE\t%s\n' "$(basename "$folder")"
    cat "$folder/jobs.jsonl"
    [ ! -f "$folder/marks" ] || sed 's/^/MARK\t/' "$folder/marks"
  done
}

# mark WHAT RELEASE RUN WHO: a line each: begin or done, run, epoch, who, line of the job.
mark() {
  folder=$replays/$2
  [ -f "$folder/jobs.jsonl" ] || fail "no jobs of release $2 are held on this server"
  exec 8>"$folder/lock"
  flock -w 10 8 || fail "another replay of release $2 is at it"
  touch "$folder/marks"
  other=$(awk -F '\t' -v run="$3" -v since="$(($(date +%s) - patience))" '
    $1 == "begin" && $2 != run && $3 > since { who[$2 FS $5] = $4 }
    $1 == "done" { delete who[$2 FS $5] }
    END { for (one in who) { print who[one]; exit } }' "$folder/marks")
  [ -z "$other" ] || fail "$other is running jobs of release $2 again at this moment; try once more in $patience s"
  sed "s/^/$1	$3	$(date +%s)	$4	/" >>"$folder/marks"
  sync "$folder/marks"
}

case "${1:-} $#" in
  'list 1') list ;;
  'begin 4') mark "$@" ;;
  'done 4')
    mark "$@"
    audit "$4" "replay of jobs of release $2" "$(grep -c "^done	$3	" "$replays/$2/marks") so far"
    ;;
  *) fail "replay.sh: should be list | begin RELEASE RUN WHO | done RELEASE RUN WHO, got: $*" ;;
esac
