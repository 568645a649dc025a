# Reads `CONFIG GET *` (a line for the key, a line for its value); prints what differs from the file `conf`,
# whose maxmemory is `limit` bytes.
NR % 2 { key = $0; next }
{ running[key] = $0 }
END {
  while ((getline line < conf) > 0) {
    if (line !~ /^[a-z]/) continue
    key = line
    sub(/ .*/, "", key)
    value = substr(line, length(key) + 2)
    if (value == "\"\"") value = ""
    if (key == "maxmemory") value = limit
    if (running[key] != value) printf "%s: expected \"%s\", got \"%s\"\n", key, value, running[key]
  }
}
