# shellcheck shell=bash
# Shared by every verify.sh: one line a check, tab-separated: name, ok or fail, what was seen.

# check NAME EXPECTED SEEN: ok when what was seen is what was expected.
check() {
  if [ "$2" = "$3" ]; then report "$1" ok "$3"; else report "$1" fail "expected ${2:-nothing}, saw ${3:-nothing}"; fi
}

# pass NAME SEEN / flunk NAME SEEN: for checks that decide by themselves.
pass() { report "$1" ok "$2"; }
flunk() { report "$1" fail "$2"; }

# none NAME SEEN: ok when there is nothing to be seen.
none() { if [ -z "$2" ]; then report "$1" ok none; else report "$1" fail "$2"; fi; }

report() { printf '%s\t%s\t%s\n' "$1" "$2" "$(printf '%s' "$3" | tr '\t\n' '  ' | cut -c1-200)"; }
