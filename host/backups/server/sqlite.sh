# shellcheck shell=bash disable=SC2154 # variables of its callers
# SQLite databases in the application's folders. One that is read while it is written to is torn, so SQLite makes the copies; as the
# application's user and in a sandbox of its own, because to read beside a writer it writes beside the database. Callers set
# here, work.

copies=/var/lib/queuehost-sqlite
asked=/run/queuehost-backup-sqlite
copied=''

# find_databases: those in the application's folders, relative to /, with a NUL after each. Every database is made of pages of at
# least 512 bytes, so that few other files have to be opened.
find_databases() {
  local found path head places
  mapfile -t places < <(lasting | sed 's,^,/,')
  [ "${#places[@]}" != 0 ] || return 0
  # What goes meanwhile is no fault.
  { find "${places[@]}" -type f -size +0 -printf '%s %p\0' 2>/dev/null || :; } | sort -z -k 2 |
    while IFS= read -r -d '' found; do
      path=${found#* } head=''
      if [ $((${found%% *} % 512)) != 0 ]; then continue; fi
      { IFS= read -r -N 15 head <"$path"; } 2>/dev/null || :
      [ "$head" != 'SQLite format 3' ] || printf '%s\0' "${path#/}"
    done
}

# copy_databases: into $work/databases a line for each table with its rows, one for the check, and one for each that is taken as it
# is, because it is damaged or the application can't write it: path, what, value. The copies lie in $copied/tree.
copy_databases() {
  local word path
  : >"$work/databases"
  find_databases >"$work/sqlite"
  [ -s "$work/sqlite" ] || return 0
  while IFS= read -r -d '' path; do
    [[ $path != *[[:cntrl:]]* ]] || fail "an SQLite database has a name that can't be written in a line: $(printf '%q' "/$path")"
  done <"$work/sqlite"
  # One copy beside its place in the tar, and the same again for the proof.
  needs $((2 * $(cd / && du -cb --files0-from="$work/sqlite" | tail -n 1 | cut -f 1))) 'the copies of SQLite databases'
  [ -p "$asked" ] || fail 'queuehost-backup-sqlite.socket is not active: nobody copies SQLite databases'
  word=${work##*/} word=${word#.} copied=$copies/$word
  { printf '%s\0' "$word" && cat "$work/sqlite" && printf '\0'; } >"$asked"
  wait_for 60 test -e "$copied/began" || fail 'queuehost-backup-sqlite.service does not start; its journal says why'
  until [ -e "$copied/end" ]; do sleep 0.1; done
  [ ! -s "$copied/end" ] || fail "$(head -n 1 "$copied/end")"
  cat "$copied/databases" >"$work/databases"
}

# copied_databases: those that there is a copy of, a line each.
copied_databases() { awk -F '\t' '$2 == "check" { print $1 }' "$work/databases"; }

# beside: what SQLite keeps beside them, and they themselves: not for tar to read.
beside() { copied_databases | sed 'p; s/$/-wal/p; s/-wal$/-shm/p; s/-shm$/-journal/'; }

# add_databases FILE: the copies, to that tar, each with its original's owner.
add_databases() {
  local path owner
  [ -n "$copied" ] || return 0
  # Their folder is the application's, and whoever packs them may read everything: nothing in it leads elsewhere.
  [ -z "$(find "$copied/tree" ! -type f ! -type d -print -quit)" ] || fail "$copied holds something else than copies"
  # The copy is the application's, as was an original that has gone meanwhile.
  copied_databases | while read -r path; do
    printf '%s\t%s\n' "$(stat -c '%u:%g' "/$path" 2>/dev/null || stat -c '%u:%g' "$copied/tree/$path")" "$path"
  done >"$work/owners"
  cut -f 1 "$work/owners" | sort -u | while read -r owner; do
    sed -n "s/^$owner\t//p" "$work/owners" >"$work/owned"
    tar --append --file "$1" --format=gnu --sparse --owner=":${owner%:*}" --group=":${owner#*:}" --verbose --index-file="$work/added" \
      -C "$copied/tree" --verbatim-files-from --files-from "$work/owned" 2>"$work/tar.log" || fail "tar: $(head -n 1 "$work/tar.log")"
    cat "$work/added" >>"$work/entries"
  done
  drop_copies
}

# drop_copies: they are in the tar, or of no use any more.
drop_copies() {
  [ -z "$copied" ] || printf 'none\0\0' >"$asked"
  copied=''
}

# assert_no_others: a database that came while the folders were read may be torn.
assert_no_others() {
  local path
  find_databases >"$work/sqlite.now"
  while IFS= read -r -d '' path; do
    grep -qzxF -e "$path" "$work/sqlite" || fail "/$path came while the folders were read; the next run will do"
  done <"$work/sqlite.now"
}

# prove_databases SET: opens each copy, which must be as whole and have as many rows as the original had.
prove_databases() {
  local path
  of "$1" sqlite | awk -F '\t' '$2 != "as it is"' >"$work/expected"
  [ -s "$work/expected" ] || return 0
  cut -f 1 "$work/expected" | uniq >"$work/names"
  needs "$(tar --list --verbose --file "$1/files.tar" --verbatim-files-from --files-from "$work/names" 2>/dev/null | awk '{ n += $3 } END { printf "%d", n }')" \
    'to try the SQLite databases'
  mkdir "$work/tried"
  tar --extract --file "$1/files.tar" -C "$work/tried" --no-same-owner --verbatim-files-from --no-unquote --files-from "$work/names" \
    2>"$work/tar.log" || fail "files.tar: $(head -n 1 "$work/tar.log")"
  while read -r path; do
    mv -T "$work/tried/$path" "$work/tried/copy"
    chmod 600 "$work/tried/copy"
    tried_database "$path"
  done <"$work/names" >"$work/found"
  rm -rf "$work/tried"
  same "$work/expected" "$work/found" || fail "files.tar has other SQLite databases than there were: $difference"
}
# tried_database PATH: what copy-sqlite.sh tells of it, of the copy.
tried_database() (
  cd "$work/tried" && rm -f rows
  setpriv --ambient-caps -all sqlite3 -batch -bail -init /dev/null 'file:copy?immutable=1' \
    'PRAGMA trusted_schema = OFF' ".read $here/rows.sql" >log 2>&1 || head -n 1 log >rows
  awk -v path="$1" '{ print path "\trows\t" $0 }' rows
  printf '%s\tcheck\t%s\n' "$1" "$(setpriv --ambient-caps -all sqlite3 -batch -init /dev/null 'file:copy?immutable=1' ".read $here/check.sql" 2>&1 | head -n 1)"
)
