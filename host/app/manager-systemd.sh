# shellcheck shell=sh disable=SC2154 # variables of its callers
# The sides' processes as units of systemd, one a file: <name>-<process>@<side><number>. An instance is a unit's name without its
# ending. Of a server that 0.2.0 deployed to, the units without a number belong to side a.

# m_parts: the folders of the bundle that bring a release back.
m_parts() { printf 'units'; }

m_instances() {
  for file in "$units/$name"-*@"$1"[1-9].service; do if [ -f "$file" ]; then instance_of "$file"; fi; done
  [ "$1" = a ] || return 0
  for file in "$units/$name-backend.service" "$units/$name-worker.service" "$units/$name"-worker-*.service; do
    case $file in *@*) continue ;; esac
    if [ -f "$file" ]; then instance_of "$file"; fi
  done
}
instance_of() {
  file=${1##*/}
  printf '%s\n' "${file%.service}"
}

# m_prepare SIDE: its units in place, and no others of it. They change nothing that runs: the side is stopped.
m_prepare() {
  news='' stale=''
  for file in "$parts/units/$name"-*@"$1"[1-9].service; do
    if [ -f "$file" ] && ! cmp -s "$file" "$units/${file##*/}"; then news="$news $file"; fi
  done
  for unit in $(m_instances "$1"); do
    [ -f "$parts/units/$unit.service" ] || stale="$stale $unit.service"
  done
  [ -n "$news$stale" ] || return 0
  # shellcheck disable=SC2086 # one word a file
  if [ -n "$news" ]; then
    problem=$(systemd-analyze verify --recursive-errors=no $news 2>&1) || fail "systemd refuses a unit: $(one_line "$problem")"
    install -m 0644 $news "$units"
  fi
  # shellcheck disable=SC2086 # one word a unit
  if [ -n "$stale" ]; then
    systemctl disable -q --no-reload $stale 2>/dev/null || :
    (cd "$units" && rm -f $stale)
  fi
  systemctl daemon-reload
}

# m_forget SIDE: another manager gets it.
m_forget() {
  for unit in $(m_instances "$1"); do rm -f "$units/$unit.service" "$units"/*.wants/"$unit.service"; done
}

# m_all ACTION...: systemctl does it to the instances on stdin, where there are any.
m_all() {
  # shellcheck disable=SC2046 # one word an instance
  set -- "$@" $(sed 's/$/.service/')
  case $* in *.service*) systemctl "$@" ;; esac
}

m_start() { m_instances "$1" | m_all start --no-block || :; } # the gate says what is wrong

# m_stop SIDE [backend|workers]: asks its processes to end, and doesn't wait.
m_stop() {
  case ${2:-} in
    backend) m_instances "$1" | grep -e "^$name-backend" ;;
    workers) m_instances "$1" | grep -v "^$name-backend" ;;
    *) m_instances "$1" ;;
  esac | m_all stop --no-block 2>/dev/null || :
}

# m_stopped SIDE: none of its processes runs any more.
m_stopped() {
  running=$(m_instances "$1" | m_all show -P ActiveState | grep -vE '^(inactive|failed)?$') || :
  [ -z "$running" ] || return 1
  m_instances "$1" | m_all reset-failed 2>/dev/null || :
}

# Enabled just before the switch, disabled just after it, which reloads systemd for both.
m_enable() { m_instances "$1" | m_all enable -q --no-reload; }
m_disable() { m_instances "$1" | m_all disable -q; }
m_restart() { systemctl restart "$1.service"; }

# m_look SIDE: a line for each instance: its name, process id (0: none), restarts by itself, state, bytes of memory.
m_look() {
  m_instances "$1" | m_all show -p Id -p MainPID -p NRestarts -p ActiveState -p SubState -p MemoryCurrent | awk -F= '
    /^Id=/ { id = $2; sub(/\.service$/, "", id) }
    /^MainPID=/ { pid = $2 }
    /^NRestarts=/ { restarts = $2 }
    /^MemoryCurrent=/ { memory = $2 ~ /^[0-9]+$/ && length($2) < 18 ? $2 : 0 }
    /^ActiveState=/ { state = $2 }
    /^SubState=/ { if ($2 == "auto-restart") state = $2 }
    /^$/ { say() }
    END { say() }
    function say() {
      if (id != "") print id, pid, restarts, state, memory
      id = ""
    }'
}

# m_ended INSTANCE SINCE: how its process ended last, in words; nothing when it didn't.
m_ended() {
  of_manager() { journalctl -q _PID=1 UNIT="$1.service" --since "@$2" -o cat --no-pager "MESSAGE_ID=$3"; }
  if [ -n "$(of_manager "$1" "$2" fe6faa94e7774663a0da52717891d8ef)" ]; then
    printf 'killed for want of memory'
  else
    of_manager "$1" "$2" 98e322203f7a4ed290d09fe03c09fe15 | sed -nE \
      -e 's/.*code=exited, status=([0-9]+).*/exit status \1/p' \
      -e 's/.*code=(killed|dumped), status=[0-9]+\/([A-Z0-9]+).*/signal SIG\2/p' |
      # Older kernels don't tell systemd what they killed it for.
      sed "s/^signal SIGKILL$/&, as the kernel ends what takes more than its memory/" | tail -n 1
  fi
}

# m_words INSTANCE SINCE: what its processes have logged since then. An error of Node alone takes some 20 lines.
m_words() {
  journalctl --sync 2>/dev/null || :
  journalctl -q "_SYSTEMD_UNIT=$1.service" _TRANSPORT=stdout --since "@$2" -n 25 -o cat --no-pager
}
