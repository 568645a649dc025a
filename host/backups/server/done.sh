#!/bin/sh
# A line of the audit log for each run of queuehost-backup.service, with its last words.
set -eu
# shellcheck source=../../lib.sh
. /opt/queuehost/backups/lib.sh
words=$(journalctl -q "_SYSTEMD_INVOCATION_ID=${INVOCATION_ID:-}" _UID="$(id -u backup)" -o cat -n 1 2>/dev/null | sed 's/^queuehost: //')
case ${SERVICE_RESULT:-} in
  success) audit timer backup "done: $words" ;;
  *) audit timer backup "failed: ${words:-${SERVICE_RESULT:-} ${EXIT_STATUS:-}}" ;;
esac
