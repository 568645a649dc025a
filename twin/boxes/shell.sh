#!/bin/bash
# The login shell of a Storage Box: runs one command of those that Hetzner's own help lists, and knows no pipe, no redirection,
# no variable and no second command.
refuse() {
  echo "storage-box: $*" >&2
  exit 127
}

[[ ${1-} == -c && $# == 2 ]] || refuse 'expected a command: the twin has no interactive shell'
case $2 in
  *[\;\&\|\<\>\$\`\(\)\\]* | *$'\n'*) refuse 'expected one command without shell syntax' ;;
esac
set -f
# Nothing but quotes, braces and a tilde is left to be understood.
eval "words=($2)" 2>/dev/null || refuse 'expected balanced quotes'
# shellcheck disable=SC2154 # set by eval
case ${words[0]-} in
  cat | chmod | cp | dd | df | du | ls | mkdir | mv | pwd | rm | rmdir | sha256sum | touch) ;;
  rclone) [[ ${words[*]} == 'rclone serve restic --stdio '* ]] || refuse 'rclone: expected serve restic --stdio' ;;
  *) refuse "${words[0]-}: no such command here" ;;
esac
exec "${words[@]}"
