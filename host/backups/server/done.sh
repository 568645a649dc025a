#!/bin/sh
# A line of the audit log for each run of queuehost-backup.service, or of queuehost-backup-<word>.service, with its last words.
set -eu
# shellcheck source=../../lib.sh
. /opt/queuehost/backups/lib.sh
what="backup${1:+ $1}"
words=$(journalctl -q "_SYSTEMD_INVOCATION_ID=${INVOCATION_ID:-}" _UID="$(id -u backup)" -o cat -n 1 2>/dev/null | sed 's/^queuehost: //')
case ${SERVICE_RESULT:-} in
  success) audit timer "$what" "done: $words" ;;
  *) audit timer "$what" "failed: ${words:-${SERVICE_RESULT:-} ${EXIT_STATUS:-}}" ;;
esac
