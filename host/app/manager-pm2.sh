# shellcheck shell=sh disable=SC2154 # variables of its callers
# The sides' processes under PM2: a daemon a side, the unit <name>-pm2@<side>, which starts what the side's ecosystem file names and
# notes what became of it. An instance is called as under systemd, <name>-<process>@<side><number>; so are its logs.

# m_parts: the folders of the bundle that bring a release back.
m_parts() { printf 'pm2'; }

unit_of() { printf '%s-pm2@%s.service' "$name" "$1"; }
# side_of INSTANCE
side_of() { printf '%s' "$1" | sed 's/.*@\([ab]\)[1-9]$/\1/'; }

m_instances() { sed -n 's#^ *"out_file": ".*/\(.*\)-out\.log",*$#\1#p' "$root/sides/$1/ecosystem.config.js" 2>/dev/null || :; }

# m_prepare SIDE: its ecosystem file and its daemon's unit in place. They change nothing that runs: the side is stopped.
m_prepare() {
  new=$parts/pm2/$1 unit=$(unit_of "$1")
  # shellcheck source=/dev/null # rendered from host/pm2/side.sh.in
  . "$new/pm2.sh"
  [ -f "$pm2/daemon.cjs" ] ||
    fail "$pm2 is missing: this release runs under PM2, which isn't on the server. With processManager set to pm2, queuehost up brings it"
  problem=$("$node" --check "$new/ecosystem.config.js" 2>&1) || fail "Node refuses the ecosystem file: $(one_line "$problem")"
  install -m 0644 "$new/ecosystem.config.js" "$new/pm2.sh" "$root/sides/$1" || return 1
  ! cmp -s "$new/pm2.service" "$units/$unit" || return 0
  cp "$new/pm2.service" "$root/sides/$1/$unit" || return 1
  problem=$(systemd-analyze verify --recursive-errors=no "$root/sides/$1/$unit" 2>&1) || fail "systemd refuses a unit: $(one_line "$problem")"
  mv -f "$root/sides/$1/$unit" "$units/$unit" && systemctl daemon-reload
}

# m_forget SIDE: another manager gets it.
m_forget() {
  [ -f "$units/$(unit_of "$1")" ] || return 0
  systemctl disable -q --no-reload "$(unit_of "$1")" 2>/dev/null || :
  rm -f "$units/$(unit_of "$1")"
  systemctl daemon-reload
}

m_start() { systemctl start "$(unit_of "$1")" || :; } # the gate says what is wrong

# m_stop SIDE [workers]: asks its processes to end, and doesn't wait.
m_stop() {
  case ${2:-} in
    workers) systemctl kill --kill-whom=main -s USR2 "$(unit_of "$1")" 2>/dev/null || : ;;
    *) systemctl stop --no-block "$(unit_of "$1")" 2>/dev/null || : ;;
  esac
}

# m_stopped SIDE: none of its processes runs any more.
m_stopped() {
  case $(systemctl show -P ActiveState "$(unit_of "$1")") in
    inactive) ;;
    failed) systemctl reset-failed "$(unit_of "$1")" 2>/dev/null || : ;;
    *) return 1 ;;
  esac
}

m_enable() { systemctl enable -q --no-reload "$(unit_of "$1")"; }
m_disable() { systemctl disable -q --no-reload "$(unit_of "$1")" 2>/dev/null || :; }

# m_restart INSTANCE: in cluster mode the new process listens before the old one ends.
m_restart() {
  id=$(noted "$(side_of "$1")" | awk -F '\t' -v instance="$1" '$1 == instance { print $2 }')
  [ -n "$id" ] || fail "$1 isn't known to PM2: systemctl status $(unit_of "$(side_of "$1")")"
  /usr/local/bin/pm2 reload "$id" >/dev/null
}

# noted SIDE: what its daemon has noted. The file belongs to the user app, who may put anything in its place: it is read as that user.
noted() { setpriv --reuid app --regid app --clear-groups timeout 2 cat "/run/$name-pm2-$1/status.tsv" 2>/dev/null || :; }

# m_look SIDE: a line for each instance: its name, process id (0: none), restarts by itself, state, bytes of memory.
m_look() {
  { m_instances "$1" && printf '\n' && noted "$1"; } | awk -F '\t' '
    !listed && $0 == "" { listed = 1; next }
    !listed { order[++count] = $1; next }
    { pid[$1] = $4; restarts[$1] = $5; state[$1] = $3 }
    END {
      for (i = 1; i <= count; i++) {
        id = order[i]
        memory = 0
        # A daemon that was killed has noted processes that went with it.
        if (pid[id] + 0 > 0 && (getline line <("/proc/" pid[id] "/statm")) > 0) {
          split(line, pages, " ")
          memory = pages[2] * 4096
          said = state[id] == "online" || state[id] == "launching" ? "active" : state[id]
        } else {
          pid[id] = 0
          said = state[id] == "" || state[id] == "online" ? "inactive" : state[id]
        }
        gsub(/ /, "-", said)
        print id, pid[id] + 0, restarts[id] + 0, said, memory
      }
    }'
}

# m_ended INSTANCE SINCE: how its process ended last, in words; nothing when it didn't.
m_ended() { noted "$(side_of "$1")" | awk -F '\t' -v instance="$1" '$1 == instance { print $6 }'; }

# m_words INSTANCE SINCE: what its processes have logged since then; where PM2 itself didn't get that far, what its daemon has. Read as
# the application's user, whose files they are.
m_words() {
  of=$(side_of "$1")
  logs=/var/lib/$name-pm2/$of/logs/$1
  # shellcheck source=/dev/null # rendered from host/pm2/side.sh.in
  . "$root/sides/$of/pm2.sh"
  said=$(setpriv --reuid app --regid app --clear-groups -- "$node" "$pm2/words.cjs" "$2" 25 "$logs-out.log" "$logs-error.log")
  if [ -n "$said" ]; then
    printf '%s\n' "$said"
  else
    journalctl --sync 2>/dev/null || :
    journalctl -q "_SYSTEMD_UNIT=$(unit_of "$of")" _TRANSPORT=stdout --since "@$2" -n 25 -o cat --no-pager
  fi
}
