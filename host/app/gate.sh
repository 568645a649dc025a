# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# Shared by app and env, after lib.sh: the application's user, folders and units, and the gate that a new release or a new .env
# has to pass. Callers set name, port, health_path, health_timeout.

units=/etc/systemd/system

# How long each process has to live in one piece, in hundredths of a second. Node loads a bundle in half a second.
steady=300

# lay_out: the application's user and its folders under /srv/<name>. The upload folder belongs to the operator. A server has one
# application: another one's processes would stay, on the same port.
lay_out() {
  for other in /srv/*/in-service; do
    other=$(basename "$(dirname "$other")")
    [ "$other" = '*' ] || [ "$other" = "$name" ] ||
      fail "app.name: this server runs $other. Set app.name back to $other, or make a new server for $name: queuehost recreate"
  done
  getent group app >/dev/null || groupadd --system app
  getent passwd app >/dev/null ||
    useradd --system --gid app --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin app
  install -d -m 0755 "/srv/$name" "/srv/$name/releases"
  install -d -m 0750 -g app "/srv/$name/shared"
  install -d -m 0750 -o deploy "/srv/$name/incoming"
}

# processes: the units of backend and workers that the server has.
processes() {
  for file in "$units/$name-backend.service" "$units/$name-worker.service" "$units/$name"-worker-*.service; do
    [ ! -f "$file" ] || basename "$file"
  done
}

# each ACTION...: systemctl does it to all processes, where there are any.
each() {
  # shellcheck disable=SC2046 # one word a unit
  set -- "$@" $(processes)
  case $* in *.service*) systemctl "$@" ;; esac
}

# current_release: the id that `current` points to, or nothing.
current_release() {
  if [ -L "/srv/$name/current" ]; then basename "$(readlink "/srv/$name/current")"; fi
}

# of_release UNIT RELEASE: its main process was started in that release.
of_release() {
  cwd=$(readlink "/proc/$(systemctl show -P MainPID "$1")/cwd") || return 1
  case $cwd/ in "/srv/$name/releases/$2"/*) ;; *) return 1 ;; esac
}

# answers: the backend, where there is one, answers 200 to 399 on the health path. Otherwise `answer` is what came instead.
answers() {
  [ -f "$units/$name-backend.service" ] || return 0
  answer=$(curl -sS -o /dev/null -w '%{http_code}' --max-time 2 "http://127.0.0.1:$port$health_path" 2>&1) || {
    answer=$(one_line "$answer" | sed 's/^curl: ([0-9]*) //')
    return 1
  }
  case $answer in 2?? | 3??) ;; *) return 1 ;; esac
}

# serving RELEASE: all processes run in it, and the backend answers; otherwise `culprit` and `why` say what is wrong.
serving() {
  for unit in $(processes); do
    culprit=$unit
    if ! systemctl is-active --quiet "$unit"; then
      why='does not stay up'
      return 1
    elif ! of_release "$unit" "$1"; then
      why="does not run in the folder of release $1"
      return 1
    fi
  done
  answers && return 0
  culprit=$name-backend.service
  why="did not answer 200 to 399 at http://127.0.0.1:$port$health_path within $health_timeout s ($answer)"
  return 1
}

# uptime: hundredths of a second since the start; unlike the time of day it never jumps.
uptime() {
  read -r since _ </proc/uptime
  printf '%s%s' "${since%.*}" "${since#*.}"
}

# gate RELEASE: 0 once it serves and all its processes have been steady; otherwise 1, and `culprit` and `why` say what failed. A
# process that ended twice is not waited for. An application without processes has nothing to prove.
gate() {
  [ -n "$(processes)" ] || return 0
  deadline=$(($(uptime) + health_timeout * 100)) last=''
  while :; do
    now=''
    for unit in $(processes); do
      if [ "$(systemctl show -P NRestarts "$unit")" -ge 2 ]; then
        culprit=$unit why='ended again and again'
        return 1
      fi
      now="$now $unit=$(systemctl show -P MainPID "$unit")"
      case "$last " in
        *" $unit=${now##*=} "*) ;;
        *) unsteady=$unit steady_from=$(uptime) ;;
      esac
    done
    last=$now
    if serving "$1"; then
      [ "$(($(uptime) - steady_from))" -lt "$steady" ] || return 0
      culprit=$unsteady why='does not stay up'
    fi
    [ "$(uptime)" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# last_words UNIT SINCE: what its processes have logged since then, with the values of .env taken out. An error of Node alone takes
# some 20 lines.
last_words() {
  journalctl --sync 2>/dev/null || true
  journalctl -q "_SYSTEMD_UNIT=$1" _TRANSPORT=stdout --since "@$2" -n 25 -o cat --no-pager | without_values | sed 's/^/  | /'
}

# without_values: stdin without the values of .env.
without_values() { awk -v file="/srv/$name/shared/.env" -f without-values.awk; }
