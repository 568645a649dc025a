# shellcheck shell=bash
# Shared by every verify.sh: one line a check, tab-separated: name, ok or fail, what was seen.
export LC_ALL=C

# check NAME EXPECTED SEEN: ok when what was seen is what was expected.
check() {
  if [ "$2" = "$3" ]; then report "$1" ok "$3"; else report "$1" fail "expected ${2:-nothing}, saw ${3:-nothing}"; fi
}

# pass NAME SEEN / flunk NAME SEEN: for checks that decide by themselves.
pass() { report "$1" ok "$2"; }
flunk() { report "$1" fail "$2"; }

# none NAME SEEN: ok when there is nothing to be seen.
none() { if [ -z "$2" ]; then report "$1" ok none; else report "$1" fail "$2"; fi; }

report() {
  local seen=${3//[$'\t\n']/ }
  printf '%s\t%s\t%s\n' "$1" "$2" "${seen:0:200}"
}

# unit NAME UNIT: it runs, and will again after a reboot.
unit() { check "$1" 'active enabled' "$(systemctl is-active "$2") $(systemctl is-enabled "$2" 2>/dev/null)"; }

# modes NAME EXPECTED FILE...: owner, group and mode of the files, each different one once.
modes() {
  local name=$1 expected=$2
  shift 2
  check "$name" "$expected" "$(stat -c '%U:%G %a' "$@" 2>&1 | sort -u)"
}
