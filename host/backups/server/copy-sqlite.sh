#!/bin/bash
# SQLite's own copies of the databases that a backup asks for on stdin: a word of its choice, then their paths relative to /, a NUL
# after each and one more at the end. Run as the application's user in the sandbox of queuehost-backup-sqlite.service. In the folder
# of that word: the copies in `tree`, what is in them in `databases` (see sqlite.sh), and at the end `end`, which says what failed.
# Those of the request before go; one without a path asks for nothing else.
set -Eeuo pipefail
export LC_ALL=C
umask 077
tools=$(dirname "$(readlink -f "$0")")
# How long a writer is waited for, in milliseconds.
patience=30000

IFS= read -r -t 20 -d '' word
[[ $word =~ ^[A-Za-z0-9.]+$ ]]
paths=()
while IFS= read -r -t 20 -d '' path && [ -n "$path" ]; do paths+=("$path"); done
rm -rf "${STATE_DIRECTORY:?}"/*
[ "${#paths[@]}" != 0 ] || exit 0
mkdir "$STATE_DIRECTORY/$word"
cd "$STATE_DIRECTORY/$word"
where='a signal'
trap '[ -e end ] || echo "copy-sqlite.sh ended at $where" >end' EXIT
trap 'where="line $LINENO"' ERR
fail() {
  printf '%s\n' "$1" >.end
  mv .end end
  exit 1
}

# told PATH NAME <LINES: lines of `databases`, with the path before them.
told() { sed "s/^/$(sed 's/[\/&]/\\&/g' <<<"$1")\t$2\t/"; }

# copy PATH: as of one moment, which a transaction holds; whoever writes meanwhile goes on, where the database has a WAL.
copy() {
  local said check folder
  if [ ! -r "/$1" ] || [ ! -w "/$1" ]; then
    told "$1" 'as it is' <<<'the application may not write it'
    return
  fi
  folder=/$(dirname "$1")
  touch --reference "$folder" folder
  if ! said=$(sqlite3 -batch -bail -init /dev/null "/$1" 2>&1 >/dev/null <copy.sql); then
    case $said in
      *'not a database'* | *malformed*)
        rm -f copy
        told "$1" 'as it is' <<<"$(head -n 1 <<<"$said" | sed 's/.*: //')"
        ;;
      *'database is locked'*) fail "/$1 was locked for more than $((patience / 1000)) s by somebody who writes to it; the next run will do" ;;
      *) [ ! -e "/$1" ] || fail "/$1: $(head -n 1 <<<"$said" | sed 's/^Error: //')" ;;
    esac
    return
  fi
  # What SQLite made and removed beside one that nobody else had open is no change of the folder.
  [ -e "/$1-shm" ] || touch --reference folder "$folder" 2>/dev/null || :
  check=$(sqlite3 -batch -init /dev/null 'file:copy?immutable=1' ".read $tools/check.sql" 2>&1 | head -n 1)
  chmod --reference "/$1" copy
  touch --reference "/$1" copy
  told "$1" 'rows' <./rows
  told "$1" check <<<"$check"
  mkdir -p "tree$folder"
  mv copy "tree/$1"
}

mkdir tree
cat >copy.sql <<END
.timeout $patience
PRAGMA trusted_schema = OFF;
BEGIN;
SELECT count(*) FROM sqlite_schema;
.read $tools/rows.sql
.backup main copy
COMMIT;
END
: >began
for path in "${paths[@]}"; do copy "$path"; done >databases
: >end
