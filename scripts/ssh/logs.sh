#!/usr/bin/env bash
# Runs on the server as root, from stdin: logs.sh APP LINES SINCE GREP FOLLOW UNITS PROCESSES
# Prints the journal's entries of UNITS, a line of JSON each, and the lines of PM2's files of PROCESSES, each after a tab, the
# file's name and another tab. LINES, SINCE (seconds since 1970) and GREP may be empty; lists are separated by spaces.
# With FOLLOW it ends when its stdin does: what waits for a next line wouldn't notice that nobody reads any more.
main() {
  app=$1 lines=$2 since=$3 expression=$4 follow=$5
  read -ra units <<<"$6"
  read -ra processes <<<"$7"
  most=${lines:-100000}
  # As journalctl takes expressions.
  matching=(grep -aP --line-buffered)
  [ "${expression,,}" != "$expression" ] || matching+=(-i)
  shopt -s nullglob
  trap 'trap - TERM EXIT; kill -- 0' TERM EXIT

  for process in "${processes[@]}"; do
    for file in "/var/lib/$app-pm2/"[ab]"/logs/$app-$process@"*.log; do
      printf '\tfiles\n'
      of_file "$file" &
    done
  done
  of_journal &
  if [ "$follow" = yes ]; then cat >/dev/null; else wait; fi
  trap - TERM EXIT
  [ "$follow" != yes ] || kill -- 0
}

# The folder belongs to whom the file belongs to, who may put a link in its place: it is read as that user.
of_file() {
  local as
  as=(setpriv --reuid "$(stat -c %u "$1")" --regid "$(stat -c %g "$1")" --clear-groups)
  if [ "$follow" = yes ]; then "${as[@]}" tail -q -n "$most" -F "$1" | matches; else "${as[@]}" cat "$1" | matches | tail -n "$most"; fi 2>/dev/null |
    sed -u "s|^|\t${1##*/}\t|" # Debian's awk would wait for more
}

matches() { if [ -n "$expression" ]; then "${matching[@]}" -e "$expression"; else cat; fi; }

of_journal() {
  options=(-q -a --no-pager -o json '--output-fields=MESSAGE,PRIORITY,UNIT,_SYSTEMD_UNIT')
  [ -z "$lines" ] || options+=(-n "$lines")
  [ -z "$since" ] || options+=("--since=@$since")
  [ -z "$expression" ] || options+=("--grep=$expression")
  [ "$follow" != yes ] || options+=(-f)
  for unit in "${units[@]}"; do options+=(-u "$unit"); done
  # Nothing found is no fault.
  journalctl "${options[@]}" || [ $? = 1 ]
}

main "$@"
