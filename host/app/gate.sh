# shellcheck shell=sh disable=SC2034,SC2154 # variables of its callers
# Shared by app and env, after lib.sh: the application's user and folders, and the gate that a new release or a new .env has
# to pass. Callers set name, port, health_path, health_timeout.

# How long the worker has to live in one piece, in hundredths of a second. Node loads a bundle in half a second.
steady=300

backend() { printf '%s-backend.service' "$name"; }
worker() { printf '%s-worker.service' "$name"; }

# lay_out: the application's user and its folders under /srv/<name>. The upload folder belongs to the operator.
lay_out() {
  getent group app >/dev/null || groupadd --system app
  getent passwd app >/dev/null ||
    useradd --system --gid app --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin app
  install -d -m 0755 "/srv/$name" "/srv/$name/releases"
  install -d -m 0750 -g app "/srv/$name/shared"
  install -d -m 0750 -o deploy "/srv/$name/incoming"
}

# current_release: the id that `current` points to, or nothing.
current_release() {
  if [ -L "/srv/$name/current" ]; then basename "$(readlink "/srv/$name/current")"; fi
}

# serving RELEASE: the backend answers 200 with this release id.
serving() {
  curl -fsS --max-time 2 "http://127.0.0.1:$port$health_path" 2>/dev/null | grep -q "\"release\": *\"$1\""
}

running() { systemctl is-active --quiet "$(backend)" "$(worker)"; }

# uptime: hundredths of a second since the start; unlike the time of day it never jumps.
uptime() {
  read -r since _ </proc/uptime
  printf '%s%s' "${since%.*}" "${since#*.}"
}

# gate RELEASE: 0 once the backend serves it and both processes have been steady; otherwise 1, and `culprit` and `why` say what
# failed. A process that ended twice is not waited for.
gate() {
  deadline=$(($(uptime) + health_timeout * 100)) last=''
  while :; do
    for unit in "$(backend)" "$(worker)"; do
      if [ "$(systemctl show -P NRestarts "$unit")" -ge 2 ]; then
        culprit=$unit why='ended again and again'
        return 1
      fi
    done
    pids="$(systemctl show -P MainPID "$(backend)") $(systemctl show -P MainPID "$(worker)")"
    if [ "$pids" != "$last" ]; then
      steady_from=$(uptime)
      case $pids in
        "${last% *} "*) culprit=$(worker) ;;
        *) culprit=$(backend) ;;
      esac
    fi
    last=$pids
    if ! serving "$1"; then
      culprit=$(backend) why="did not answer 200 with release $1 at http://127.0.0.1:$port$health_path within $health_timeout s"
    elif running && [ "$(($(uptime) - steady_from))" -ge "$steady" ]; then
      return 0
    else
      why='does not stay up'
    fi
    [ "$(uptime)" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# last_words UNIT SINCE: what its processes have logged since then, 15 lines, with the values of .env taken out.
last_words() {
  journalctl --sync 2>/dev/null || true
  journalctl -q "_SYSTEMD_UNIT=$1" _TRANSPORT=stdout --since "@$2" -n 15 -o cat --no-pager | without_values "/srv/$name/shared/.env" | sed 's/^/  | /'
}

# without_values FILE: stdin with every value of FILE replaced by [KEY]; short ones and those of harmless keys stay, since
# nothing could be read without them. Each line of a value counts by itself.
without_values() {
  awk -v file="$1" '
    BEGIN {
      quote = sprintf("[%c\"]", 39)
      harmless = "^(NODE_ENV|HOST|PORT|REDIS_HOST|REDIS_PORT|REDIS_DB|REDIS_CACHE_PORT|QUEUE_[A-Z]+|STATE_DIR)$"
      while ((getline line < file) > 0) {
        if (match(line, "^[A-Za-z_][A-Za-z0-9_]*=" quote)) {
          key = substr(line, 1, RLENGTH - 2)
          line = substr(line, RLENGTH + 1)
        }
        sub(quote "$", "", line)
        if (length(line) >= 6 && key !~ harmless) { values[++n] = line; keys[n] = key }
      }
    }
    {
      for (i = 1; i <= n; i++)
        while ((at = index($0, values[i])) > 0)
          $0 = substr($0, 1, at - 1) "[" keys[i] "]" substr($0, at + length(values[i]))
      print
    }'
}
