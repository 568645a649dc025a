# shellcheck shell=bash disable=SC2154 # variables of its callers
# Whether a set can be restored: tried with servers of its own, and compared with what its manifest says there was. Callers set
# work, here.

# of SET WORD: the manifest's columns after that word, a line each.
of() { sed -n "s/^$2\t//p" "$1/manifest"; }

# same EXPECTED FOUND: two files; otherwise difference says the first lines that are not.
same() {
  ! diff "$1" "$2" >"$work/diff" || return 0
  difference="$(line_of '<') before, $(line_of '>') in the copy"
  return 1
}
line_of() { grep -m 1 "^$1" "$work/diff" | cut -c 3- | tr '\t' ' ' || printf nothing; }

# prove_redis SET
prove_redis() {
  local expected
  expected=$(of "$1" keys)
  load "$1/redis.rdb"
  [ "$loaded" = "$expected" ] || fail "redis.rdb holds $loaded keys, the queue had $expected"
  of "$1" queue >"$work/expected"
  cut -f 1,2 "$work/expected" >"$work/names"
  digest_queues "$work/names" ask_scratch >"$work/found" || fail "redis.rdb: $(head -n 1 "$work/found")"
  same "$work/expected" "$work/found" || fail "redis.rdb has other jobs than the queue had: $difference"
  [ "$(ask_scratch eval "$(cat "$here/job.lua")" 0)" = 1 ] || fail 'redis.rdb: the Redis that loaded it takes no job'
  end_scratch
}

# prove_postgres SET [quick]: quick looks at the dump's table of contents alone.
prove_postgres() {
  [ -n "$(of "$1" database)" ] || return 0
  if [ "${2:-}" = quick ]; then
    "$pg/pg_restore" --list "$1/postgres.dump" >"$work/list" 2>&1 || fail "postgres.dump: $(head -n 1 "$work/list")"
    return 0
  fi
  restore_scratch "$1/postgres.dump"
  of "$1" rows >"$work/expected"
  same "$work/expected" "$work/restored" || fail "postgres.dump has other rows than the database had: $difference"
}

# prove_files SET [quick]: quick lists them, and opens no database of SQLite.
prove_files() {
  local expected found
  expected=$(of "$1" entries)
  if [ -n "$expected" ]; then
    found=$(tar --list --file "$1/files.tar" 2>"$work/tar.log" | wc -l) || fail "files.tar: $(head -n 1 "$work/tar.log")"
    [ "$found" = "$expected" ] || fail "files.tar has $found entries, $expected were put in"
    [ "${2:-}" = quick ] || prove_databases "$1"
  fi
  expected=$(of "$1" recipients)
  if [ -n "$expected" ]; then
    found=$(head -n 1 "$1/env.age")/$(grep -ac '^-> ssh-' "$1/env.age" || :)
    [ "$found" = "age-encryption.org/v1/$expected" ] ||
      fail "env.age is not what age made for $expected keys"
  fi
}

# prove SET [quick]: fails with the first thing that is wrong with it.
prove() {
  prove_redis "$1"
  prove_postgres "$@"
  prove_files "$@"
}

end_proof() {
  end_scratch
  end_scratch_pg
}
